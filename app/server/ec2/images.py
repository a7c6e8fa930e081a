"""Operations on images."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import msgspec

from app.domain import ids
from app.domain.commands import RegisterImage
from app.domain.errors import Absent, Invalid, Malformed, Missing, Unsupported
from app.domain.image import Image, ImageKind
from app.server.ec2 import filters, image_devices, narrowing, pages
from app.server.ec2.columns import IMAGE_COLUMNS
from app.server.ec2.facts import IMAGE
from app.server.ec2.image_devices import DeviceIn
from app.server.ec2.instance_items import PLATFORM, USAGE, product_items
from app.server.ec2.operation import (
    Answer,
    Ask,
    Filter,
    Operation,
    TagSpecification,
    refuse_many,
    specified_tags,
    tag_pairs,
)
from app.services import images, tags
from app.services.access import owns
from app.services.image_attributes import executable_by
from app.wire.markup import timestamp

_LIBRARY = "library"
# Owners that Amazon has a name for; nothing here is theirs.
_ALIASES = frozenset({"amazon", "aws-marketplace", "aws-backup-vault", "microsoft"})
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_KIND_BY_FILE = {"vmlinuz": ImageKind.KERNEL, "initrd": ImageKind.RAMDISK}


class DescribeImagesIn(msgspec.Struct):
    image_ids: list[str] = []
    owners: list[str] = []
    executable_users: list[str] = []
    filters: list[Filter] = []
    include_deprecated: bool = False
    include_disabled: bool = False
    max_results: int | None = None
    next_token: str | None = None


class RegisterImageIn(msgspec.Struct):
    image_location: str = ""
    name: str = ""
    description: str = ""
    architecture: str = "x86_64"
    kernel_id: str = ""
    ramdisk_id: str = ""
    root_device_name: str = "/dev/sda1"
    block_device_mappings: list[DeviceIn] = []
    tag_specifications: list[TagSpecification] = []


class DeregisterImageIn(msgspec.Struct):
    image_id: str


def describe_images(ask: Ask[DescribeImagesIn]) -> Answer:
    asked = ask.request
    shown = _named(ask)
    if asked.owners:
        _check_accounts(asked.owners, {"self", *_ALIASES})
        owners = {ask.caller.account_id if owner == "self" else owner for owner in asked.owners}
        shown = [image for image in shown if image.account_id in owners]
    if asked.executable_users:
        _check_accounts(asked.executable_users, {"self", "all"})
        shown = [image for image in shown if executable_by(ask.caller, image, asked.executable_users)]
    # A public image shows itself to everybody, its tags only to its owner.
    named = tags.by_resource(ask.unit, [image.id for image in shown if owns(ask.caller, image)])
    known = ask.site.filters(ask.operation)
    chosen = filters.select(shown, asked.filters, IMAGE, known, tags=lambda image: named.get(image.id, {}))
    cut, token = pages.page(chosen, lambda image: (image.id,), asked.max_results, asked.next_token, bounds=(1, 1000))
    return {"Images": [_item(image, named.get(image.id, {})) for image in cut], "NextToken": token}


def _named(ask: Ask[DescribeImagesIn]) -> list[Image]:
    """List what was asked for by id, else all but what others should not begin with any more.

    What an image was copied from is for its owner to know.
    """
    asked, now_ms = ask.request, ask.unit.now_ms
    refuse_many("ImageId", asked.image_ids)
    wanted = {ids.parse(image_id, *images.ANY_KIND): image_id for image_id in asked.image_ids}
    where: dict[str, object] = {"id": list(wanted)}
    if not wanted:
        where = narrowing.where(ask.unit, ask.caller, asked.filters, IMAGE_COLUMNS, others=True)
    shown = [
        image
        if owns(ask.caller, image)
        else replace(image, source_image_id="", source_region="", source_instance_id="")
        for image in images.visible(ask.unit, ask.caller, disabled=asked.include_disabled, **where)
    ]
    if not wanted:
        kept = asked.include_deprecated
        return [image for image in shown if kept or owns(ask.caller, image) or not image.deprecated(now_ms)]
    absent = wanted.keys() - {image.id for image in shown}
    if absent:
        raise Missing("image", *(wanted[image_id] for image_id in sorted(absent)))
    return shown


def _check_accounts(given: Sequence[str], words: set[str]) -> None:
    for account_id in given:
        if account_id not in words and not _ACCOUNT_ID.fullmatch(account_id):
            raise Malformed("account", account_id, f"it has twelve digits, or is one of {', '.join(sorted(words))}")


def register_image(ask: Ask[RegisterImageIn]) -> Answer:
    asked = ask.request
    if not asked.image_location:
        raise Absent("ImageLocation")
    sha256, file_name = _location(asked.image_location)
    images.readable(ask.unit, ask.caller, sha256)
    root_device = image_devices.checked_name(asked.root_device_name, "RootDeviceName")
    command = RegisterImage(
        name=asked.name or file_name,
        kind=_kind(file_name),
        sha256=sha256,
        size_bytes=ask.site.files.path(sha256).stat().st_size,
        location=asked.image_location,
        description=asked.description,
        architecture=asked.architecture,
        kernel_id=asked.kernel_id,
        ramdisk_id=asked.ramdisk_id,
        root_device=root_device,
        devices=image_devices.read(asked.block_device_mappings, root_device),
        public=False,
        tags=specified_tags(asked.tag_specifications, "image"),
    )
    return {"ImageId": images.register(ask.unit, ask.caller, command, ask.site.entropy).id}


def deregister_image(ask: Ask[DeregisterImageIn]) -> Answer:
    images.deregister(ask.unit, ask.caller, ask.request.image_id)
    return {"Return": True}


def _location(location: str) -> tuple[str, str]:
    parts = location.split("/")
    if len(parts) == 3 and parts[0] == _LIBRARY and all(parts):
        return parts[1], parts[2]
    if len(parts) == 2 and all(parts):
        _refuse_bundle(location)
    why = "Write library/SHA256/FILE, as `euca image install` prints it."
    raise Invalid("ImageLocation", location, why)


def _refuse_bundle(location: str) -> NoReturn:
    raise Unsupported(f"Registering the bundle {location}", "this cloud has no object store yet")


def _kind(file_name: str) -> ImageKind:
    for start, kind in _KIND_BY_FILE.items():
        if file_name.startswith(start):
            return kind
    return ImageKind.MACHINE


def _item(image: Image, named: dict[str, str]) -> Answer:
    machine = image.kind is ImageKind.MACHINE
    return {
        "ImageId": image.id,
        "ImageLocation": image.location,
        "State": str(image.state),
        "OwnerId": image.account_id,
        "Public": image.public,
        "ProductCodes": product_items(image.product_codes),
        "Architecture": image.architecture,
        "ImageType": str(image.kind),
        "KernelId": image.kernel_id or None,
        "RamdiskId": image.ramdisk_id or None,
        "Name": image.name,
        "Description": image.description or None,
        "RootDeviceType": "instance-store",
        "RootDeviceName": image.root_device if machine else None,
        "BlockDeviceMappings": image_devices.items(image),
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "CreationDate": timestamp(image.created_at_ms),
        "DeprecationTime": timestamp(image.deprecated_at_ms) if image.deprecated_at_ms else None,
        "DeregistrationProtection": str(image.protection),
        "SourceImageId": image.source_image_id or None,
        "SourceImageRegion": image.source_region or None,
        "SourceInstanceId": image.source_instance_id or None,
        "StateReason": _state_reason(image),
        "EnaSupport": False,
        "PlatformDetails": PLATFORM if machine else None,
        "UsageOperation": USAGE if machine else None,
        "Tags": tag_pairs(named),
    }


def _state_reason(image: Image) -> Answer | None:
    return {"Code": image.state_reason_code, "Message": image.state_reason} if image.state_reason_code else None


OPERATIONS = (
    Operation(name="DescribeImages", request=DescribeImagesIn, handle=describe_images),
    Operation(name="RegisterImage", request=RegisterImageIn, handle=register_image, writes=True),
    Operation(name="DeregisterImage", request=DeregisterImageIn, handle=deregister_image, writes=True),
)
