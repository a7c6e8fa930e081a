"""Who may see and launch images, and who changes that: told by boto3, boto 2.49 and the aws CLI."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.image_questions import code_of, launch, permissions, running, seen
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server
AWS = Path(sys.executable).with_name("aws")


@pytest.fixture
def old(admin: dict[str, str]) -> Iterator[RawEc2]:
    with closing(RawEc2(admin)) as signed:
        yield signed


def test_a_granted_image_is_launched_until_it_is_revoked_and_what_runs_goes_on(
    ec2: Any, eve: Any, private_image: str, their_id: str
) -> None:
    assert code_of(eve.describe_images, ImageIds=[private_image]) == "InvalidAMIID.NotFound"
    assert code_of(eve.run_instances, ImageId=private_image, MinCount=1, MaxCount=1) == "InvalidAMIID.NotFound"
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Add": [{"UserId": their_id}]})
    assert permissions(ec2, private_image) == [{"UserId": their_id}]
    [image] = eve.describe_images(ImageIds=[private_image])["Images"]
    assert (image["Public"], image["OwnerId"] == their_id) == (False, False)
    instance_id = launch(eve, private_image)
    eventually(lambda: running(eve, instance_id))
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Remove": [{"UserId": their_id}]})
    assert code_of(eve.run_instances, ImageId=private_image, MinCount=1, MaxCount=1) == "InvalidAMIID.NotFound"
    assert private_image not in seen(eve)
    assert running(eve, instance_id)
    eve.stop_instances(InstanceIds=[instance_id])
    eve.get_waiter("instance_stopped").wait(InstanceIds=[instance_id], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    eve.start_instances(InstanceIds=[instance_id])
    eventually(lambda: running(eve, instance_id))
    eve.terminate_instances(InstanceIds=[instance_id])


def test_executable_by_asks_for_explicit_permissions(ec2: Any, eve: Any, private_image: str, their_id: str) -> None:
    own_id = ec2.describe_images(ImageIds=[private_image])["Images"][0]["OwnerId"]
    public = next(image["ImageId"] for image in ec2.describe_images(ExecutableUsers=["all"])["Images"])
    assert private_image not in seen(ec2, ExecutableUsers=["all"])
    assert seen(ec2, ExecutableUsers=["self"]) == []
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Add": [{"UserId": their_id}]})
    assert seen(eve, ExecutableUsers=["self"]) == [private_image]
    assert seen(eve, ExecutableUsers=[their_id]) == [private_image]
    assert seen(ec2, ExecutableUsers=[their_id]) == [private_image]
    assert public in seen(eve, ExecutableUsers=["self", "all"])
    assert seen(eve, ExecutableUsers=[own_id]) == []
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Add": [{"UserId": own_id}]})
    assert seen(eve, ExecutableUsers=[own_id]) == [], "who else may launch is the owner's to know"
    assert seen(eve, ExecutableUsers=["999999999999"]) == []
    assert code_of(eve.describe_images, ExecutableUsers=["eve"]) == "InvalidUserID.Malformed"


def test_owners_are_accounts_or_words_of_amazon(ec2: Any, private_image: str) -> None:
    own_id = ec2.describe_images(ImageIds=[private_image])["Images"][0]["OwnerId"]
    assert private_image in seen(ec2, Owners=["self"])
    assert private_image in seen(ec2, Owners=["amazon", own_id])
    assert seen(ec2, Owners=["amazon", "aws-marketplace", "999999999999"]) == []
    assert code_of(ec2.describe_images, Owners=["ana"]) == "InvalidUserID.Malformed"


def test_only_the_owner_knows_and_changes_who_may_launch(ec2: Any, eve: Any, private_image: str, their_id: str) -> None:
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Add": [{"UserId": their_id}]})
    told = eve.describe_image_attribute(ImageId=private_image, Attribute="description")
    assert told["Description"] == {"Value": "of ours"}
    grant = {"LaunchPermission": {"Add": [{"Group": "all"}]}}
    assert code_of(eve.describe_image_attribute, ImageId=private_image, Attribute="launchPermission") == "AuthFailure"
    assert code_of(eve.modify_image_attribute, ImageId=private_image, **grant) == "AuthFailure"
    assert code_of(eve.reset_image_attribute, ImageId=private_image, Attribute="launchPermission") == "AuthFailure"
    for change in (
        eve.disable_image,
        eve.enable_image,
        eve.disable_image_deprecation,
        eve.enable_image_deregistration_protection,
        eve.disable_image_deregistration_protection,
        eve.deregister_image,
    ):
        assert code_of(change, ImageId=private_image) == "AuthFailure"
    later = {"DeprecateAt": "2090-01-01T00:00:00Z"}
    assert code_of(eve.enable_image_deprecation, ImageId=private_image, **later) == "AuthFailure"
    assert permissions(ec2, private_image) == [{"UserId": their_id}]


def test_the_spellings_of_2008_share_an_image_too(ec2: Any, private_image: str, their_id: str) -> None:
    old = {"ImageId": private_image, "Attribute": "launchPermission"}
    ec2.modify_image_attribute(**old, OperationType="add", UserIds=[their_id], UserGroups=["all"])
    ec2.modify_image_attribute(**old, OperationType="add", UserIds=[their_id])
    assert permissions(ec2, private_image) == [{"Group": "all"}, {"UserId": their_id}]
    assert ec2.describe_images(ImageIds=[private_image])["Images"][0]["Public"]
    for _ in range(2):  # taking what nobody has is no error
        ec2.modify_image_attribute(ImageId=private_image, OperationType="remove", UserGroups=["all"])
    assert permissions(ec2, private_image) == [{"UserId": their_id}]
    assert not ec2.describe_images(ImageIds=[private_image])["Images"][0]["Public"]


def test_a_change_that_makes_no_sense_is_refused_and_changes_nothing(
    ec2: Any, private_image: str, their_id: str
) -> None:
    def refused(**asked: Any) -> str:
        return code_of(ec2.modify_image_attribute, ImageId=private_image, **asked)

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
    assert code_of(ec2.reset_image_attribute, ImageId=private_image, Attribute="description") == "InvalidParameterValue"
    assert code_of(ec2.describe_image_attribute, ImageId=private_image, Attribute="colour") == "InvalidParameterValue"
    assert permissions(ec2, private_image) == []
    assert ec2.describe_images(ImageIds=[private_image])["Images"][0]["Description"] == "of ours"


def test_a_description_changes_in_both_spellings(ec2: Any, private_image: str) -> None:
    ec2.modify_image_attribute(ImageId=private_image, Attribute="description", Value="old way")
    assert seen(ec2, Filters=[{"Name": "description", "Values": ["old*"]}]) == [private_image]
    ec2.modify_image_attribute(ImageId=private_image, Description={"Value": "new way"})
    told = ec2.describe_image_attribute(ImageId=private_image, Attribute="description")
    assert told["Description"] == {"Value": "new way"}


def test_product_codes_are_shown_found_and_confirmed_by_their_owner(ec2: Any, eve: Any, private_image: str) -> None:
    code = {"Attribute": "productCodes", "ProductCodes": ["774F4FF8"]}
    ec2.modify_image_attribute(ImageId=private_image, OperationType="add", **code)
    shown = [{"ProductCodeId": "774F4FF8", "ProductCodeType": "devpay"}]
    assert ec2.describe_image_attribute(ImageId=private_image, Attribute="productCodes")["ProductCodes"] == shown
    assert seen(ec2, Filters=[{"Name": "product-code", "Values": ["774F*"]}]) == [private_image]
    assert seen(ec2, Filters=[{"Name": "product-code.type", "Values": ["devpay"]}]) == [private_image]
    ec2.modify_image_attribute(ImageId=private_image, LaunchPermission={"Add": [{"Group": "all"}]})
    instance_id = launch(eve, private_image)
    found = eve.describe_instances(Filters=[{"Name": "product-code", "Values": ["774F4FF8"]}])["Reservations"]
    assert found[0]["Instances"][0]["ProductCodes"] == shown
    confirmed = ec2.confirm_product_instance(InstanceId=instance_id, ProductCode="774F4FF8")
    assert (confirmed["Return"], confirmed["OwnerId"]) == (True, found[0]["OwnerId"])
    assert not eve.confirm_product_instance(InstanceId=instance_id, ProductCode="other")["Return"]
    eve.terminate_instances(InstanceIds=[instance_id])
    ec2.modify_image_attribute(ImageId=private_image, OperationType="remove", **code)
    assert ec2.describe_images(ImageIds=[private_image])["Images"][0]["ProductCodes"] == []
    for bad, why in ((["<b>"], "InvalidAMIAttributeItemValue"), ([*"ABCDEFGHIJKLMNOPQ"], "ResourceLimitExceeded")):
        codes = {"Attribute": "productCodes", "OperationType": "add", "ProductCodes": bad}
        assert code_of(ec2.modify_image_attribute, ImageId=private_image, **codes) == why


def test_kernels_and_ramdisks_are_registered_by_administrators(eve: Any, location: str) -> None:
    for name in ("vmlinuz", "initrd.img"):
        asked = {"Name": f"my {name}", "ImageLocation": f"{location.rpartition('/')[0]}/{name}"}
        assert code_of(eve.register_image, **asked) == "AuthFailure"


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


def test_images_are_paged_each_once(ec2: Any, private_image: str) -> None:
    pages = list(ec2.get_paginator("describe_images").paginate(PaginationConfig={"PageSize": 1}))
    paged = [image["ImageId"] for page in pages for image in page["Images"]]
    assert sorted(paged) == sorted(seen(ec2))
    assert len(pages) >= 3
    assert private_image in paged


def test_boto_2_shares_an_image(cloud: ServedCloud, admin: dict[str, str], private_image: str, their_id: str) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.server.boto2_images", cloud.url, private_image, their_id]
    environment = {**os.environ, **admin}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "shared"


def test_the_aws_command_shares_an_image(admin: dict[str, str], private_image: str, their_id: str) -> None:
    def aws(*arguments: str) -> Any:
        command = [str(AWS), "ec2", *arguments, "--image-id", private_image, "--output", "json"]
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


def test_an_operator_shares_an_image_by_command(
    cloud: ServedCloud, ec2: Any, private_image: str, their_id: str
) -> None:
    told = cloud.euca("image", "share", private_image, "--account", "strangers").stdout
    assert told == f"image {private_image} may be launched by {their_id}\n"
    assert permissions(ec2, private_image) == [{"UserId": their_id}]
    assert "everybody" in cloud.euca("image", "share", private_image, "--public").stdout
    shown = json.loads(cloud.euca("image", "share", private_image, "--private", "--json").stdout)
    assert (shown["public"], shown["granted_to"]) == (False, [their_id])
    assert "its owner" in cloud.euca("image", "share", private_image, "--account", their_id, "--remove").stdout
    assert permissions(ec2, private_image) == []
    refused = cloud.euca("image", "share", private_image, "--account", "nobodys", check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "nobodys" in refused.stderr


@pytest.mark.parametrize("version", ["2008-02-01", "2009-11-30", "2011-01-01"])
def test_the_dates_of_old_share_an_image_in_their_own_shape(
    old: RawEc2, private_image: str, their_id: str, version: str
) -> None:
    image = {"version": version, "ImageId": private_image}
    changed = {"Attribute": "launchPermission", "OperationType": "add", "UserId_1": their_id, "UserGroup_0": "all"}
    assert old.ask("ModifyImageAttribute", **image, **changed).text("return") == "true"
    told = old.ask("DescribeImageAttribute", **image, Attribute="launchPermission")
    assert told.tree.tag == f"{{http://ec2.amazonaws.com/doc/{version}/}}DescribeImageAttributeResponse"
    items = told.tree.findall("./{*}launchPermission/{*}item")
    assert [(item[0].tag.rpartition("}")[2], item[0].text) for item in items] == [
        ("group", "all"),
        ("userId", their_id),
    ]
    assert old.ask("ResetImageAttribute", **image, Attribute="launchPermission").text("return") == "true"
    told = old.ask("DescribeImageAttribute", **image, Attribute="launchPermission")
    assert told.tree.findall("./{*}launchPermission/{*}item") == []
    [device] = old.ask("DescribeImageAttribute", **image, Attribute="blockDeviceMapping").tree.findall(
        "./{*}blockDeviceMapping/{*}item[{*}virtualName='root']/{*}deviceName"
    )
    assert device.text == "/dev/sda1"
