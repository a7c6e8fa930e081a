"""Volumes and snapshots, wanted × seen → what to do next. Pure: one step at a time, each of which may be repeated.

What hangs on them stands here: nothing is destroyed unless DELETED is wanted, nothing that was seen is made anew (it
would be empty), no volume goes while a snapshot of it is still being copied, and an instance keeps its volumes as long
as anything of it may be on its host. A storage that did not answer never gets here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.instance import Instance
from app.domain.states import InstanceState, Kept
from app.domain.storage import WHOLE, Hold, StoredSnapshot, StoredVolume
from app.domain.volume import Snapshot, Volume

POLL_S = 0.5
LOST = "the storage has it no more"
_FIT = frozenset({InstanceState.RUNNING, InstanceState.STOPPED})


@dataclass(frozen=True, slots=True)
class Create:
    """Make the volume."""


@dataclass(frozen=True, slots=True)
class Grow:
    """Make the volume as large as it is wanted."""


@dataclass(frozen=True, slots=True)
class Attach:
    hold: Hold


@dataclass(frozen=True, slots=True)
class Detach:
    force: bool


@dataclass(frozen=True, slots=True)
class Delete:
    """Destroy the content, of a volume or of a snapshot."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Begin the snapshot."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """Tell services that the volume hangs on no instance; `ended`: because the instance is gone."""

    ended: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again after this time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Write what was seen, by column."""

    seen: Mapping[str, object]


VolumeStep = Create | Grow | Attach | Detach | Delete | LetGo | Wait | Mark
SnapshotStep = Copy | Delete | Wait | Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeCase:
    """A volume with the instance that it is to hang on (None: none, or its row is gone); `copied`: a snapshot of it
    is under way."""

    volume: Volume
    instance: Instance | None = None
    copied: bool = False

    @property
    def ended(self) -> bool:
        """Tell whether the instance is gone from its host for good."""
        return self.instance is None or self.instance.state is InstanceState.TERMINATED

    @property
    def hold(self) -> Hold | None:
        """Tell how the instance sees it, or will; None where it should not."""
        volume, instance = self.volume, self.instance
        if instance is None or not volume.instance_id or volume.detach or self.ended:
            return None
        return Hold(instance_id=instance.id, host=instance.host, device=volume.device)


def next_step(case: VolumeCase, seen: StoredVolume | None) -> VolumeStep | None:
    """Say what is to be done about a volume; None: it is as it should be."""
    volume = case.volume
    if volume.gone:
        return None
    if volume.instance_id and case.hold is None:
        return _part(case, seen)
    if volume.wanted is Kept.DELETED:
        return _remove(case, seen)
    if volume.failed:
        return LetGo(ended=False) if volume.instance_id else None
    return _keep(case, seen)


def _keep(case: VolumeCase, seen: StoredVolume | None) -> VolumeStep | None:
    volume = case.volume
    if seen is None:
        return Mark({"failed": LOST}) if volume.seen_gib else Create()
    if seen.size_gib < volume.size_gib:
        return _marked(volume, seen, attached=volume.attached) or Grow()
    return _hang(case, seen)


def _part(case: VolumeCase, seen: StoredVolume | None) -> VolumeStep | None:
    """Take it off an instance that is gone, or that it is wanted off."""
    if seen is not None and seen.hold is not None:
        return Detach(force=case.ended or case.volume.force)
    return LetGo(ended=case.ended)


def _remove(case: VolumeCase, seen: StoredVolume | None) -> VolumeStep | None:
    if seen is None:
        return Mark({"removed": True, "seen_gib": 0})
    if seen.hold is not None:
        return Detach(force=True)
    return Wait(POLL_S) if case.copied else Delete()


def _hang(case: VolumeCase, seen: StoredVolume) -> VolumeStep | None:
    volume, hold = case.volume, case.hold
    if hold is None or (seen.hold is not None and seen.hold.instance_id != hold.instance_id):
        return Detach(force=False) if seen.hold else _marked(volume, seen, attached=0)
    if seen.hold == hold:
        return _marked(volume, seen, attached=volume.attaches)
    assert case.instance is not None
    if case.instance.state in _FIT and not case.instance.moving_from:
        return Attach(hold)
    return _marked(volume, seen, attached=volume.attached if seen.hold else 0)


def _marked(volume: Volume, seen: StoredVolume, *, attached: int) -> Mark | None:
    """Write down what differs from the row."""
    if (volume.seen_gib, volume.attached) == (seen.size_gib, attached):
        return None
    return Mark({"seen_gib": seen.size_gib, "attached": attached})


def next_snapshot_step(snapshot: Snapshot, seen: StoredSnapshot | None) -> SnapshotStep | None:
    """Say what is to be done about a snapshot; None: it is as it should be."""
    if snapshot.removed or (snapshot.failed and not snapshot.gone):
        return None
    if snapshot.gone:
        return Delete() if seen else Mark({"removed": True})
    if seen is None:
        return Mark({"failed": LOST}) if snapshot.completed_at_ms else Copy()
    return _follow(snapshot, seen)


def _follow(snapshot: Snapshot, seen: StoredSnapshot) -> SnapshotStep | None:
    if snapshot.completed_at_ms:
        return None
    if seen.percent != snapshot.percent or seen.percent >= WHOLE:
        return Mark({"percent": seen.percent})
    return Wait(POLL_S)
