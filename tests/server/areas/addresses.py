"""Public addresses for the tests that go over every operation."""

from typing import Any

from tests.server.raw_ec2 import RawEc2

TAGS = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": "walk"}]}]
NOBODYS = {
    "allocation": "eipalloc-0badc0de0badc0de0",
    "association": "eipassoc-0badc0de0badc0de0",
    "address": "203.0.113.99",
}
NOTHING_TO_NAME: set[str] = set()
PROBES = [
    ("AllocateAddress", {"Address": "{address}", "DryRun": "true"}),
    ("DescribeAddresses", {"PublicIp.1": "{address}"}),
    ("DescribeAddresses", {"AllocationId.1": "{allocation}"}),
    ("DescribeAddresses", {"Filter.1.Name": "instance-id", "Filter.1.Value.1": "{instance}"}),
    ("ReleaseAddress", {"PublicIp": "{address}"}),
    ("ReleaseAddress", {"AllocationId": "{allocation}"}),
    ("AssociateAddress", {"PublicIp": "{address}", "InstanceId": "{instance}"}),
    ("AssociateAddress", {"AllocationId": "{allocation}", "InstanceId": "{instance}"}),
    ("DisassociateAddress", {"PublicIp": "{address}"}),
    ("DisassociateAddress", {"AssociationId": "{association}"}),
    ("CreateTags", {"ResourceId.1": "{allocation}", "Tag.1.Key": "a", "Tag.1.Value": "b"}),
    ("DeleteTags", {"ResourceId.1": "{allocation}"}),
]


def walk(ec2: Any, *, today: bool) -> None:
    image = next(image for image in ec2.describe_images()["Images"] if image["ImageType"] == "machine")
    run = ec2.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1)["Instances"]
    made = ec2.allocate_address(Domain="vpc", **({"TagSpecifications": TAGS} if today else {}))
    on = ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=run[0]["InstanceId"])
    ec2.describe_addresses()
    ec2.describe_instances()
    ec2.describe_network_interfaces()
    ec2.disassociate_address(AssociationId=on["AssociationId"])
    ec2.release_address(AllocationId=made["AllocationId"])
    ec2.terminate_instances(InstanceIds=[run[0]["InstanceId"]])


def victim(raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
    made = raw.ask("AllocateAddress")
    allocation = made.text("allocationId")
    on = raw.ask("AssociateAddress", AllocationId=allocation, InstanceId=mine["instance"])
    return {"allocation": allocation, "address": made.text("publicIp"), "association": on.text("associationId")}


def bury(raw: RawEc2, mine: dict[str, str]) -> None:
    raw.ask("ReleaseAddress", AllocationId=mine["allocation"])
