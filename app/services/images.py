"""Images: registered bytes of the library, with the kernel and ramdisk they want."""

from dataclasses import replace

from app.domain import ids
from app.domain.account import Caller
from app.domain.commands import CopyImage, RegisterImage
from app.domain.errors import Conflict, Forbidden, Invalid, Missing, WrongState
from app.domain.image import Image, ImageKind, Protection
from app.domain.ports import Entropy, Unit
from app.domain.states import ImageState
from app.services import tags
from app.services.access import may_copy, may_run, need_admin, owns

ARCHITECTURES = ("x86_64", "i386", "arm64")
MOST_MEMORY_MIB = 1 << 30
ANY_KIND = tuple(f"{kind} image" for kind in ImageKind)
LONGEST_DESCRIPTION = 255
_SHOWN = (ImageState.PENDING, ImageState.AVAILABLE, ImageState.FAILED)
_KEPT = (*_SHOWN, ImageState.DISABLED)


def register(unit: Unit, caller: Caller, command: RegisterImage, entropy: Entropy) -> Image:
    """Register bytes as an image; kernels and ramdisks by administrators only, as in 1.6.1."""
    if command.kind not in set(ImageKind):
        raise Invalid("Kind", command.kind, f"Choose one of {', '.join(ImageKind)}.")
    kind = ImageKind(command.kind)
    check_name(command.name)
    check_description(command.description)
    if command.architecture not in ARCHITECTURES:
        raise Invalid("Architecture", command.architecture, f"Choose one of {', '.join(ARCHITECTURES)}.")
    if not 0 <= command.min_memory_mib <= MOST_MEMORY_MIB:
        raise Invalid("min_memory_mib", command.min_memory_mib, f"It is 0 to {MOST_MEMORY_MIB} MiB.")
    if kind is not ImageKind.MACHINE:
        need_admin(caller, f"Registering a {kind}", "only administrators register kernels and ramdisks")
    check_new(unit, caller, command.name)
    image = Image(
        id=ids.mint(f"{kind} image", entropy(ids.ENTROPY_BYTES)),
        kind=kind,
        account_id=caller.account_id,
        name=command.name,
        description=command.description,
        location=command.location or f"library/{command.sha256}/{command.name}",
        architecture=command.architecture,
        public=command.public,
        kernel_id=usable(unit, caller, command.kernel_id, ImageKind.KERNEL).id if command.kernel_id else "",
        ramdisk_id=usable(unit, caller, command.ramdisk_id, ImageKind.RAMDISK).id if command.ramdisk_id else "",
        root_device=command.root_device,
        size_bytes=command.size_bytes,
        min_memory_mib=command.min_memory_mib,
        sha256=command.sha256,
        created_at_ms=unit.now_ms,
        devices=command.devices,
    )
    unit.images.add(image)
    if command.tags:
        tags.set_on(unit, caller, (image.id,), command.tags)
    return image


def readable(unit: Unit, caller: Caller, sha256: str) -> None:
    """Raise Missing if bytes are of images only that the caller may not copy."""
    known = unit.images.where(sha256=sha256)
    if known and not any(may_copy(caller, image) for image in known):
        raise Missing("image file", sha256)


def copy(unit: Unit, caller: Caller, command: CopyImage, entropy: Entropy) -> Image:
    """Make a private image of the caller from the bytes of another."""
    source = usable(unit, caller, command.source_image_id, ImageKind.MACHINE)
    if not may_copy(caller, source):
        raise Forbidden("CopyImage", "You do not have permission to access the storage of this ami")
    check_name(command.name)
    check_new(unit, caller, command.name)
    check_description(command.description or "")
    made = replace(
        source,
        id=ids.mint("machine image", entropy(ids.ENTROPY_BYTES)),
        account_id=caller.account_id,
        name=command.name,
        description=source.description if command.description is None else command.description,
        location=f"library/{source.sha256}/{command.name}",
        public=False,
        granted_to=(),
        source_image_id=source.id,
        source_region=command.source_region,
        source_instance_id="",
        deprecated_at_ms=0,
        protection=Protection.DISABLED,
        protected_until_ms=0,
        created_at_ms=unit.now_ms,
    )
    unit.images.add(made, text=f"copied from {source.id}")
    theirs = (
        tags.by_resource(unit, [source.id]).get(source.id, {}) if command.copy_tags and owns(caller, source) else {}
    )
    named = {**theirs, **command.tags}
    if named:
        tags.set_on(unit, caller, (made.id,), named)
    return made


def deregister(unit: Unit, caller: Caller, image_id: str) -> Image:
    """Take an image out of use; running instances keep what they booted from."""
    image = owned(unit, caller, image_id, "DeregisterImage")
    if image.protection is not Protection.DISABLED or unit.now_ms < image.protected_until_ms:
        why = "its deregistration protection must be disabled first, and 24 hours pass if it had a cooldown"
        raise WrongState("protected image", image.id, image.state, why)
    gone = replace(image, state=ImageState.DEREGISTERED)
    unit.images.put(gone, event="image.deregistered")
    tags.forget(unit, image.id)
    let_start(unit, image.source_instance_id)
    return gone


def let_start(unit: Unit, instance_id: str) -> None:
    """Let an instance that rests run again, once no image waits for its disk any more."""
    instance = unit.instances.get(instance_id) if instance_id else None
    waiting = instance and unit.images.where(source_instance_id=instance_id, state=ImageState.PENDING)
    if instance is not None and instance.resting and not waiting:
        unit.instances.put(replace(instance, resting=False), event="instance.rest over")


def usable(unit: Unit, caller: Caller, image_id: str, kind: ImageKind) -> Image:
    """Look up an image that the caller may launch from, of the right kind."""
    image = unit.images.get(ids.parse(image_id, *ANY_KIND))
    if image is None or not may_run(caller, image):
        raise Missing("image", image_id)
    if image.state is not ImageState.AVAILABLE:
        raise WrongState("image", image_id, image.state, "and can not be launched")
    if image.kind is not kind:
        raise Invalid(_PARAMETER[kind], image_id, f"It is a {image.kind} image, not a {kind} image.")
    return image


def visible(unit: Unit, caller: Caller, *, disabled: bool = False, **where: object) -> list[Image]:
    """List what the caller may see of the images that columns narrow down; disabled ones if asked for."""
    states = _KEPT if disabled else _SHOWN
    return [image for image in unit.images.where(**where, state=states) if may_run(caller, image)]


def find(unit: Unit, caller: Caller, image_id: str) -> Image:
    """Look up an image that the caller may see; Missing otherwise."""
    image = unit.images.get(ids.parse(image_id, *ANY_KIND))
    if image is None or not may_run(caller, image) or image.state not in _KEPT:
        raise Missing("image", image_id)
    return image


def owned(unit: Unit, caller: Caller, image_id: str, action: str) -> Image:
    """Look up an image that the caller may change; Missing if they may not see it, Forbidden if it is another's."""
    image = find(unit, caller, image_id)
    if not owns(caller, image):
        raise Forbidden(action, "the image belongs to another account")
    return image


def check_description(text: str) -> None:
    """Refuse what EC2 would refuse."""
    if len(text) > LONGEST_DESCRIPTION:
        raise Invalid("Description", text, f"It has at most {LONGEST_DESCRIPTION} characters.")


def check_name(name: str) -> None:
    """Refuse what can be no image's name."""
    if not name or len(name) > 128 or not name.isprintable():
        raise Invalid("Name", name, "It has 1 to 128 printable characters.")


def check_new(unit: Unit, caller: Caller, name: str) -> None:
    """Raise Conflict if the account has an image of this name."""
    if unit.images.where(account_id=caller.account_id, name=name, state=_KEPT):
        raise Conflict("image name", name)


_PARAMETER = {ImageKind.MACHINE: "ImageId", ImageKind.KERNEL: "KernelId", ImageKind.RAMDISK: "RamdiskId"}
