"""What is to be done next about a volume or a snapshot, case by case."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.states import Kept, Seen, Wanted
from app.domain.storage import Hold, StoredSnapshot, StoredVolume
from app.domain.volume import Snapshot, Volume
from app.reconcile.volumes import (
    LOST,
    POLL_S,
    Attach,
    Copy,
    Create,
    Delete,
    Detach,
    Grow,
    LetGo,
    Mark,
    VolumeCase,
    Wait,
    next_snapshot_step,
    next_step,
)
from tests.builders import OURS, an_instance

ID, SNAPSHOT = "vol-0000000a", "snap-0000000a"
RUNNING: dict[str, Any] = {"seen": Seen.RUNNING, "launched": 1}
HOLD = Hold(instance_id="i-00000001", host="host1", device="/dev/sdf")
THERE = StoredVolume(volume_id=ID, size_gib=2)
HELD = StoredVolume(volume_id=ID, size_gib=2, hold=HOLD)


def a_volume(**changes: Any) -> Volume:
    facts: dict[str, Any] = {"id": ID, "account_id": OURS, "cluster": "one", "size_gib": 2, "created_at_ms": 1}
    return Volume(**(facts | changes))


def hung(**changes: Any) -> Volume:
    """Make a volume that is wanted on an instance."""
    return a_volume(
        **({"seen_gib": 2, "instance_id": HOLD.instance_id, "device": HOLD.device, "attaches": 3} | changes)
    )


def case(volume: Volume, *, copied: bool = False, **instance: Any) -> VolumeCase:
    there = an_instance(HOLD.instance_id, **(RUNNING | instance)) if volume.instance_id else None
    return VolumeCase(volume=volume, instance=there, copied=copied)


GONE: dict[str, Any] = {"wanted": Wanted.TERMINATED, "removed": True}
CASES: list[tuple[VolumeCase, StoredVolume | None, object]] = [
    (case(a_volume()), None, Create()),
    (case(a_volume()), THERE, Mark({"seen_gib": 2, "attached": 0})),
    (case(a_volume(seen_gib=2)), THERE, None),
    (case(a_volume(seen_gib=2)), None, Mark({"failed": LOST})),
    (case(a_volume(seen_gib=2, size_gib=3)), THERE, Grow()),
    (case(a_volume(seen_gib=2)), HELD, Detach(force=False)),
    (case(a_volume(failed="no")), None, None),
    (case(a_volume(wanted=Kept.DELETED)), THERE, Delete()),
    (case(a_volume(wanted=Kept.DELETED), copied=True), THERE, Wait(POLL_S)),
    (case(a_volume(wanted=Kept.DELETED)), HELD, Detach(force=True)),
    (case(a_volume(wanted=Kept.DELETED)), None, Mark({"removed": True, "seen_gib": 0})),
    (case(a_volume(wanted=Kept.DELETED, removed=True)), None, None),
    (case(hung()), THERE, Attach(HOLD)),
    (case(hung()), HELD, Mark({"seen_gib": 2, "attached": 3})),
    (case(hung(attached=3)), HELD, None),
    (case(hung(attached=3), seen=Seen.OFF, wanted=Wanted.STOPPED), THERE, Attach(HOLD)),
    (case(hung(attached=3), launches=2), THERE, Mark({"seen_gib": 2, "attached": 0})),
    (case(hung(), launched=0), THERE, None),
    (case(hung(attached=3), host="host2"), HELD, Attach(replace(HOLD, host="host2"))),
    (case(hung(attached=3), host="host2", moving_from="host1"), HELD, None),
    (case(hung()), replace(HELD, hold=replace(HOLD, instance_id="i-00000002")), Detach(force=False)),
    (case(hung(detach=True, attached=3)), HELD, Detach(force=False)),
    (case(hung(detach=True, force=True, attached=3)), HELD, Detach(force=True)),
    (case(hung(detach=True)), THERE, LetGo(ended=False)),
    (case(hung(), **GONE), HELD, Detach(force=True)),
    (case(hung(), **GONE), THERE, LetGo(ended=True)),
    (case(hung(), **GONE), None, LetGo(ended=True)),
    (case(hung(attached=3), wanted=Wanted.TERMINATED), HELD, None),
    (VolumeCase(volume=hung()), HELD, Detach(force=True)),
    (case(hung(failed="no")), None, LetGo(ended=False)),
]


@pytest.mark.parametrize(("given", "seen", "step"), CASES)
def test_a_volume_comes_nearer_to_what_is_wanted(given: VolumeCase, seen: StoredVolume | None, step: object) -> None:
    assert next_step(given, seen) == step


def a_snapshot(**changes: Any) -> Snapshot:
    facts: dict[str, Any] = {
        "id": SNAPSHOT,
        "account_id": OURS,
        "volume_id": ID,
        "source_id": ID,
        "size_gib": 2,
        "created_at_ms": 1,
    }
    return Snapshot(**(facts | changes))


def stored(percent: int) -> StoredSnapshot:
    return StoredSnapshot(snapshot_id=SNAPSHOT, size_gib=2, percent=percent)


SNAPSHOTS: list[tuple[Snapshot, StoredSnapshot | None, object]] = [
    (a_snapshot(), None, Copy()),
    (a_snapshot(), stored(0), Wait(POLL_S)),
    (a_snapshot(), stored(40), Mark({"percent": 40})),
    (a_snapshot(percent=40), stored(40), Wait(POLL_S)),
    (a_snapshot(percent=100), stored(100), Mark({"percent": 100})),
    (a_snapshot(percent=100, completed_at_ms=1), stored(100), None),
    (a_snapshot(percent=100, completed_at_ms=1), None, Mark({"failed": LOST})),
    (a_snapshot(failed="no"), None, None),
    (a_snapshot(wanted=Kept.DELETED), stored(40), Delete()),
    (a_snapshot(wanted=Kept.DELETED), None, Mark({"removed": True})),
    (a_snapshot(wanted=Kept.DELETED, failed="no"), None, Mark({"removed": True})),
    (a_snapshot(wanted=Kept.DELETED, removed=True), None, None),
]


@pytest.mark.parametrize(("given", "seen", "step"), SNAPSHOTS)
def test_a_snapshot_comes_nearer_to_what_is_wanted(given: Snapshot, seen: StoredSnapshot | None, step: object) -> None:
    assert next_snapshot_step(given, seen) == step
