"""Images of what is on an instance's disk: wanted here, read by the reconcile loop, which tells what became of it.

The trap: a disk that somebody writes to gives an image of no moment at all. So the instance is stopped, or rests, until
its bytes are here; one that ends meanwhile ends its images, too.
"""

from collections.abc import Sequence
from dataclasses import replace

from app.domain import ids
from app.domain.account import Caller
from app.domain.commands import CreateImage
from app.domain.errors import Unsupported, WrongState
from app.domain.image import Image, ImageKind
from app.domain.instance import Instance
from app.domain.ports import Entropy, Unit
from app.domain.states import ImageState, InstanceState, Seen, Wanted
from app.services import devices, images, tags

ENDED = ("Client.InstanceTerminated", "The instance was terminated before its disk was read")


def begin(unit: Unit, caller: Caller, instance: Instance, command: CreateImage, entropy: Entropy) -> Image:
    """Want a private image of an instance's disk; a running one rests until it is read."""
    images.check_name(command.name)
    images.check_new(unit, caller, command.name)
    images.check_description(command.description)
    _check_state(instance, command)
    _check_volumes(unit, instance, command.left_out)
    source = unit.images.get(instance.image_id)
    image = Image(
        id=ids.mint("machine image", entropy(ids.ENTROPY_BYTES)),
        kind=ImageKind.MACHINE,
        account_id=caller.account_id,
        name=command.name,
        description=command.description,
        location=f"{caller.account_id}/{command.name}",
        architecture=instance.architecture,
        public=False,
        state=ImageState.PENDING,
        kernel_id=instance.kernel_id,
        ramdisk_id=instance.ramdisk_id,
        root_device=source.root_device if source else "/dev/sda1",
        min_memory_mib=source.min_memory_mib if source else 0,
        created_at_ms=unit.now_ms,
        product_codes=source.product_codes if source else (),
        devices=source.devices if source else (),
        source_instance_id=instance.id,
    )
    unit.images.add(image, text=f"to be read from {instance.id}")
    if instance.wanted is Wanted.RUNNING:
        unit.instances.put(replace(instance, resting=True), event="instance.rest asked", text=f"for {image.id}")
    if command.tags:
        tags.set_on(unit, caller, (image.id,), command.tags)
    return image


def _check_state(instance: Instance, command: CreateImage) -> None:
    if instance.state not in (InstanceState.RUNNING, InstanceState.STOPPED):
        raise WrongState("instance", instance.id, instance.state, "and its disk is read while it runs or is stopped")
    if instance.state is InstanceState.RUNNING and not command.reboot:
        raise Unsupported("NoReboot of a running instance", "a disk that is written to can not be read")
    settled = instance.state is InstanceState.STOPPED or instance.resting or instance.seen is Seen.RUNNING
    if instance.moving_from or not settled:
        raise WrongState("instance", instance.id, instance.state, "and is on its way up or elsewhere: try again later")


def _check_volumes(unit: Unit, instance: Instance, left_out: Sequence[str]) -> None:
    """Refuse an instance with volumes that were not left out by name: an image here holds the instance's own disk.

    Of a running one none can be left out: it comes back without what was plugged in.
    """
    running = instance.state is InstanceState.RUNNING
    places = set() if running else {devices.place(device) for device in left_out}
    hung = [row for row in unit.volumes.where(instance_id=instance.id) if devices.place(row.device) not in places]
    if hung:
        named = ", ".join(f"{volume.id} ({volume.device})" for volume in hung)
        stopped = "" if not running else "stop the instance and "
        why = f"an image holds the instance's own disk: detach {named}, or {stopped}leave it out with NoDevice"
        raise Unsupported("CreateImage with volumes", why)


def refuse_start(unit: Unit, instance: Instance) -> None:
    """Raise WrongState while an image of the instance's disk is being made."""
    for image in unit.images.where(source_instance_id=instance.id, state=ImageState.PENDING):
        raise WrongState("instance", instance.id, instance.state, f"and the image {image.id} of its disk is being made")


def done(unit: Unit, image_id: str, sha256: str, size_bytes: int) -> None:
    """Give an image its bytes, if it is still wanted and its instance was off all the time."""
    image = unit.images.get(image_id)
    if image is None or image.state is not ImageState.PENDING:
        return
    instance = unit.instances.get(image.source_instance_id)
    if instance is None or not instance.to_be_off:
        failed(unit, image_id, *ENDED)
        return
    there = replace(image, state=ImageState.AVAILABLE, sha256=sha256, size_bytes=size_bytes)
    unit.images.put(there, event="image.available", text=f"{image.id} was read from {instance.id}")
    images.let_start(unit, instance.id)


def failed(unit: Unit, image_id: str, code: str, reason: str) -> None:
    """End an image whose bytes can not be had."""
    image = unit.images.get(image_id)
    if image is None or image.state is not ImageState.PENDING:
        return
    over = replace(image, state=ImageState.FAILED, state_reason_code=code, state_reason=f"{code}: {reason}")
    unit.images.put(over, event="image.failed", text=reason)
    images.let_start(unit, image.source_instance_id)
