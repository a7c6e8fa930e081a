"""Snapshots: taken, copied, shared and deleted. The content is the loop's to copy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.domain import ids
from app.domain.account import Caller
from app.domain.errors import InUse, Invalid, Missing, WrongState
from app.domain.ports import Entropy, Unit
from app.domain.quota import Resource
from app.domain.states import Kept, SnapshotState, VolumeState
from app.domain.volume import Snapshot, Volume
from app.services import quotas, tags
from app.services.access import each, may_clone, owns

LONGEST_DESCRIPTION = 255
COPIED_VOLUME = "vol-ffffffff"  # what EC2 names as the volume of a copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a new snapshot is called."""

    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def take(unit: Unit, caller: Caller, sources: Sequence[Volume], label: Label, entropy: Entropy) -> list[Snapshot]:
    """Record a snapshot of each volume; all or none."""
    for volume in sources:
        if volume.state not in (VolumeState.AVAILABLE, VolumeState.IN_USE) or not volume.seen_gib:
            raise WrongState("volume", volume.id, volume.state, "which has nothing to be copied")
    _check_label(unit, caller, label, len(sources))
    made = [
        Snapshot(
            id=ids.mint("snapshot", entropy(ids.ENTROPY_BYTES)),
            account_id=caller.account_id,
            volume_id=volume.id,
            source_id=volume.id,
            size_gib=volume.seen_gib,
            description=label.description,
            rehearsed=volume.rehearsed,
            created_at_ms=unit.now_ms,
        )
        for volume in sources
    ]
    return _add(unit, caller, made, label)


def copy(unit: Unit, caller: Caller, source_id: str, label: Label, entropy: Entropy) -> Snapshot:
    """Record a copy of a snapshot, which belongs to the caller."""
    source = usable(unit, caller, source_id)
    if source.state is not SnapshotState.COMPLETED:
        raise WrongState("snapshot", source.id, source.state, "and only one that is completed can be copied")
    _check_label(unit, caller, label, 1)
    made = Snapshot(
        id=ids.mint("snapshot", entropy(ids.ENTROPY_BYTES)),
        account_id=caller.account_id,
        volume_id=COPIED_VOLUME,
        source_id=source.id,
        size_gib=source.size_gib,
        description=label.description,
        rehearsed=source.rehearsed,
        created_at_ms=unit.now_ms,
    )
    return _add(unit, caller, [made], label)[0]


def delete(unit: Unit, caller: Caller, snapshot_id: str) -> None:
    """Want a snapshot gone; InUse while a volume or a copy is still being made from it."""
    snapshot = own(unit, caller, snapshot_id)
    for volume in unit.volumes.where(snapshot_id=snapshot.id, seen_gib=0):
        if volume.state is VolumeState.CREATING:
            raise InUse("snapshot", snapshot.id, f"{volume.id}, which is being made from it")
    for made in unit.snapshots.where(source_id=snapshot.id):
        if made.state is SnapshotState.PENDING:
            raise InUse("snapshot", snapshot.id, f"{made.id}, which is being copied from it")
    gone = replace(snapshot, wanted=Kept.DELETED, deleted_at_ms=unit.now_ms, users=(), public=False)
    unit.snapshots.put(gone, event="snapshot.delete asked", text=f"delete asked by {caller.user_name}")


def own(unit: Unit, caller: Caller, snapshot_id: str) -> Snapshot:
    """Look a snapshot up that the caller may change; one that is only shared with the caller is Missing, too."""
    snapshot = unit.snapshots.get(ids.parse(snapshot_id, "snapshot"))
    if snapshot is None or not owns(caller, snapshot) or snapshot.gone:
        raise Missing("snapshot", snapshot_id)
    return snapshot


def usable(unit: Unit, caller: Caller, snapshot_id: str) -> Snapshot:
    """Look a snapshot up that the caller may make volumes from."""
    return find(unit, caller, (snapshot_id,))[0]


def find(unit: Unit, caller: Caller, snapshot_ids: Sequence[str]) -> list[Snapshot]:
    """Look snapshots up that the caller may use, each once; Missing names all that are not there for the caller."""
    return each(
        unit.snapshots, "snapshot", snapshot_ids, lambda snapshot: may_clone(caller, snapshot) and not snapshot.gone
    )


def visible(unit: Unit, caller: Caller) -> list[Snapshot]:
    """List the snapshots that the caller may make volumes from."""
    rows = unit.snapshots.where(wanted=Kept.KEPT)
    return [snapshot for snapshot in rows if may_clone(caller, snapshot)]


def tags_of(unit: Unit, caller: Caller, shown: Iterable[Snapshot]) -> dict[str, dict[str, str]]:
    """Collect the tags of snapshots; whom one is only shared with sees none of its owner's."""
    return tags.by_resource(unit, [snapshot.id for snapshot in shown if owns(caller, snapshot)])


def restorable_by(snapshot: Snapshot, account_id: str, *, caller: Caller) -> bool:
    """Tell whether an account may make volumes from a snapshot: its owner's, all, or those that it is shared with."""
    if account_id == "all":
        return snapshot.public
    named = caller.account_id if account_id == "self" else account_id
    return named == snapshot.account_id or named in snapshot.users


def share(
    unit: Unit, caller: Caller, snapshot_id: str, add: Iterable[str | None], remove: Iterable[str | None]
) -> None:
    """Let accounts make volumes from a snapshot, or not any more; None stands for everybody."""
    snapshot = own(unit, caller, snapshot_id)
    added, removed = set(add), set(remove)
    for account_id in sorted(named for named in added | removed if named is not None):
        if not (account_id.isascii() and account_id.isdecimal() and len(account_id) == 12):
            raise Invalid("UserId", account_id, "An account has twelve digits.")
    users = (set(snapshot.users) | {user for user in added if user}) - removed
    public = (snapshot.public or None in added) and None not in removed
    unit.snapshots.put(replace(snapshot, users=tuple(sorted(filter(None, users))), public=public))


def unshare(unit: Unit, caller: Caller, snapshot_id: str) -> None:
    """Let nobody but the owner make volumes from a snapshot."""
    unit.snapshots.put(replace(own(unit, caller, snapshot_id), users=(), public=False))


def _check_label(unit: Unit, caller: Caller, label: Label, asked: int) -> None:
    if len(label.description) > LONGEST_DESCRIPTION:
        raise Invalid("Description", label.description, f"It has at most {LONGEST_DESCRIPTION} characters.")
    quotas.check(unit, caller.account_id, Resource.SNAPSHOTS, asked)


def _add(unit: Unit, caller: Caller, made: list[Snapshot], label: Label) -> list[Snapshot]:
    for snapshot in made:
        unit.snapshots.add(snapshot, event="snapshot.asked", text=f"of {snapshot.source_id}")
    if label.tags:
        tags.set_on(unit, caller, [snapshot.id for snapshot in made], label.tags)
    return made
