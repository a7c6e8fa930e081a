"""Block devices of instances: what a launch asks for, and what answers and filters show of attached volumes.

Local disks come with the type of an instance, whatever a launch says of `ephemeral0` and `swap`: as at Amazon, more of
them than the type has are passed over.
"""

import re

import msgspec

from app.domain.commands import NewDisk
from app.domain.errors import Absent, Invalid
from app.domain.volume import DEFAULT_KIND, Volume
from app.server.ec2.filters import Facts
from app.server.ec2.operation import Answer, TagSpecification, specified_tags
from app.server.ec2.volume_asks import check_performance, given_size
from app.wire.markup import timestamp

_LOCAL = re.compile(r"ami|root|swap|ephemeral[0-9]{1,2}")
_ROOT = re.compile(r"(/dev/)?(sd|xvd|vd|hd)a[0-9]*")


class EbsIn(msgspec.Struct):
    snapshot_id: str = ""
    volume_size: int | None = None
    volume_type: str = ""
    delete_on_termination: bool = True
    iops: int | None = None
    throughput: int | None = None


class BlockDeviceIn(msgspec.Struct):
    device_name: str = ""
    virtual_name: str = ""
    no_device: str | None = None
    ebs: EbsIn | None = None


class EbsChangeIn(msgspec.Struct):
    delete_on_termination: bool | None = None


class DeviceChangeIn(msgspec.Struct):
    device_name: str = ""
    ebs: EbsChangeIn | None = None


def changes(asked: list[DeviceChangeIn]) -> tuple[tuple[str, bool], ...]:
    """Form what ModifyInstanceAttribute says of attached volumes: devices, and whether theirs go with the instance."""
    return tuple((one.device_name, _kept_or_not(one)) for one in asked)


def _kept_or_not(one: DeviceChangeIn) -> bool:
    if one.ebs is None or one.ebs.delete_on_termination is None:
        raise Absent("BlockDeviceMapping.Ebs.DeleteOnTermination")
    return one.ebs.delete_on_termination


def disks(asked: list[BlockDeviceIn]) -> tuple[NewDisk, ...]:
    """Form the volumes that a launch asks for; what is no volume is checked and left to the type and the image."""
    return tuple(_disk(one, one.ebs) for one in asked if _checked(one) and one.ebs is not None)


def launch_tags(given: list[TagSpecification]) -> tuple[dict[str, str], dict[str, str]]:
    """Part the tags asked for at a launch into those of the instances and those of their volumes."""
    for_volumes = [one for one in given if one.resource_type == "volume"]
    others = [one for one in given if one.resource_type != "volume"]
    return specified_tags(others, "instance"), specified_tags(for_volumes, "volume")


def mappings(hung: tuple[Volume, ...]) -> list[Answer]:
    """Form the block device mapping of an instance with these volumes."""
    return [
        {
            "DeviceName": volume.device,
            "Ebs": {
                "VolumeId": volume.id,
                "Status": volume.attachment,
                "AttachTime": volume.attached_at_ms,
                "DeleteOnTermination": volume.delete_on_termination,
            },
        }
        for volume in hung
    ]


FACTS: Facts[Volume] = {
    "block-device-mapping.attach-time": lambda v: [timestamp(v.attached_at_ms)],
    "block-device-mapping.delete-on-termination": lambda v: ["true" if v.delete_on_termination else "false"],
    "block-device-mapping.device-name": lambda v: [v.device],
    "block-device-mapping.status": lambda v: [v.attachment],
    "block-device-mapping.volume-id": lambda v: [v.id],
}


def _checked(one: BlockDeviceIn) -> bool:
    if (bool(one.virtual_name) + (one.no_device is not None) + (one.ebs is not None)) != 1:
        raise _refused(one.device_name, "Give one of VirtualName, Ebs and NoDevice.")
    if one.virtual_name and not _LOCAL.fullmatch(one.virtual_name):
        raise _refused(one.virtual_name, "A VirtualName is swap or ephemeral and a number.")
    if _ROOT.fullmatch(one.device_name) and not one.virtual_name:
        raise _refused(one.device_name, "The root disk of an instance is that of its image.")
    return True


def _disk(one: BlockDeviceIn, ebs: EbsIn) -> NewDisk:
    if not one.device_name:
        raise _refused("", "A volume needs a DeviceName.")
    check_performance(ebs.volume_type or DEFAULT_KIND, ebs.iops, ebs.throughput)
    return NewDisk(
        device=one.device_name,
        size_gib=given_size(ebs.volume_size),
        snapshot_id=ebs.snapshot_id,
        kind=ebs.volume_type,
        delete_on_termination=ebs.delete_on_termination,
    )


def _refused(given: str, why: str) -> Invalid:
    return Invalid("BlockDeviceMapping", given, why)
