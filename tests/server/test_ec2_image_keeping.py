"""Images made of images and of disks, and what becomes of them: disabled, deprecated, protected."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.deadline import eventually
from tests.server.image_questions import code_of, launch, permissions, running, seen

pytestmark = pytest.mark.server


def test_a_launch_permission_gives_no_bytes(ec2: Any, eve: Any, private_image: str, their_id: str) -> None:
    copied = {"Name": "mine now", "SourceImageId": private_image, "SourceRegion": "eucalyptus"}
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Add": [{"UserId": their_id}]})
    assert code_of(eve.copy_image, **copied) == "InvalidRequest"
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Add": [{"Group": "all"}]})
    taken = eve.copy_image(**copied)["ImageId"]
    ec2.reset_image_attribute(ImageId=private_image, Attribute="launchPermission")
    assert permissions(ec2, private_image) == []
    assert code_of(eve.describe_images, ImageIds=[private_image]) == "InvalidAMIID.NotFound"
    [image] = eve.describe_images(ImageIds=[taken])["Images"]
    assert (image["SourceImageId"], image["SourceImageRegion"]) == (private_image, "eucalyptus")
    eve.deregister_image(ImageId=taken)


def test_a_copy_keeps_its_token_and_takes_tags_and_description_as_asked(ec2: Any, private_image: str) -> None:
    ec2.create_tags(Resources=[private_image], Tags=[{"Key": "tier", "Value": "web"}, {"Key": "of", "Value": "source"}])
    asked = {
        "Name": "copy", "SourceImageId": private_image, "SourceRegion": "eucalyptus", "ClientToken": "once",
        "CopyImageTags": True,
        "TagSpecifications": [{"ResourceType": "image", "Tags": [{"Key": "of", "Value": "copy"}]}],
    }  # fmt: skip
    copies = {ec2.copy_image(**asked)["ImageId"] for _ in range(2)}
    assert len(copies) == 1
    [image] = ec2.describe_images(ImageIds=list(copies))["Images"]
    assert {tag["Key"]: tag["Value"] for tag in image["Tags"]} == {"tier": "web", "of": "copy"}
    assert (image["State"], image["Description"], image["Name"]) == ("available", "of ours", "copy")
    assert seen(ec2, Filters=[{"Name": "source-image-id", "Values": ["a" + private_image[1:]]}]) == list(copies)
    assert seen(
        ec2, Filters=[{"Name": "source-image-region", "Values": ["euca*"]}, {"Name": "name", "Values": ["copy"]}]
    )
    assert code_of(ec2.copy_image, **{**asked, "Name": "other"}) == "IdempotentParameterMismatch"
    assert code_of(ec2.copy_image, **{**asked, "ClientToken": ""}) == "InvalidAMIName.Duplicate"
    assert code_of(ec2.copy_image, **{**asked, "ClientToken": "", "SourceRegion": "mars"}) == "InvalidParameterValue"
    assert code_of(ec2.copy_image, **asked, Encrypted=True) == "UnsupportedOperation"
    assert code_of(ec2.copy_image, **{**asked, "Name": "dry", "ClientToken": "z", "DryRun": True}) == "DryRunOperation"
    ec2.deregister_image(ImageId=image["ImageId"])


def test_what_an_image_was_copied_from_is_told_to_its_owner(ec2: Any, eve: Any, private_image: str) -> None:
    copied = ec2.copy_image(Name="public copy", SourceImageId=private_image, SourceRegion="eucalyptus")["ImageId"]
    ec2.modify_image_attribute(ImageId=copied, LaunchPermission={"Add": [{"Group": "all"}]})
    by_source = [{"Name": "source-image-id", "Values": [private_image]}]
    assert seen(ec2, Filters=by_source) == [copied]
    assert "SourceImageId" not in eve.describe_images(ImageIds=[copied])["Images"][0]
    assert seen(eve, Filters=by_source) == []
    ec2.deregister_image(ImageId=copied)


def test_a_stopped_instance_s_disk_becomes_an_image_that_is_launched(ec2: Any, eve: Any, image_id: str) -> None:
    quickly = {"Delay": 1, "MaxAttempts": 30}
    source = {"InstanceId": launch(ec2, image_id)}
    eventually(lambda: running(ec2, source["InstanceId"]))
    made = {**source, "Name": "captured", "Description": "of a disk", "NoReboot": True}
    assert code_of(ec2.create_image, **made) == "UnsupportedOperation"
    ec2.stop_instances(InstanceIds=[source["InstanceId"]])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[source["InstanceId"]], WaiterConfig=quickly)
    assert code_of(ec2.create_image, **made, DryRun=True) == "DryRunOperation"
    assert code_of(eve.create_image, **made) == "InvalidInstanceID.NotFound"
    tagged = {"TagSpecifications": [{"ResourceType": "image", "Tags": [{"Key": "of", "Value": "disk"}]}]}
    captured = ec2.create_image(**made, **tagged)["ImageId"]
    assert code_of(ec2.create_image, **made) == "InvalidAMIName.Duplicate"
    ec2.get_waiter("image_available").wait(ImageIds=[captured], WaiterConfig=quickly)
    found = ec2.describe_images(Filters=[{"Name": "source-instance-id", "Values": [source["InstanceId"]]}])["Images"]
    assert [(image["ImageId"], image["Tags"]) for image in found] == [(captured, [{"Key": "of", "Value": "disk"}])]
    original = ec2.describe_images(ImageIds=[image_id])["Images"][0]
    assert [found[0].get(part) for part in ("KernelId", "RamdiskId", "Public", "SourceInstanceId")] == [
        original["KernelId"],
        original["RamdiskId"],
        False,
        source["InstanceId"],
    ]
    copy_id = launch(ec2, captured)
    ec2.start_instances(InstanceIds=[source["InstanceId"]])
    eventually(lambda: running(ec2, copy_id) and running(ec2, source["InstanceId"]))
    ec2.terminate_instances(InstanceIds=[copy_id, source["InstanceId"]])
    assert code_of(ec2.create_image, **made) == "InvalidAMIName.Duplicate"
    ec2.deregister_image(ImageId=captured)
    assert code_of(ec2.create_image, **made) == "IncorrectInstanceState"


def test_a_disabled_image_loses_its_permissions_and_is_launched_by_nobody(
    ec2: Any, eve: Any, private_image: str, their_id: str
) -> None:
    ec2.modify_image_attribute(
        ImageId=private_image, LaunchPermission={"Add": [{"Group": "all"}, {"UserId": their_id}]}
    )
    assert private_image in seen(eve)
    for _ in range(2):
        assert ec2.disable_image(ImageId=private_image)["Return"]
    assert code_of(eve.describe_images, ImageIds=[private_image], IncludeDisabled=True) == "InvalidAMIID.NotFound"
    assert private_image not in seen(ec2)
    [image] = ec2.describe_images(ImageIds=[private_image], IncludeDisabled=True)["Images"]
    assert (image["State"], image["Public"]) == ("disabled", False)
    assert seen(ec2, IncludeDisabled=True, Filters=[{"Name": "state", "Values": ["disabled"]}]) == [private_image]
    assert code_of(ec2.run_instances, ImageId=private_image, MinCount=1, MaxCount=1) == "InvalidAMIID.Unavailable"
    grant = {"LaunchPermission": {"Add": [{"Group": "all"}]}}
    assert code_of(ec2.modify_image_attribute, ImageId=private_image, **grant) == "InvalidAMIID.Unavailable"
    ec2.enable_image(ImageId=private_image)
    assert permissions(ec2, private_image) == []
    assert private_image in seen(ec2)


def test_a_deprecation_is_shown_to_the_minute_and_taken_back(ec2: Any, eve: Any, private_image: str) -> None:
    far = datetime.now(UTC) + timedelta(days=300)
    ec2.enable_image_deprecation(ImageId=private_image, DeprecateAt=far)
    [image] = ec2.describe_images(ImageIds=[private_image])["Images"]
    shown = datetime.fromisoformat(image["DeprecationTime"])
    assert abs(shown - far) <= timedelta(seconds=30)
    assert (shown.second, shown.microsecond) == (0, 0)
    past, never = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(days=3655)
    for bad in (past, never):
        assert code_of(ec2.enable_image_deprecation, ImageId=private_image, DeprecateAt=bad) == "InvalidParameterValue"
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Add": [{"Group": "all"}]})
    assert private_image in seen(eve)
    ec2.disable_image_deprecation(ImageId=private_image)
    assert "DeprecationTime" not in ec2.describe_images(ImageIds=[private_image])["Images"][0]


def test_a_protected_image_is_not_deregistered(ec2: Any, location: str) -> None:
    image = {"ImageId": ec2.register_image(Name="protected", ImageLocation=location)["ImageId"]}
    ec2.enable_image_deregistration_protection(**image)
    assert code_of(ec2.deregister_image, **image) == "OperationNotPermitted"
    [shown] = ec2.describe_images(ImageIds=[image["ImageId"]])["Images"]
    assert shown["DeregistrationProtection"] == "enabled-without-cooldown"
    assert ec2.disable_image_deregistration_protection(**image)["Return"] == "true"
    ec2.deregister_image(**image)
    assert code_of(ec2.deregister_image, **image) == "InvalidAMIID.NotFound"


def test_what_is_made_of_stored_images_is_refused(ec2: Any) -> None:
    assert code_of(ec2.create_store_image_task, ImageId="ami-12345678", Bucket="mine") == "UnsupportedOperation"


def test_a_running_instance_comes_back_from_its_image_being_made(ec2: Any, image_id: str) -> None:
    source = {"InstanceId": launch(ec2, image_id)}
    eventually(lambda: running(ec2, source["InstanceId"]))
    made = [ec2.create_image(**source, Name=f"of one that runs {n}")["ImageId"] for n in range(2)]
    for image in made:
        ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert running(ec2, source["InstanceId"])
    eventually(lambda: ec2.get_console_output(**source).get("Output"))
    ec2.terminate_instances(InstanceIds=[source["InstanceId"]])
    for image in made:
        ec2.deregister_image(ImageId=image)


def test_volumes_are_left_out_of_an_image_by_name_or_not_at_all(ec2: Any, image_id: str) -> None:
    source = {"InstanceId": launch(ec2, image_id), "Name": "without volume"}
    instance_id = source["InstanceId"]
    eventually(lambda: running(ec2, instance_id))
    ec2.stop_instances(InstanceIds=[instance_id])
    quickly = {"Delay": 1, "MaxAttempts": 30}
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance_id], WaiterConfig=quickly)
    zone = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]["Placement"]
    volume = {"VolumeId": ec2.create_volume(AvailabilityZone=zone["AvailabilityZone"], Size=1)["VolumeId"]}
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume["VolumeId"]], WaiterConfig=quickly)
    ec2.attach_volume(**volume, InstanceId=instance_id, Device="/dev/sdf")
    assert code_of(ec2.create_image, **source) == "UnsupportedOperation"
    other = [{"DeviceName": "/dev/sdg", "NoDevice": ""}]
    assert code_of(ec2.create_image, **source, BlockDeviceMappings=other) == "UnsupportedOperation"
    added = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 2}}]
    assert code_of(ec2.create_image, **source, BlockDeviceMappings=added) in (
        "MissingParameter",
        "UnsupportedOperation",
    )
    left_out = [{"DeviceName": "xvdf", "NoDevice": ""}]
    made = ec2.create_image(**source, BlockDeviceMappings=left_out)["ImageId"]
    eventually(lambda: ec2.describe_images(ImageIds=[made])["Images"][0]["State"] == "available")
    ec2.deregister_image(ImageId=made)
    ec2.terminate_instances(InstanceIds=[instance_id])
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume["VolumeId"]], WaiterConfig=quickly)
    ec2.delete_volume(**volume)


def test_tags_for_the_snapshots_of_an_image_that_has_none_are_taken(ec2: Any, image_id: str) -> None:
    """Ansible's ec2_ami tags the image and its snapshots in one request."""
    instance = launch(ec2, image_id)
    eventually(lambda: running(ec2, instance))
    tagged = [{"ResourceType": one, "Tags": [{"Key": "tier", "Value": "web"}]} for one in ("image", "snapshot")]
    made = ec2.create_image(InstanceId=instance, Name="tagged twice", TagSpecifications=tagged)["ImageId"]
    eventually(lambda: seen(ec2, Filters=[{"Name": "state", "Values": ["available"]}], ImageIds=[made]) == [made])
    copied = {"Name": "a copy of it", "SourceImageId": made, "SourceRegion": "eucalyptus"}
    copy = ec2.copy_image(**copied, TagSpecifications=tagged)["ImageId"]
    assert [one["Tags"] for one in ec2.describe_images(ImageIds=[made, copy])["Images"]] == [tagged[0]["Tags"]] * 2
    for refused in ("instance", ""):
        other = [{"ResourceType": refused, "Tags": [{"Key": "tier", "Value": "web"}]}]
        assert (
            code_of(ec2.copy_image, **{**copied, "Name": "other"}, TagSpecifications=other) == "InvalidParameterValue"
        )
    for one in (made, copy):
        ec2.deregister_image(ImageId=one)
    ec2.terminate_instances(InstanceIds=[instance])
