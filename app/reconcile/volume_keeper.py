"""Keep the storage as the store wants it: volumes and snapshots, apart from the loop of instances.

It wakes on the journal and looks at everything now and then. Nothing is remembered but how often something failed in a
row, so a kill between any two steps costs nothing but time.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from app.domain import ids
from app.domain.errors import CloudError
from app.domain.journal import Entry
from app.domain.ports import Clock, Unit
from app.domain.rows import writer_of
from app.domain.states import SnapshotState
from app.domain.volume import Snapshot, Volume
from app.reconcile.backoff import Backoff
from app.reconcile.limits import Limits
from app.reconcile.queue import Again, Turn, WorkQueue
from app.reconcile.volume_steps import Hand, Progress, SnapshotSteps, Steps, VolumeSteps, advance
from app.reconcile.volumes import POLL_S, VolumeCase, next_snapshot_step, next_step

log = logging.getLogger(__name__)
ENTRIES = 2000
ROUNDS = 12
TROUBLE_PAUSE_S = 1.0
_LANE = "storage"
_OURS: Mapping[str, frozenset[str]] = {
    kind: frozenset(column.name for column in fields(entity) if writer_of(column) == "reconcile")
    for kind, entity in (("volume", Volume), ("snapshot", Snapshot))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    cursor: int
    full: bool
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Everything:
    cases: tuple[VolumeCase, ...]
    snapshots: tuple[Snapshot, ...]


class VolumeKeeper:
    """Makes the storage be what the store says; `run` does it until cancelled."""

    def __init__(self, hand: Hand, clock: Clock, limits: Limits) -> None:
        self._hand, self._clock, self._limits = hand, clock, limits
        self._backoff = Backoff(first_s=limits.retry_first_s, most_s=limits.retry_most_s, jitter=limits.jitter)
        self._failures: dict[str, int] = {}
        self._strangers: set[str] = set()
        self._queue = WorkQueue(
            self._settle,
            concurrency=limits.concurrency,
            per_lane=limits.concurrency,
            slow_after_s=limits.slow_after_s,
        )

    async def run(self) -> None:
        """Follow the journal, and look at everything every `resync_s`."""
        try:
            while True:
                try:
                    await self._follow()
                except CloudError as error:
                    log.warning("volumes can not be looked after", extra={"fields": {"error": str(error)}})
                except Exception:
                    log.exception("looking after volumes failed")
                await asyncio.sleep(TROUBLE_PAUSE_S)
        finally:
            await self._queue.stop(self._limits.stop_s)

    async def _follow(self) -> None:
        store, changes = self._hand.store, self._hand.store.changes()
        cursor = await store.read(lambda unit: unit.cursor())
        while True:
            await self._sweep()
            until_s = self._clock.monotonic_s() + self._limits.resync_s
            while (left_s := until_s - self._clock.monotonic_s()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await anext(changes)
                await asyncio.sleep(self._limits.together_s)  # what follows at once is looked at together
                cursor = await self._catch_up(cursor)

    async def _catch_up(self, cursor: int) -> int:
        news = _News(cursor=cursor, full=True, keys=())
        while news.full:
            news = await self._hand.store.read(partial(_read_news, after=news.cursor))
            for key in news.keys:
                self._queue.add(key, _LANE, urgent=True)
        return news.cursor

    async def _sweep(self) -> None:
        """Look at all that is not as it should be."""
        volumes = {seen.volume_id: seen for seen in await self._hand.storage.volumes()}
        snapshots = {seen.snapshot_id: seen for seen in await self._hand.storage.snapshots()}
        wanted = await self._hand.store.read(_everything)
        for case in wanted.cases:
            if next_step(case, volumes.pop(case.volume.id, None)) is not None:
                self._queue.add(case.volume.id, _LANE)
        for row in wanted.snapshots:
            if next_snapshot_step(row, snapshots.pop(row.id, None)) is not None:
                self._queue.add(row.id, _LANE)
        for stranger in sorted({*volumes, *snapshots} - self._strangers):
            log.warning("the storage holds something that nobody knows", extra={"fields": {"id": stranger}})
            self._strangers.add(stranger)

    async def _settle(self, key: str, turn: Turn) -> Again | None:
        """Bring one volume or snapshot nearer to what is wanted; return when to look again."""
        steps: Steps[Any] = _STEPS[ids.resource_of(key) or ""](self._hand, key)
        for _ in range(ROUNDS):
            turn.fresh()
            try:
                progress = await advance(steps, self._limits)
            except CloudError as error:
                self._failures[key] = self._failures.get(key, 0) + 1
                fields = {"id": key, "error": str(error)}
                log.warning("a step of a volume or snapshot failed", extra={"fields": fields})
                return Again(after_s=self._backoff.after(self._failures[key]), failed=True)
            if progress is not Progress.MOVED:
                self._failures.pop(key, None)
                return None if progress is Progress.SETTLED else Again(after_s=POLL_S)
        return Again(after_s=POLL_S)


_STEPS: Mapping[str, Callable[[Hand, str], Steps[Any]]] = {"volume": VolumeSteps, "snapshot": SnapshotSteps}


def _read_news(unit: Unit, after: int) -> _News:
    entries = unit.entries(after, ENTRIES)
    told = {entry.resource_id for entry in entries if entry.kind in _OURS and not _own(entry)}
    moved = sorted({entry.resource_id for entry in entries if entry.kind == "instance"})
    hung = {volume.id for volume in unit.volumes.where(instance_id=moved)} if moved else set()
    return _News(
        cursor=entries[-1].cursor if entries else after,
        full=len(entries) == ENTRIES,
        keys=tuple(sorted(told | hung)),
    )


def _own(entry: Entry) -> bool:
    """Tell whether the loop itself wrote this, which must not wake it."""
    return bool(entry.data) and entry.data.keys() <= _OURS[entry.kind]


def _everything(unit: Unit) -> _Everything:
    volumes = unit.volumes.where(removed=False)
    snapshots = unit.snapshots.where(removed=False)
    instances = {row.id: row for row in unit.instances.where(id=[volume.instance_id for volume in volumes])}
    copied = {snapshot.source_id for snapshot in snapshots if snapshot.state is SnapshotState.PENDING}
    cases = [
        VolumeCase(volume=volume, instance=instances.get(volume.instance_id), copied=volume.id in copied)
        for volume in volumes
    ]
    return _Everything(cases=tuple(cases), snapshots=tuple(snapshots))
