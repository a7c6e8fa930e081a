"""Operations that make images of others or of disks, and keep them: deprecation, disabling, protection."""

from datetime import datetime

import msgspec

from app.domain.commands import CopyImage, CreateImage
from app.domain.errors import Invalid
from app.server.ec2.operation import Answer, Ask, Operation, TagSpecification, specified_tags
from app.services import captures, image_keeping, images, instances


class CopyImageIn(msgspec.Struct):
    name: str
    source_image_id: str
    source_region: str
    description: str | None = None
    copy_image_tags: bool = False
    client_token: str = ""
    tag_specifications: list[TagSpecification] = []


class LeftOutIn(msgspec.Struct):
    device_name: str
    no_device: str


class CreateImageIn(msgspec.Struct):
    instance_id: str
    name: str
    description: str = ""
    no_reboot: bool = False
    block_device_mappings: list[LeftOutIn] = []
    tag_specifications: list[TagSpecification] = []


class ImageIn(msgspec.Struct):
    image_id: str


class EnableImageDeprecationIn(ImageIn):
    deprecate_at: datetime


class ProtectImageIn(ImageIn):
    with_cooldown: bool = False


class NothingIn(msgspec.Struct):
    pass


def copy_image(ask: Ask[CopyImageIn]) -> Answer:
    asked = ask.request
    if asked.source_region != ask.site.region:
        raise Invalid("SourceRegion", asked.source_region, f"There is one region here, {ask.site.region}.")
    command = CopyImage(
        source_image_id=asked.source_image_id,
        source_region=asked.source_region,
        name=asked.name,
        description=asked.description,
        copy_tags=asked.copy_image_tags,
        tags=specified_tags(asked.tag_specifications, "image", never_made=("snapshot",)),
    )
    made = ask.once(ask.unit.images, lambda: images.copy(ask.unit, ask.caller, command, ask.site.entropy))
    return {"ImageId": made.id}


def create_image(ask: Ask[CreateImageIn]) -> Answer:
    asked = ask.request
    [instance] = instances.find(ask.unit, ask.caller, (asked.instance_id,))
    command = CreateImage(
        name=asked.name,
        description=asked.description,
        reboot=not asked.no_reboot,
        left_out=tuple(device.device_name for device in asked.block_device_mappings),
        tags=specified_tags(asked.tag_specifications, "image", never_made=("snapshot",)),
    )
    return {"ImageId": captures.begin(ask.unit, ask.caller, instance, command, ask.site.entropy).id}


def disable_image(ask: Ask[ImageIn]) -> Answer:
    image_keeping.disable(ask.unit, ask.caller, ask.request.image_id)
    return {"Return": True}


def enable_image(ask: Ask[ImageIn]) -> Answer:
    image_keeping.enable(ask.unit, ask.caller, ask.request.image_id)
    return {"Return": True}


def enable_image_deprecation(ask: Ask[EnableImageDeprecationIn]) -> Answer:
    at_ms = int(ask.request.deprecate_at.timestamp() * 1000)
    image_keeping.deprecate(ask.unit, ask.caller, ask.request.image_id, at_ms)
    return {"Return": True}


def disable_image_deprecation(ask: Ask[ImageIn]) -> Answer:
    image_keeping.undeprecate(ask.unit, ask.caller, ask.request.image_id)
    return {"Return": True}


def protect_image(ask: Ask[ProtectImageIn]) -> Answer:
    asked = ask.request
    image_keeping.protect(ask.unit, ask.caller, asked.image_id, with_cooldown=asked.with_cooldown)
    return {"Return": "true"}


def unprotect_image(ask: Ask[ImageIn]) -> Answer:
    image_keeping.unprotect(ask.unit, ask.caller, ask.request.image_id)
    return {"Return": "true"}


def get_image_block_public_access_state(ask: Ask[NothingIn]) -> Answer:
    return {"ImageBlockPublicAccessState": "unblocked", "ManagedBy": "account"}


OPERATIONS = (
    Operation(name="CreateImage", request=CreateImageIn, handle=create_image, writes=True),
    Operation(name="CopyImage", request=CopyImageIn, handle=copy_image, writes=True),
    Operation(name="DisableImage", request=ImageIn, handle=disable_image, writes=True),
    Operation(name="EnableImage", request=ImageIn, handle=enable_image, writes=True),
    Operation(
        name="EnableImageDeprecation", request=EnableImageDeprecationIn, handle=enable_image_deprecation, writes=True
    ),
    Operation(name="DisableImageDeprecation", request=ImageIn, handle=disable_image_deprecation, writes=True),
    Operation(name="EnableImageDeregistrationProtection", request=ProtectImageIn, handle=protect_image, writes=True),
    Operation(name="DisableImageDeregistrationProtection", request=ImageIn, handle=unprotect_image, writes=True),
    Operation(
        name="GetImageBlockPublicAccessState", request=NothingIn, handle=get_image_block_public_access_state, brief=True
    ),
)
