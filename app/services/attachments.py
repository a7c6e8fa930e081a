"""Which volume hangs on which instance, as users ask for it.

One transaction decides, so of two who want one volume, or one device name, exactly one gets it. When the instance is
gone the loop lets go of its volumes: nothing has to be told when somebody terminates it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.domain import ids
from app.domain.account import Caller
from app.domain.errors import Conflict, InUse, Missing, WrongState
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import InstanceState, VolumeState
from app.domain.volume import Volume
from app.services import devices, instances, volumes

_FIT = (InstanceState.RUNNING, InstanceState.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detachment:
    """What is to come off; an empty instance or device: whichever it is."""

    volume_id: str
    instance_id: str = ""
    device: str = ""
    force: bool = False


def attach(unit: Unit, caller: Caller, volume_id: str, instance_id: str, device: str) -> Volume:
    """Want a volume on an instance of the same zone."""
    volume = volumes.find(unit, caller, (volume_id,))[0]
    instance = instances.find(unit, caller, (instance_id,))[0]
    if volume.instance_id:
        raise InUse("volume", volume.id, volume.instance_id)
    if volume.state is not VolumeState.AVAILABLE:
        raise WrongState("volume", volume.id, volume.state, "and only one that is available can be attached")
    if instance.resting:
        why = "and its disk is being read: try again once its image is available"
        raise WrongState("instance to attach to", instance.id, instance.state, why)
    if instance.state not in _FIT:
        why = "and a volume is attached to one that runs or is stopped"
        raise WrongState("instance to attach to", instance.id, instance.state, why)
    if volume.cluster != instance.cluster:
        why = f"is in {volume.cluster} and the instance {instance.id} in {instance.cluster}"
        raise Conflict("volume in another zone", volume.id, why)
    volumes.need_storage(unit, instance.cluster)
    devices.check_free(device, unit.volumes.where(instance_id=instance.id))
    hung = replace(
        volume,
        instance_id=instance.id,
        device=device,
        delete_on_termination=False,
        attaches=volume.attaches + 1,
        attached_at_ms=unit.now_ms,
    )
    unit.volumes.put(hung, event="volume.attach asked", text=f"{volume.id} to {instance.id} as {device}")
    return hung


def detach(unit: Unit, caller: Caller, asked: Detachment) -> Volume:
    """Want a volume off its instance; asking again, also with force, does no harm."""
    volume = volumes.find(unit, caller, (asked.volume_id,))[0]
    named = ids.parse(asked.instance_id, "instance") if asked.instance_id else ""
    if not volume.instance_id:
        raise WrongState("volume", volume.id, volume.state, "so it hangs on no instance")
    if named not in ("", volume.instance_id):
        raise Missing("attachment", f"{volume.id} to {asked.instance_id}")
    if asked.device and devices.place(asked.device) != devices.place(volume.device):
        raise Missing("attachment", f"{volume.id} as {asked.device}")
    leaving = replace(volume, detach=True, force=volume.force or asked.force)
    unit.volumes.put(leaving, event="volume.detach asked", text=f"detach asked by {caller.user_name}")
    return leaving


def keep_or_not(unit: Unit, instance: Instance, asked: Iterable[tuple[str, bool]]) -> None:
    """Let volumes go with their instance or outlive it, by device; Missing if there is none under it."""
    hung = {devices.place(volume.device): volume for volume in unit.volumes.where(instance_id=instance.id)}
    for device, goes in asked:
        volume = hung.get(devices.place(device))
        if volume is None:
            raise Missing("mapped device", device)
        unit.volumes.put(replace(volume, delete_on_termination=goes))


def by_instance(unit: Unit, instance_ids: Iterable[str]) -> dict[str, list[Volume]]:
    """Collect the volumes of many instances in one query, each by device."""
    found: dict[str, list[Volume]] = {}
    for volume in unit.volumes.where(instance_id=tuple(instance_ids)):
        found.setdefault(volume.instance_id, []).append(volume)
    return {instance_id: sorted(hung, key=lambda volume: volume.device) for instance_id, hung in found.items()}
