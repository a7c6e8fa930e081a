"""The steps of volumes and snapshots carried out: on the storage, or into the store.

What the storage refuses for good is tried a few times; then a user is told by the state of what was asked for. The
trap: a row may have changed since the look, so only what was seen is written into it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol, TypeVar

from app.domain.errors import Broken, CloudError, TimedOut
from app.domain.ports import Store, Unit
from app.domain.states import Kept, SnapshotState
from app.domain.storage import WHOLE, Volumes, VolumeSpec
from app.domain.volume import Snapshot, Volume
from app.reconcile.limits import Limits
from app.reconcile.volumes import (
    Attach,
    Copy,
    Create,
    Delete,
    Detach,
    Grow,
    LetGo,
    Mark,
    SnapshotStep,
    VolumeCase,
    VolumeStep,
    Wait,
    next_snapshot_step,
    next_step,
)


class VolumeOutcomes(Protocol):
    """What the loop tells services, inside a transaction with services as the writer."""

    def let_go(self, unit: Unit, seen: Volume, *, ended: bool) -> None:
        """Let a volume hang on no instance; `ended`: its instance is gone, with the volumes that were to go with it."""
        ...

    def growth_refused(self, unit: Unit, volume_id: str, why: str) -> None:
        """Let a volume stay as large as it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What steps are taken with."""

    store: Store
    storage: Volumes
    outcomes: VolumeOutcomes


class Progress(Enum):
    """How far one step came."""

    MOVED = auto()  # look again at once
    WAITING = auto()
    SETTLED = auto()


Step = TypeVar("Step")


class Steps(Protocol[Step]):
    """One thing's way to what is wanted."""

    async def look(self) -> Step | None:
        """See what is to be done."""
        ...

    async def take(self, step: Step) -> None: ...

    async def settled(self) -> None:
        """Forget what went wrong on the way."""
        ...

    async def failed(self, step: Step, error: CloudError, *, given_up: bool) -> None:
        """Note what went wrong; `given_up`: for the last time."""
        ...

    @property
    def attempts(self) -> int:
        """Count how often it was refused before."""
        ...


async def advance(steps: Steps[Step], limits: Limits) -> Progress:
    """Take one step; what went wrong is noted and raised."""
    step = await steps.look()
    if step is None:
        await steps.settled()
        return Progress.SETTLED
    if isinstance(step, Wait):
        return Progress.WAITING
    try:
        async with asyncio.timeout(limits.pass_s):
            await steps.take(step)
    except TimeoutError:
        error: CloudError = TimedOut("volume storage", "a step", limits.pass_s)
    except CloudError as refused:
        error = refused
    else:
        return Progress.MOVED
    last = isinstance(error, Broken) and steps.attempts + 1 >= limits.attempts
    await steps.failed(step, error, given_up=last)
    raise error


class VolumeSteps:
    """One volume's."""

    def __init__(self, hand: Hand, volume_id: str) -> None:
        self._hand, self._id = hand, volume_id
        self._case: VolumeCase | None = None

    async def look(self) -> VolumeStep | None:
        self._case = await self._hand.store.read(lambda unit: volume_case(unit, self._id))
        if self._case is None or self._case.volume.gone:
            return None
        return next_step(self._case, await self._hand.storage.volume(self._id))

    async def take(self, step: VolumeStep) -> None:
        assert self._case is not None
        volume, storage = self._case.volume, self._hand.storage
        match step:
            case Create():
                spec = VolumeSpec(
                    volume_id=volume.id,
                    cluster=volume.cluster,
                    size_gib=volume.size_gib,
                    snapshot_id=volume.snapshot_id,
                )
                await storage.create(spec)
            case Grow():
                await storage.grow(volume.id, volume.size_gib)
            case Attach(hold=hold):
                await storage.attach(volume.id, hold)
            case Detach(force=force):
                await storage.detach(volume.id, force=force)
            case Delete():
                await storage.delete(volume.id)
            case Mark(seen=seen):
                await self._mark(seen)
            case LetGo(ended=ended):
                await self._let_go(ended=ended)

    async def settled(self) -> None:
        volume = self._case.volume if self._case else None
        if volume is not None and (volume.attempts or volume.last_error or volume.busy):
            await self._mark({"attempts": 0, "last_error": "", "busy": False})

    @property
    def attempts(self) -> int:
        return self._case.volume.attempts if self._case else 0

    async def failed(self, step: VolumeStep, error: CloudError, *, given_up: bool) -> None:
        noted = _noted(self.attempts, error)
        match step:
            case Create() if given_up:
                await self._mark(noted | {"failed": str(error)})
            case Attach() if given_up:
                await self._mark(noted | {"attempts": 0})
                await self._let_go(ended=False)
            case Grow() if given_up:
                await self._mark(noted | {"attempts": 0})
                refused = partial(self._hand.outcomes.growth_refused, volume_id=self._id, why=str(error))
                await self._hand.store.write(refused, writer="services")
            case _:
                await self._mark(noted | {"busy": isinstance(step, Detach)})

    async def _let_go(self, *, ended: bool) -> None:
        assert self._case is not None
        volume, outcomes = self._case.volume, self._hand.outcomes
        await self._hand.store.write(lambda unit: outcomes.let_go(unit, volume, ended=ended), writer="services")

    async def _mark(self, seen: Mapping[str, object]) -> None:
        await self._hand.store.write(lambda unit: _mark_volume(unit, self._id, seen), writer="reconcile")


class SnapshotSteps:
    """One snapshot's."""

    def __init__(self, hand: Hand, snapshot_id: str) -> None:
        self._hand, self._id = hand, snapshot_id
        self._row: Snapshot | None = None

    async def look(self) -> SnapshotStep | None:
        self._row = await self._hand.store.read(lambda unit: unit.snapshots.get(self._id))
        if self._row is None or self._row.removed:
            return None
        return next_snapshot_step(self._row, await self._hand.storage.snapshot(self._id))

    async def take(self, step: SnapshotStep) -> None:
        assert self._row is not None
        match step:
            case Copy():
                await self._hand.storage.take_snapshot(self._id, self._row.source_id)
            case Delete():
                await self._hand.storage.delete_snapshot(self._id)
            case Mark(seen=seen):
                await self._mark(seen)

    async def settled(self) -> None:
        if self._row is not None and (self._row.attempts or self._row.last_error):
            await self._mark({"attempts": 0, "last_error": ""})

    @property
    def attempts(self) -> int:
        return self._row.attempts if self._row else 0

    async def failed(self, step: SnapshotStep, error: CloudError, *, given_up: bool) -> None:
        gone = {"failed": str(error)} if given_up and isinstance(step, Copy) else {}
        await self._mark(_noted(self.attempts, error) | gone)

    async def _mark(self, seen: Mapping[str, object]) -> None:
        await self._hand.store.write(lambda unit: _mark_snapshot(unit, self._id, seen), writer="reconcile")


def _noted(attempts: int, error: CloudError) -> dict[str, object]:
    """Form what is written of a failure: only what was refused for good counts."""
    return {"attempts": attempts + isinstance(error, Broken), "last_error": str(error)}


def volume_case(unit: Unit, volume_id: str) -> VolumeCase | None:
    """Read a volume with what its steps depend on."""
    volume = unit.volumes.get(volume_id)
    if volume is None:
        return None
    instance = unit.instances.get(volume.instance_id) if volume.instance_id else None
    copies = unit.snapshots.where(source_id=volume.id) if volume.wanted is Kept.DELETED else []
    copied = any(snapshot.state is SnapshotState.PENDING for snapshot in copies)
    return VolumeCase(volume=volume, instance=instance, copied=copied)


def _mark_volume(unit: Unit, volume_id: str, seen: Mapping[str, Any]) -> None:
    row = unit.volumes.get(volume_id)
    if row is None:
        return
    new = replace(row, **seen)
    if 0 < row.seen_gib < new.seen_gib:
        new = replace(new, grown_at_ms=unit.now_ms)
    changed = (new.state, new.attachment) != (row.state, row.attachment)
    event = f"volume.{new.attachment if new.instance_id else new.state}" if changed else None
    unit.volumes.put(new, event=event, text=_said(new) if changed else "")


def _said(volume: Volume) -> str:
    where = f", {volume.attachment} to {volume.instance_id}" if volume.instance_id else ""
    return f"{volume.id} is {volume.state}{where}" + (f": {volume.failed}" if volume.failed else "")


def _mark_snapshot(unit: Unit, snapshot_id: str, seen: Mapping[str, Any]) -> None:
    row = unit.snapshots.get(snapshot_id)
    if row is None:
        return
    new = replace(row, **seen)
    if new.percent >= WHOLE and not row.completed_at_ms:
        new = replace(new, completed_at_ms=unit.now_ms)
    changed = new.state is not row.state
    unit.snapshots.put(new, event=f"snapshot.{new.state}" if changed else None)
