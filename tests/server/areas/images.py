"""Images: their attributes, who may launch from them, copies, and what becomes of them over the years."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.deadline import eventually
from tests.server.areas import Probe
from tests.server.raw_ec2 import RawEc2

IMAGE = {"ImageId": "{image}"}
LATER = {"DeprecateAt": "2030-01-01T00:00:00Z"}
REGION = {"SourceRegion": "eucalyptus", "Name": "copied"}
CODE = "WALKED123"
PROBES: list[Probe] = [
    *(("DescribeImageAttribute", {**IMAGE, "Attribute": name}) for name in ("launchPermission", "description")),
    *(("ModifyImageAttribute", {**IMAGE, **change}) for change in (
        {"LaunchPermission.Add.1.Group": "all"}, {"Description.Value": "stolen"},
        {"Attribute": "productCodes", "OperationType": "add", "ProductCode.1": "stolen"},
        {"Attribute": "launchPermission", "OperationType": "add", "UserId.1": "{account}"},
    )),
    ("ResetImageAttribute", {**IMAGE, "Attribute": "launchPermission"}),
    ("CreateImage", {"InstanceId": "{instance}", "Name": "stolen"}),
    ("ConfirmProductInstance", {"InstanceId": "{instance}", "ProductCode": CODE}),
    ("CopyImage", {**REGION, "SourceImageId": "{image}"}),
    ("CopyImage", {**REGION, "SourceImageId": "{public}", "ClientToken": "{copy_token}", "DryRun": "true"}),
    ("RegisterImage", {"Name": "own bytes", "ImageLocation": "library/{bytes}/x", "DryRun": "true"}),
    *((name, IMAGE) for name in (
        "DisableImage", "EnableImage", "DisableImageDeprecation", "EnableImageDeregistrationProtection",
        "DisableImageDeregistrationProtection",
    )),
    ("EnableImageDeprecation", {**IMAGE, **LATER}),
    ("DescribeImages", {"Filter.1.Name": "product-code", "Filter.1.Value.1": "{product_code}"}),
    ("DescribeImages", {"ImageId.1": "{image}", "IncludeDisabled": "true", "IncludeDeprecated": "true"}),
]  # fmt: skip
NOBODYS = {"copy_token": "nobodys-copy", "bytes": "0badc0de" * 8, "product_code": "NOBODYS"}
NOTHING_TO_NAME = {"GetImageBlockPublicAccessState"}


def walk(ec2: Any, *, today: bool) -> None:
    machine = next(image for image in ec2.describe_images()["Images"] if image["ImageType"] == "machine")
    location = machine["ImageLocation"]
    devices = [{"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}]
    registered = ec2.register_image(
        Name=f"kept-{today}", ImageLocation=location, Description="x", BlockDeviceMappings=devices,
        KernelId=machine["KernelId"], RamdiskId=machine["RamdiskId"],
    )  # fmt: skip
    image = {"ImageId": registered["ImageId"]}
    ec2.modify_image_attribute(**image, LaunchPermission={"Add": [{"Group": "all"}, {"UserId": machine["OwnerId"]}]})
    ec2.modify_image_attribute(**image, Attribute="productCodes", OperationType="add", ProductCodes=[CODE])
    copied = ec2.copy_image(Name=f"copied-{today}", SourceImageId=image["ImageId"], SourceRegion="eucalyptus")
    if today:
        ec2.enable_image_deprecation(**image, DeprecateAt=datetime.now(UTC) + timedelta(days=365))
        ec2.enable_image_deregistration_protection(**image)
        ec2.get_image_block_public_access_state()
    describe(ec2, image, today=today)
    run = ec2.run_instances(**image, MinCount=1, MaxCount=1)["Instances"][0]
    ec2.confirm_product_instance(InstanceId=run["InstanceId"], ProductCode=CODE)
    captured = capture(ec2, run["InstanceId"], f"captured-{today}")
    ec2.terminate_instances(InstanceIds=[run["InstanceId"]])
    ec2.reset_image_attribute(**image, Attribute="launchPermission")
    if today:
        ec2.disable_image_deprecation(**image)
        ec2.disable_image_deregistration_protection(**image)
        ec2.disable_image(**image)
        ec2.enable_image(**image)
    for image_id in (captured, copied["ImageId"], image["ImageId"]):
        ec2.deregister_image(ImageId=image_id)


def capture(ec2: Any, instance_id: str, name: str) -> str:
    quickly = {"Delay": 1, "MaxAttempts": 30}
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id], WaiterConfig=quickly)
    ec2.stop_instances(InstanceIds=[instance_id])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance_id], WaiterConfig=quickly)
    image_id: str = ec2.create_image(InstanceId=instance_id, Name=name)["ImageId"]
    eventually(lambda: ec2.describe_images(ImageIds=[image_id])["Images"][0]["State"] == "available")
    return image_id


def describe(ec2: Any, image: dict[str, str], *, today: bool) -> None:
    ec2.describe_images(Owners=["self"])
    names = ["description", "kernel", "ramdisk", "launchPermission", "productCodes", "blockDeviceMapping"]
    for name in names + (["deregistrationProtection"] if today else []):
        ec2.describe_image_attribute(**image, Attribute=name)


def victim(raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
    codes = {"Attribute": "productCodes", "OperationType": "add", "ProductCode_1": "VICTIMS"}
    raw.ask("ModifyImageAttribute", ImageId=mine["image"], **codes)
    token = f"{mine['token']}-copy"
    copied = raw.ask(
        "CopyImage", Name="victim's copy", SourceImageId=mine["image"], SourceRegion="eucalyptus", ClientToken=token
    )
    return {"copy_token": token, "copy": copied.text("imageId"), "bytes": "0badc0de" * 8, "product_code": "VICTIMS"}


def bury(raw: RawEc2, mine: dict[str, str]) -> None:
    raw.ask("DeregisterImage", ImageId=mine["copy"])
