"""Volumes: what users ask of them, and what the loop reports that changes what is wanted.

Nothing here touches the storage. There is storage for rehearsal hosts only: for a cluster that has a real host nothing
is promised, and the volume of any other is marked as rehearsed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.domain import ids
from app.domain.account import Caller
from app.domain.commands import CreateVolume
from app.domain.errors import Absent, InUse, Invalid, Missing, Unsupported, WrongState
from app.domain.ports import Entropy, Unit
from app.domain.quota import Resource
from app.domain.states import Kept, SnapshotState, VolumeState
from app.domain.volume import DEFAULT_KIND, KINDS, LARGEST_GIB, SMALLEST_GIB, Snapshot, Volume
from app.services import quotas, snapshots, tags
from app.services.access import each, owns

_SETTLED = (VolumeState.AVAILABLE, VolumeState.IN_USE)


def create(unit: Unit, caller: Caller, command: CreateVolume, entropy: Entropy) -> Volume:
    """Record a volume to be made."""
    if unit.clusters.get(command.cluster) is None:
        raise Missing("zone", command.cluster)
    volume = new(unit, caller, command, entropy)
    check_room(unit, caller.account_id, 1, volume.size_gib)
    unit.volumes.add(volume, event="volume.asked", text=f"{volume.size_gib} GiB in {volume.cluster}")
    if command.tags:
        tags.set_on(unit, caller, (volume.id,), command.tags)
    return volume


def new(unit: Unit, caller: Caller, command: CreateVolume, entropy: Entropy) -> Volume:
    """Form the row of a volume, checked but for what the account may have in all."""
    if command.kind and command.kind not in KINDS:
        raise Invalid("VolumeType", command.kind, f"Choose one of {', '.join(KINDS)}.")
    source = _source(unit, caller, command)
    need_storage(unit, command.cluster)
    return Volume(
        id=ids.mint("volume", entropy(ids.ENTROPY_BYTES)),
        account_id=caller.account_id,
        cluster=command.cluster,
        size_gib=_size(command, source),
        kind=command.kind or DEFAULT_KIND,
        snapshot_id=source.id if source else "",
        rehearsed=True,
        created_at_ms=unit.now_ms,
    )


def check_room(unit: Unit, account_id: str, count: int, size_gib: int) -> None:
    """Refuse so many more volumes, or GiB in all, that an account would pass its limits."""
    quotas.check(unit, account_id, Resource.VOLUMES, count)
    quotas.check(unit, account_id, Resource.VOLUME_GIB, size_gib)


def need_storage(unit: Unit, cluster: str) -> None:
    """Refuse volumes where nothing could hold them: in a cluster with a real host, or with none."""
    hosts = unit.hosts.where(cluster=cluster)
    if not hosts or not all(host.rehearsal for host in hosts):
        why = f"there is no volume storage in zone {cluster}; so far only zones of rehearsal hosts have it, rehearsed"
        raise Unsupported("Volume storage", why)


def delete(unit: Unit, caller: Caller, volume_id: str) -> Volume:
    """Want a volume gone for good."""
    volume = find(unit, caller, (volume_id,))[0]
    if volume.instance_id:
        raise InUse("volume", volume.id, volume.instance_id)
    if volume.state not in (VolumeState.AVAILABLE, VolumeState.ERROR):
        raise WrongState("volume", volume.id, volume.state, "and only one that is available or in error can be deleted")
    gone = replace(volume, wanted=Kept.DELETED, deleted_at_ms=unit.now_ms)
    unit.volumes.put(gone, event="volume.delete asked", text=f"asked by {caller.user_name}")
    return gone


def modify(unit: Unit, caller: Caller, volume_id: str, size_gib: int, kind: str) -> Volume:
    """Want a volume larger, or of another kind; a size of 0 and an empty kind leave it as it is."""
    volume = find(unit, caller, (volume_id,))[0]
    if volume.state not in _SETTLED:
        raise WrongState("volume", volume.id, volume.state, "and only one that is available or in use can be modified")
    if volume.seen_gib < volume.size_gib:
        raise WrongState("volume modification", volume.id, "modifying", "so it can not be modified again yet")
    if kind and kind not in KINDS:
        raise Invalid("VolumeType", kind, f"Choose one of {', '.join(KINDS)}.")
    wanted_gib = size_gib or volume.size_gib
    if not volume.size_gib <= wanted_gib <= LARGEST_GIB:
        raise Invalid("Size", size_gib, f"A volume only grows: from {volume.size_gib} GiB to {LARGEST_GIB} at most.")
    check_room(unit, volume.account_id, 0, wanted_gib - volume.size_gib)
    changed = replace(
        volume,
        size_gib=wanted_gib,
        kind=kind or volume.kind,
        original_gib=volume.size_gib,
        original_kind=volume.kind,
        modified_at_ms=unit.now_ms,
        modify_error="",
    )
    unit.volumes.put(changed, event="volume.modify asked", text=f"asked by {caller.user_name}")
    return changed


def set_auto_enable_io(unit: Unit, caller: Caller, volume_id: str, *, on: bool) -> None:
    """Note what a volume should do after a doubt about its content; there never is one here."""
    volume = find(unit, caller, (volume_id,))[0]
    unit.volumes.put(replace(volume, auto_enable_io=on))


def find(unit: Unit, caller: Caller, volume_ids: Sequence[str]) -> list[Volume]:
    """Look volumes up in the order asked, each once; Missing names all that are not there for the caller."""
    return each(unit.volumes, "volume", volume_ids, lambda volume: owns(caller, volume) and not volume.gone)


def visible(unit: Unit, where: Mapping[str, object]) -> list[Volume]:
    """List the volumes that meet conditions, but for those that are gone."""
    return [volume for volume in unit.volumes.where(**where) if not volume.gone]


def let_go(unit: Unit, seen: Volume, *, ended: bool) -> None:
    """Record that a volume hangs on no instance any more, unless it was attached anew since it was `seen`.

    `ended`: because the instance is gone, which takes the volumes with it that are to go.
    """
    volume = unit.volumes.get(seen.id)
    if volume is None or not volume.instance_id or volume.attaches != seen.attaches:
        return
    doomed = ended and volume.delete_on_termination
    free = replace(
        volume,
        instance_id="",
        device="",
        detach=False,
        force=False,
        delete_on_termination=False,
        wanted=Kept.DELETED if doomed else volume.wanted,
        deleted_at_ms=unit.now_ms if doomed else volume.deleted_at_ms,
    )
    unit.volumes.put(free, event="volume.detached", text=f"{volume.id} is detached from {volume.instance_id}")


def growth_refused(unit: Unit, volume_id: str, why: str) -> None:
    """Record that the storage does not make a volume larger: it stays as large as it is."""
    volume = unit.volumes.get(volume_id)
    if volume is not None and 0 < volume.seen_gib < volume.size_gib:
        kept = replace(volume, size_gib=volume.seen_gib, modify_error=why)
        unit.volumes.put(kept, event="volume.not grown", text=why)


def _source(unit: Unit, caller: Caller, command: CreateVolume) -> Snapshot | None:
    if not command.snapshot_id:
        return None
    source = snapshots.usable(unit, caller, command.snapshot_id)
    if source.state is not SnapshotState.COMPLETED:
        raise WrongState("snapshot", source.id, source.state, "and only one that is completed can be used")
    return source


def _size(command: CreateVolume, source: Snapshot | None) -> int:
    least = source.size_gib if source else SMALLEST_GIB
    if source is None and not command.size_gib:
        raise Absent("size/snapshot")
    size_gib = command.size_gib or least
    if not least <= size_gib <= LARGEST_GIB:
        raise Invalid("Size", size_gib, f"It is from {least} to {LARGEST_GIB} GiB.")
    return size_gib
