"""Things that have what victims lack, so that each filter has something to find."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2, Reply

_RULE = {"FromPort": "22", "ToPort": "23", "IpProtocol": "tcp"}
_PEERS = {"IpRanges.1.CidrIp": "10.0.0.0/8", "Ipv6Ranges.1.CidrIpv6": "2001:db8::/32", "Groups.1.GroupId": "{group}"}
_RULES = {f"IpPermissions.1.{name}": value for name, value in {**_RULE, **_PEERS}.items()}
_ONE = {"MinCount": "1", "MaxCount": "1"}
_TEMPLATE = {
    "EbsOptimized": "true", "IamInstanceProfile.Arn": "arn:x", "ImageId": "{public}", "InstanceType": "m1.small",
    "KernelId": "{kernel}", "RamDiskId": "{ramdisk}", "MetadataOptions.HttpEndpoint": "enabled",
    "MetadataOptions.HttpProtocolIpv6": "enabled", "MetadataOptions.HttpTokens": "required",
}  # fmt: skip


class Filling:
    """Sends requests that must succeed; `{thing}` in a value is the id of a thing."""

    def __init__(self, raw: RawEc2, mine: Mapping[str, str]) -> None:
        self._raw, self.things = raw, dict(mine)

    def ask(self, action: str, params: Mapping[str, str]) -> Reply:
        named = {"Action": action, "Version": "2016-11-15", **params}
        reply = self._raw.pairs([(name, value.format(**self.things)) for name, value in named.items()])
        assert reply.status == 200, (action, params, reply.message)
        return reply

    def make(self, thing: str, element: str, action: str, params: Mapping[str, str]) -> None:
        self.things[thing] = self.ask(action, params).text(element)

    def reach(self, action: str, parameter: str, thing: str, word: str) -> None:
        eventually(lambda: word in self.ask(action, {parameter: f"{{{thing}}}"}).body.decode())


@contextmanager
def filled(raw: RawEc2, mine: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Add to the things that tests name."""
    filling = Filling(raw, mine)
    _groups_and_tags(filling)
    _templates(filling)
    _instances(filling)
    _volumes(filling)
    yield filling.things
    filling.ask("TerminateInstances", {f"InstanceId.{n}": f"{{{one}}}" for n, one in enumerate(("kept", "off"), 1)})
    for image in ("own", "taken"):
        filling.ask("DeregisterImage", {"ImageId": f"{{{image}}}"})
    filling.ask("DeleteVolume", {"VolumeId": "{again}"})
    filling.ask("DeleteLaunchTemplate", {"LaunchTemplateId": "{full_template}"})
    for rules in ("Ingress", "Egress"):
        filling.ask(f"RevokeSecurityGroup{rules}", {"GroupId": "{group}", **_RULES})
    for name in ("spread out", "parted"):
        eventually(lambda name=name: raw.ask("DeletePlacementGroup", GroupName=name).status == 200)  # type: ignore[misc]


def _groups_and_tags(filling: Filling) -> None:
    for rules in ("Ingress", "Egress"):
        filling.ask(f"AuthorizeSecurityGroup{rules}", {"GroupId": "{group}", **_RULES})
    tagged = {f"ResourceId.{n}": f"{{{thing}}}" for n, thing in enumerate(("allocation", "template", "company"), 1)}
    filling.ask("CreateTags", {"Tag.1.Key": "{tag}", "Tag.1.Value": "secret", **tagged})
    filling.ask("CreatePlacementGroup", {"GroupName": "spread out", "Strategy": "spread", "SpreadLevel": "host"})
    filling.ask("CreatePlacementGroup", {"GroupName": "parted", "Strategy": "partition", "PartitionCount": "2"})


def _templates(filling: Filling) -> None:
    for kind in ("kernel", "ramdisk"):
        only = {"Filter.1.Name": "image-type", "Filter.1.Value.1": kind}
        filling.make(kind, "imageId", "DescribeImages", only)
    data = {f"LaunchTemplateData.{name}": value for name, value in _TEMPLATE.items()}
    filling.make("full_template", "launchTemplateId", "CreateLaunchTemplate", {"LaunchTemplateName": "full", **data})


def _instances(filling: Filling) -> None:
    device = {"BlockDeviceMapping.1.DeviceName": "/dev/sdb", "BlockDeviceMapping.1.VirtualName": "ephemeral0"}
    filling.make("own", "imageId", "RegisterImage", {"Name": "filled", "ImageLocation": "{location}", **device})
    code = {"Attribute": "productCodes", "OperationType": "add", "ProductCode.1": "FILLED"}
    filling.ask("ModifyImageAttribute", {"ImageId": "{own}", **code})
    place = {"Placement.GroupName": "parted", "Placement.PartitionNumber": "2"}
    card = {"NetworkInterface.1.DeviceIndex": "0", "NetworkInterface.1.Description": "first card"}
    filling.make("kept", "instanceId", "RunInstances", {"ImageId": "{own}", **_ONE, **place, **card})
    filling.make("off", "instanceId", "RunInstances", {"ImageId": "{public}", **_ONE})
    filling.reach("DescribeInstances", "InstanceId.1", "off", "<name>running<")
    filling.ask("StopInstances", {"InstanceId.1": "{off}"})
    filling.reach("DescribeInstances", "InstanceId.1", "off", "<name>stopped<")
    filling.make("taken", "imageId", "CreateImage", {"InstanceId": "{off}", "Name": "taken"})


def _volumes(filling: Filling) -> None:
    zone = filling.ask("DescribeVolumes", {"VolumeId.1": "{volume}"}).text("availabilityZone")
    filling.make("again", "volumeId", "CreateVolume", {"SnapshotId": "{snapshot}", "AvailabilityZone": zone})
    filling.reach("DescribeVolumes", "VolumeId.1", "again", "available")
    filling.ask("ModifyVolume", {"VolumeId": "{again}", "Size": "2"})
    filling.reach("DescribeVolumesModifications", "VolumeId.1", "again", "completed")
