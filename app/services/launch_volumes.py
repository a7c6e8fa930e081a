"""Volumes that come with a launch: made and attached for each of its instances, in the launch's own transaction."""

from collections.abc import Sequence
from dataclasses import replace

from app.domain.account import Caller
from app.domain.commands import CreateVolume, NewDisk, RunInstances
from app.domain.instance import Instance
from app.domain.ports import Entropy, Unit
from app.domain.volume import Volume
from app.services import devices, tags, volumes


def add(unit: Unit, caller: Caller, command: RunInstances, launched: Sequence[Instance], entropy: Entropy) -> None:
    """Record a volume for each disk of each instance, attached; what is refused here undoes the whole launch."""
    if not command.disks:
        return
    made = [volume for instance in launched for volume in _of(unit, caller, instance, command.disks, entropy)]
    volumes.check_room(unit, caller.account_id, len(made), sum(volume.size_gib for volume in made))
    for volume in made:
        unit.volumes.add(volume, event="volume.asked", text=f"{volume.size_gib} GiB for {volume.instance_id}")
    if command.volume_tags:
        tags.set_on(unit, caller, [volume.id for volume in made], command.volume_tags)


def _of(unit: Unit, caller: Caller, instance: Instance, disks: Sequence[NewDisk], entropy: Entropy) -> list[Volume]:
    hung: list[Volume] = []
    for disk in disks:
        devices.check_free(disk.device, hung)
        command = CreateVolume(
            cluster=instance.cluster, size_gib=disk.size_gib, snapshot_id=disk.snapshot_id, kind=disk.kind
        )
        volume = replace(
            volumes.new(unit, caller, command, entropy),
            instance_id=instance.id,
            device=disk.device,
            delete_on_termination=disk.delete_on_termination,
            attaches=1,
            attached_at_ms=unit.now_ms,
        )
        hung.append(volume)
    return hung
