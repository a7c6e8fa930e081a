"""Block devices of images: the names that were registered for the disks every instance gets.

The trap: which disks there are is the instance type's doing (root, swap, ephemeral0), and their names the guest
kernel's. So a mapping is a hint, as on Amazon, and what would add or leave out a disk is refused.
"""

import re
from collections.abc import Iterable

import msgspec

from app.domain.errors import Absent, Invalid
from app.domain.image import Image
from app.server.ec2.operation import Answer

ROOTS = ("ami", "emi", "root")
_DEFAULT = ("sda2=ephemeral0", "sda3=swap")
_NAME = re.compile(r"(/dev/)?(sd|xvd|vd|hd)[a-z]{1,2}[0-9]{0,2}")
_VIRTUAL = re.compile(r"swap|ephemeral([0-9]|1[0-9]|2[0-3])")


class DeviceIn(msgspec.Struct):
    device_name: str = ""
    virtual_name: str = ""


def checked_name(name: str, parameter: str) -> str:
    """Return a device's name; Invalid if it is none."""
    if not _NAME.fullmatch(name):
        raise Invalid(parameter, name, "A device has a name such as /dev/sda1.")
    return name


def read(devices: Iterable[DeviceIn], root_device: str) -> tuple[str, ...]:
    """Form `Image.devices`; the root may be named too, if by its own name."""
    named: dict[str, str] = {}
    for device in devices:
        if not device.virtual_name:
            raise Absent("BlockDeviceMapping.VirtualName")
        name = checked_name(device.device_name, "BlockDeviceMapping.DeviceName")
        if name in named:
            raise Invalid("BlockDeviceMapping.DeviceName", name, "It is mapped twice.")
        _check_virtual(device.virtual_name, name, root_device)
        named[name] = device.virtual_name
    return tuple(sorted(f"{name}={virtual}" for name, virtual in named.items() if virtual not in ROOTS))


def items(image: Image) -> list[Answer]:
    """Form what the image was registered with, as DescribeImages shows it."""
    return [_item(device) for device in image.devices]


def as_launched(image: Image) -> list[Answer]:
    """Form all devices of an instance, as 1.6.1's DescribeImageAttribute shows them."""
    roots = (f"{image.root_device.removeprefix('/dev/')}=ami", f"{image.root_device}=root")
    return [_item(device) for device in (*roots, *(image.devices or _DEFAULT))]


def _check_virtual(virtual: str, name: str, root_device: str) -> None:
    if virtual in ROOTS:
        if name.removeprefix("/dev/") != root_device.removeprefix("/dev/"):
            raise Invalid("BlockDeviceMapping.DeviceName", name, f"The root device is {root_device}.")
    elif not _VIRTUAL.fullmatch(virtual):
        raise Invalid("BlockDeviceMapping.VirtualName", virtual, "There are swap and ephemeral0 to ephemeral23.")


def _item(device: str) -> Answer:
    name, _, virtual = device.partition("=")
    return {"DeviceName": name, "VirtualName": virtual}
