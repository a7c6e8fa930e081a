"""Images between two accounts: who may see, launch, copy and change them, told by boto3, boto 2.49 and the aws CLI."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server
AWS = Path(sys.executable).with_name("aws")


@pytest.fixture
def eve(stranger: dict[str, str]) -> Any:
    return ec2_client(stranger)


@pytest.fixture
def location(ec2: Any) -> str:
    found = ec2.describe_images(
        Filters=[{"Name": "image-type", "Values": ["machine"]}, {"Name": "name", "Values": ["*"]}]
    )
    place: str = found["Images"][0]["ImageLocation"]
    return place


@pytest.fixture
def private(ec2: Any, location: str) -> Iterator[str]:
    image_id: str = ec2.register_image(Name="shared", ImageLocation=location, Description="of ours")["ImageId"]
    yield image_id
    ec2.deregister_image(ImageId=image_id)


@pytest.fixture
def their_id(stranger: dict[str, str]) -> str:
    return stranger["EC2_USER_ID"]


def code_of(call: Callable[..., Any], **asked: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**asked)
    code: str = refused.value.response["Error"]["Code"]
    return code


def seen(ec2: Any, **asked: Any) -> list[str]:
    return [image["ImageId"] for image in ec2.describe_images(**asked)["Images"]]


def permissions(ec2: Any, image_id: str) -> list[dict[str, str]]:
    told: list[dict[str, str]] = ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")[
        "LaunchPermissions"
    ]
    return told


def launch(ec2: Any, image_id: str) -> str:
    run = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, InstanceType="m1.small")
    instance_id: str = run["Instances"][0]["InstanceId"]
    return instance_id


def running(ec2: Any, instance_id: str) -> bool:
    [found] = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    state: str = found["Instances"][0]["State"]["Name"]
    return state == "running"


def test_a_granted_image_is_launched_until_it_is_revoked_and_what_runs_goes_on(
    ec2: Any, eve: Any, private: str, their_id: str
) -> None:
    assert code_of(eve.describe_images, ImageIds=[private]) == "InvalidAMIID.NotFound"
    assert code_of(eve.run_instances, ImageId=private, MinCount=1, MaxCount=1) == "InvalidAMIID.NotFound"
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"UserId": their_id}]})
    assert permissions(ec2, private) == [{"UserId": their_id}]
    [image] = eve.describe_images(ImageIds=[private])["Images"]
    assert (image["Public"], image["OwnerId"] == their_id) == (False, False)
    instance_id = launch(eve, private)
    eventually(lambda: running(eve, instance_id))
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Remove": [{"UserId": their_id}]})
    assert code_of(eve.run_instances, ImageId=private, MinCount=1, MaxCount=1) == "InvalidAMIID.NotFound"
    assert private not in seen(eve)
    assert running(eve, instance_id)
    eve.stop_instances(InstanceIds=[instance_id])
    eve.get_waiter("instance_stopped").wait(InstanceIds=[instance_id], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    eve.start_instances(InstanceIds=[instance_id])
    eventually(lambda: running(eve, instance_id))
    eve.terminate_instances(InstanceIds=[instance_id])


def test_executable_by_asks_for_explicit_permissions(ec2: Any, eve: Any, private: str, their_id: str) -> None:
    own_id = ec2.describe_images(ImageIds=[private])["Images"][0]["OwnerId"]
    public = next(image["ImageId"] for image in ec2.describe_images(ExecutableUsers=["all"])["Images"])
    assert private not in seen(ec2, ExecutableUsers=["all"])
    assert seen(ec2, ExecutableUsers=["self"]) == []
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"UserId": their_id}]})
    assert seen(eve, ExecutableUsers=["self"]) == [private]
    assert seen(eve, ExecutableUsers=[their_id]) == [private]
    assert seen(ec2, ExecutableUsers=[their_id]) == [private]
    assert public in seen(eve, ExecutableUsers=["self", "all"])
    assert seen(eve, ExecutableUsers=[own_id]) == []
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"UserId": own_id}]})
    assert seen(eve, ExecutableUsers=[own_id]) == [], "who else may launch is the owner's to know"
    assert seen(eve, ExecutableUsers=["999999999999"]) == []
    assert code_of(eve.describe_images, ExecutableUsers=["eve"]) == "InvalidUserID.Malformed"


def test_owners_are_accounts_or_words_of_amazon(ec2: Any, private: str) -> None:
    own_id = ec2.describe_images(ImageIds=[private])["Images"][0]["OwnerId"]
    assert private in seen(ec2, Owners=["self"])
    assert private in seen(ec2, Owners=["amazon", own_id])
    assert seen(ec2, Owners=["amazon", "aws-marketplace", "999999999999"]) == []
    assert code_of(ec2.describe_images, Owners=["ana"]) == "InvalidUserID.Malformed"


def test_only_the_owner_knows_and_changes_who_may_launch(ec2: Any, eve: Any, private: str, their_id: str) -> None:
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"UserId": their_id}]})
    told = eve.describe_image_attribute(ImageId=private, Attribute="description")
    assert told["Description"] == {"Value": "of ours"}
    grant = {"LaunchPermission": {"Add": [{"Group": "all"}]}}
    assert code_of(eve.describe_image_attribute, ImageId=private, Attribute="launchPermission") == "AuthFailure"
    assert code_of(eve.modify_image_attribute, ImageId=private, **grant) == "AuthFailure"
    assert code_of(eve.reset_image_attribute, ImageId=private, Attribute="launchPermission") == "AuthFailure"
    assert code_of(eve.disable_image, ImageId=private) == "AuthFailure"
    assert code_of(eve.deregister_image, ImageId=private) == "AuthFailure"
    assert permissions(ec2, private) == [{"UserId": their_id}]


def test_a_launch_permission_gives_no_bytes(ec2: Any, eve: Any, private: str, their_id: str) -> None:
    copied = {"Name": "mine now", "SourceImageId": private, "SourceRegion": "eucalyptus"}
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"UserId": their_id}]})
    assert code_of(eve.copy_image, **copied) == "InvalidRequest"
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"Group": "all"}]})
    taken = eve.copy_image(**copied)["ImageId"]
    ec2.reset_image_attribute(ImageId=private, Attribute="launchPermission")
    assert permissions(ec2, private) == []
    assert code_of(eve.describe_images, ImageIds=[private]) == "InvalidAMIID.NotFound"
    [image] = eve.describe_images(ImageIds=[taken])["Images"]
    assert (image["SourceImageId"], image["SourceImageRegion"]) == (private, "eucalyptus")
    eve.deregister_image(ImageId=taken)


def test_the_spellings_of_2008_share_an_image_too(ec2: Any, private: str, their_id: str) -> None:
    old = {"ImageId": private, "Attribute": "launchPermission"}
    ec2.modify_image_attribute(**old, OperationType="add", UserIds=[their_id], UserGroups=["all"])
    ec2.modify_image_attribute(**old, OperationType="add", UserIds=[their_id])
    assert permissions(ec2, private) == [{"Group": "all"}, {"UserId": their_id}]
    assert ec2.describe_images(ImageIds=[private])["Images"][0]["Public"]
    for _ in range(2):  # taking what nobody has is no error
        ec2.modify_image_attribute(ImageId=private, OperationType="remove", UserGroups=["all"])
    assert permissions(ec2, private) == [{"UserId": their_id}]
    assert not ec2.describe_images(ImageIds=[private])["Images"][0]["Public"]


def test_a_change_that_makes_no_sense_is_refused_and_changes_nothing(ec2: Any, private: str, their_id: str) -> None:
    def refused(**asked: Any) -> str:
        return code_of(ec2.modify_image_attribute, ImageId=private, **asked)

    add = {"Attribute": "launchPermission", "OperationType": "add"}
    assert refused(**add, UserIds=["999999999999"]) == "InvalidAMIAttributeItemValue"
    assert refused(**add, UserIds=[their_id, " "]) == "InvalidAMIAttributeItemValue"
    assert refused(**add, UserGroups=["some"]) == "InvalidAMIAttributeItemValue"
    assert refused(**add, UserIds=[their_id], Description={"Value": "x"}) == "InvalidParameterCombination"
    assert refused(**add, UserIds=[their_id], Value="x") == "InvalidParameterCombination"
    assert refused(**add) == "InvalidParameterCombination"
    assert refused(Attribute="launchPermission", UserIds=[their_id]) == "MissingParameter"
    assert refused(Attribute="description") == "MissingParameter"
    assert refused() == "MissingParameter"
    assert refused(**{**add, "OperationType": "toggle"}, UserIds=[their_id]) == "InvalidParameterValue"
    assert refused(Attribute="kernel", Value="eki-12345678") == "UnsupportedOperation"
    assert refused(ImdsSupport={"Value": "v2.0"}) == "UnsupportedOperation"
    assert refused(LaunchPermission={"Add": [{"OrganizationArn": "arn:x"}]}) == "UnsupportedOperation"
    assert refused(Description={"Value": "x" * 256}) == "InvalidParameterValue"
    granted = {"LaunchPermission": {"Add": [{"UserId": their_id}]}}
    assert refused(**granted, DryRun=True) == "DryRunOperation"
    assert code_of(ec2.reset_image_attribute, ImageId=private, Attribute="description") == "InvalidParameterValue"
    assert code_of(ec2.describe_image_attribute, ImageId=private, Attribute="colour") == "InvalidParameterValue"
    assert permissions(ec2, private) == []
    assert ec2.describe_images(ImageIds=[private])["Images"][0]["Description"] == "of ours"


def test_a_description_changes_in_both_spellings(ec2: Any, private: str) -> None:
    ec2.modify_image_attribute(ImageId=private, Attribute="description", Value="old way")
    assert seen(ec2, Filters=[{"Name": "description", "Values": ["old*"]}]) == [private]
    ec2.modify_image_attribute(ImageId=private, Description={"Value": "new way"})
    told = ec2.describe_image_attribute(ImageId=private, Attribute="description")
    assert told["Description"] == {"Value": "new way"}


def test_product_codes_are_shown_found_and_confirmed_by_their_owner(ec2: Any, eve: Any, private: str) -> None:
    code = {"Attribute": "productCodes", "ProductCodes": ["774F4FF8"]}
    ec2.modify_image_attribute(ImageId=private, OperationType="add", **code)
    shown = [{"ProductCodeId": "774F4FF8", "ProductCodeType": "devpay"}]
    assert ec2.describe_image_attribute(ImageId=private, Attribute="productCodes")["ProductCodes"] == shown
    assert seen(ec2, Filters=[{"Name": "product-code", "Values": ["774F*"]}]) == [private]
    assert seen(ec2, Filters=[{"Name": "product-code.type", "Values": ["devpay"]}]) == [private]
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"Group": "all"}]})
    instance_id = launch(eve, private)
    found = eve.describe_instances(Filters=[{"Name": "product-code", "Values": ["774F4FF8"]}])["Reservations"]
    assert found[0]["Instances"][0]["ProductCodes"] == shown
    confirmed = ec2.confirm_product_instance(InstanceId=instance_id, ProductCode="774F4FF8")
    assert (confirmed["Return"], confirmed["OwnerId"]) == (True, found[0]["OwnerId"])
    assert not eve.confirm_product_instance(InstanceId=instance_id, ProductCode="other")["Return"]
    eve.terminate_instances(InstanceIds=[instance_id])
    ec2.modify_image_attribute(ImageId=private, OperationType="remove", **code)
    assert ec2.describe_images(ImageIds=[private])["Images"][0]["ProductCodes"] == []
    bad = {"Attribute": "productCodes", "OperationType": "add", "ProductCodes": ["<b>"]}
    assert code_of(ec2.modify_image_attribute, ImageId=private, **bad) == "InvalidAMIAttributeItemValue"


def test_devices_are_shown_as_registered_and_what_adds_a_disk_is_refused(ec2: Any, location: str) -> None:
    def mapped(*devices: dict[str, Any]) -> dict[str, Any]:
        return {"Name": "mapped", "ImageLocation": location, "BlockDeviceMappings": list(devices)}

    root, extra = (
        {"DeviceName": "sda1", "VirtualName": "ami"},
        {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
    )
    image_id = ec2.register_image(**mapped(root, extra), RootDeviceName="/dev/sda1", VirtualizationType="hvm")[
        "ImageId"
    ]
    assert ec2.describe_images(ImageIds=[image_id])["Images"][0]["BlockDeviceMappings"] == [extra]
    whole = ec2.describe_image_attribute(ImageId=image_id, Attribute="blockDeviceMapping")["BlockDeviceMappings"]
    assert whole == [root, {"DeviceName": "/dev/sda1", "VirtualName": "root"}, extra]
    by_device = {"Name": "block-device-mapping.device-name", "Values": ["/dev/sd?"]}
    assert seen(ec2, Filters=[by_device]) == [image_id]
    ec2.deregister_image(ImageId=image_id)
    volume = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}
    assert code_of(ec2.register_image, **mapped(volume)) == "UnsupportedOperation"
    for bad in ({"DeviceName": "/dev/sdb", "VirtualName": "ephemeral24"}, {**extra, "DeviceName": "../etc"}):
        assert code_of(ec2.register_image, **mapped(bad)) == "InvalidParameterValue"
    assert code_of(ec2.register_image, **mapped({"DeviceName": "/dev/sdb"})) == "MissingParameter"
    assert code_of(ec2.register_image, **mapped(extra, extra)) == "InvalidParameterValue"


def test_a_copy_keeps_its_token_and_takes_tags_and_description_as_asked(ec2: Any, private: str) -> None:
    ec2.create_tags(Resources=[private], Tags=[{"Key": "tier", "Value": "web"}, {"Key": "of", "Value": "source"}])
    asked = {
        "Name": "copy", "SourceImageId": private, "SourceRegion": "eucalyptus", "ClientToken": "once",
        "CopyImageTags": True,
        "TagSpecifications": [{"ResourceType": "image", "Tags": [{"Key": "of", "Value": "copy"}]}],
    }  # fmt: skip
    copies = {ec2.copy_image(**asked)["ImageId"] for _ in range(2)}
    assert len(copies) == 1
    [image] = ec2.describe_images(ImageIds=list(copies))["Images"]
    assert {tag["Key"]: tag["Value"] for tag in image["Tags"]} == {"tier": "web", "of": "copy"}
    assert (image["State"], image["Description"], image["Name"]) == ("available", "of ours", "copy")
    assert seen(ec2, Filters=[{"Name": "source-image-id", "Values": ["a" + private[1:]]}]) == list(copies)
    assert seen(
        ec2, Filters=[{"Name": "source-image-region", "Values": ["euca*"]}, {"Name": "name", "Values": ["copy"]}]
    )
    assert code_of(ec2.copy_image, **{**asked, "Name": "other"}) == "IdempotentParameterMismatch"
    assert code_of(ec2.copy_image, **{**asked, "ClientToken": ""}) == "InvalidAMIName.Duplicate"
    assert code_of(ec2.copy_image, **{**asked, "ClientToken": "", "SourceRegion": "mars"}) == "InvalidParameterValue"
    assert code_of(ec2.copy_image, **asked, Encrypted=True) == "UnsupportedOperation"
    assert code_of(ec2.copy_image, **{**asked, "Name": "dry", "ClientToken": "z", "DryRun": True}) == "DryRunOperation"
    ec2.deregister_image(ImageId=image["ImageId"])


def test_what_an_image_was_copied_from_is_told_to_its_owner(ec2: Any, eve: Any, private: str) -> None:
    copied = ec2.copy_image(Name="public copy", SourceImageId=private, SourceRegion="eucalyptus")["ImageId"]
    ec2.modify_image_attribute(ImageId=copied, LaunchPermission={"Add": [{"Group": "all"}]})
    by_source = [{"Name": "source-image-id", "Values": [private]}]
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
    ec2: Any, eve: Any, private: str, their_id: str
) -> None:
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"Group": "all"}, {"UserId": their_id}]})
    assert private in seen(eve)
    for _ in range(2):
        assert ec2.disable_image(ImageId=private)["Return"]
    assert code_of(eve.describe_images, ImageIds=[private], IncludeDisabled=True) == "InvalidAMIID.NotFound"
    assert private not in seen(ec2)
    [image] = ec2.describe_images(ImageIds=[private], IncludeDisabled=True)["Images"]
    assert (image["State"], image["Public"]) == ("disabled", False)
    assert seen(ec2, IncludeDisabled=True, Filters=[{"Name": "state", "Values": ["disabled"]}]) == [private]
    assert code_of(ec2.run_instances, ImageId=private, MinCount=1, MaxCount=1) == "InvalidAMIID.Unavailable"
    grant = {"LaunchPermission": {"Add": [{"Group": "all"}]}}
    assert code_of(ec2.modify_image_attribute, ImageId=private, **grant) == "InvalidAMIID.Unavailable"
    ec2.enable_image(ImageId=private)
    assert permissions(ec2, private) == []
    assert private in seen(ec2)


def test_a_deprecation_is_shown_to_the_minute_and_taken_back(ec2: Any, eve: Any, private: str) -> None:
    far = datetime.now(UTC) + timedelta(days=300)
    ec2.enable_image_deprecation(ImageId=private, DeprecateAt=far)
    [image] = ec2.describe_images(ImageIds=[private])["Images"]
    shown = datetime.fromisoformat(image["DeprecationTime"])
    assert abs(shown - far) <= timedelta(seconds=30)
    assert (shown.second, shown.microsecond) == (0, 0)
    past, never = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(days=3655)
    for bad in (past, never):
        assert code_of(ec2.enable_image_deprecation, ImageId=private, DeprecateAt=bad) == "InvalidParameterValue"
    ec2.modify_image_attribute(ImageId=private, LaunchPermission={"Add": [{"Group": "all"}]})
    assert private in seen(eve)
    ec2.disable_image_deprecation(ImageId=private)
    assert "DeprecationTime" not in ec2.describe_images(ImageIds=[private])["Images"][0]


def test_a_protected_image_is_not_deregistered(ec2: Any, location: str) -> None:
    image = {"ImageId": ec2.register_image(Name="protected", ImageLocation=location)["ImageId"]}
    ec2.enable_image_deregistration_protection(**image)
    assert code_of(ec2.deregister_image, **image) == "OperationNotPermitted"
    [shown] = ec2.describe_images(ImageIds=[image["ImageId"]])["Images"]
    assert shown["DeregistrationProtection"] == "enabled-without-cooldown"
    assert ec2.disable_image_deregistration_protection(**image)["Return"] == "true"
    ec2.deregister_image(**image)
    assert code_of(ec2.deregister_image, **image) == "InvalidAMIID.NotFound"


def test_images_are_paged_each_once(ec2: Any, private: str) -> None:
    pages = list(ec2.get_paginator("describe_images").paginate(PaginationConfig={"PageSize": 1}))
    paged = [image["ImageId"] for page in pages for image in page["Images"]]
    assert sorted(paged) == sorted(seen(ec2))
    assert len(pages) >= 3
    assert private in paged


def test_boto_2_shares_an_image(cloud: ServedCloud, admin: dict[str, str], private: str, their_id: str) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.server.boto2_images", cloud.url, private, their_id]
    environment = {**os.environ, **admin}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "shared"


def test_the_aws_command_shares_an_image(admin: dict[str, str], private: str, their_id: str) -> None:
    def aws(*arguments: str) -> Any:
        command = [str(AWS), "ec2", *arguments, "--image-id", private, "--output", "json"]
        done = subprocess.run(
            command, env={**os.environ, **admin}, capture_output=True, text=True, timeout=120, check=True
        )
        return json.loads(done.stdout or "{}")

    aws("modify-image-attribute", "--launch-permission", f"Add=[{{UserId={their_id}}},{{Group=all}}]")
    told = aws("describe-image-attribute", "--attribute", "launchPermission")
    assert told["LaunchPermissions"] == [{"Group": "all"}, {"UserId": their_id}]
    old = ("--attribute", "launchPermission", "--operation-type", "remove")
    aws("modify-image-attribute", *old, "--user-ids", their_id, "--user-groups", "all")
    assert aws("describe-image-attribute", "--attribute", "launchPermission")["LaunchPermissions"] == []


def test_an_operator_shares_an_image_by_command(cloud: ServedCloud, ec2: Any, private: str, their_id: str) -> None:
    told = cloud.euca("image", "share", private, "--account", "strangers").stdout
    assert told == f"image {private} may be launched by {their_id}\n"
    assert permissions(ec2, private) == [{"UserId": their_id}]
    assert "everybody" in cloud.euca("image", "share", private, "--public").stdout
    shown = json.loads(cloud.euca("image", "share", private, "--private", "--json").stdout)
    assert (shown["public"], shown["granted_to"]) == (False, [their_id])
    assert "its owner" in cloud.euca("image", "share", private, "--account", their_id, "--remove").stdout
    assert permissions(ec2, private) == []
    refused = cloud.euca("image", "share", private, "--account", "nobodys", check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "nobodys" in refused.stderr


def test_what_is_made_of_stored_images_is_refused(raw: RawEc2) -> None:
    refused = raw.ask("CreateStoreImageTask", ImageId="ami-12345678", Bucket="b")
    assert (refused.status, refused.code) == (400, "UnsupportedOperation")
