"""Images: registered bytes of the library, with the kernel and ramdisk they want."""

from dataclasses import replace

from app.domain import ids
from app.domain.account import Caller
from app.domain.commands import RegisterImage
from app.domain.errors import Conflict, Forbidden, Invalid, Missing, WrongState
from app.domain.image import Image, ImageKind
from app.domain.ports import Entropy, Unit
from app.domain.states import ImageState
from app.services import tags
from app.services.access import may_run, need_admin, owns

ARCHITECTURES = ("x86_64", "i386", "arm64")
MOST_MEMORY_MIB = 1 << 30
ANY_KIND = tuple(f"{kind} image" for kind in ImageKind)


def register(unit: Unit, caller: Caller, command: RegisterImage, entropy: Entropy) -> Image:
    """Register bytes as an image; kernels and ramdisks by administrators only, as in 1.6.1."""
    if command.kind not in set(ImageKind):
        raise Invalid("Kind", command.kind, f"Choose one of {', '.join(ImageKind)}.")
    kind = ImageKind(command.kind)
    if not command.name or len(command.name) > 128 or not command.name.isprintable():
        raise Invalid("Name", command.name, "It has 1 to 128 printable characters.")
    if command.architecture not in ARCHITECTURES:
        raise Invalid("Architecture", command.architecture, f"Choose one of {', '.join(ARCHITECTURES)}.")
    if not 0 <= command.min_memory_mib <= MOST_MEMORY_MIB:
        raise Invalid("min_memory_mib", command.min_memory_mib, f"It is 0 to {MOST_MEMORY_MIB} MiB.")
    if kind is not ImageKind.MACHINE:
        need_admin(caller, f"Registering a {kind}", "only administrators register kernels and ramdisks")
    if unit.images.where(account_id=caller.account_id, name=command.name, state=ImageState.AVAILABLE):
        raise Conflict("image name", command.name)
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
    )
    unit.images.add(image)
    if command.tags:
        tags.set_on(unit, caller, (image.id,), command.tags)
    return image


def deregister(unit: Unit, caller: Caller, image_id: str) -> Image:
    """Take an image out of use; running instances keep what they booted from."""
    image = unit.images.get(ids.parse(image_id, *ANY_KIND))
    if image is None or not may_run(caller, image) or image.state is ImageState.DEREGISTERED:
        raise Missing("image", image_id)
    if not owns(caller, image):
        raise Forbidden("DeregisterImage", "the image belongs to another account")
    gone = replace(image, state=ImageState.DEREGISTERED)
    unit.images.put(gone, event="image.deregistered")
    tags.forget(unit, image.id)
    return gone


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


def visible(unit: Unit, caller: Caller) -> list[Image]:
    """List what the caller may launch from."""
    return [image for image in unit.images.where(state=ImageState.AVAILABLE) if may_run(caller, image)]


_PARAMETER = {ImageKind.MACHINE: "ImageId", ImageKind.KERNEL: "KernelId", ImageKind.RAMDISK: "RamdiskId"}
