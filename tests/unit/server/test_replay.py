"""Moments of a cloud: made once for all who ask at the same time, the last few kept, refused while nobody can tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest

from app.domain.errors import NotShown, Unavailable
from app.server.cloud import Cloud
from app.server.replay import MOST_KEPT, Replays
from app.server.rounds import Rounds
from app.server.sensors import Sensors
from app.store.database import Database
from app.store.keyframes import Keyframes
from app.store.past import Past
from tests.builders import FrozenClock, a_host, furnish
from tests.unit.server.test_loads import Kept

NOBODY = cast("Any", None)


def a_cloud(store: Database, clock: FrozenClock) -> Cloud:
    """Make a cloud of which there is what the past needs, and nothing else."""
    rounds = Rounds(store, NOBODY, NOBODY, clock, mode=NOBODY, shipped=NOBODY)
    there: dict[str, Any] = {"store": store, "clock": clock, "rounds": rounds, "sensors": Sensors(Kept(), clock)}
    return Cloud(**{each.name: there.get(each.name, NOBODY) for each in fields(Cloud)})


class Stage:
    """A cloud with two hosts, and its past."""

    def __init__(self, cloud: Cloud, clock: FrozenClock, replays: Replays) -> None:
        self.cloud, self.clock, self.replays = cloud, clock, replays

    async def ask(self, at_ms: int) -> Cloud:
        return await self.replays.at(self.cloud, at_ms)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    clock = FrozenClock()
    async with Database.open(tmp_path / "cloud.sqlite3", clock=clock) as store:
        await store.write(lambda unit: furnish(unit, a_host("h1"), a_host("h2", lost=True)))
        past = Past(tmp_path / "cloud.sqlite3", Keyframes(tmp_path / "replay.sqlite3"), 3_600_000)
        replays = Replays(past, clock)
        run = asyncio.create_task(replays.run())
        await replays.span()
        clock.at_ms += 60_000
        yield Stage(a_cloud(store, clock), clock, replays)
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run


async def test_who_asks_for_the_same_moment_gets_the_same(stage: Stage) -> None:
    at_ms = stage.clock.at_ms - 1000
    first, *others = await asyncio.gather(*(stage.ask(at_ms) for _ in range(5)))
    assert all(other is first for other in others)
    assert await stage.ask(at_ms) is first
    assert (first.clock.now_ms(), first.clock.monotonic_s()) == (at_ms, at_ms / 1000)


async def test_who_goes_away_leaves_the_moment_to_who_asks_next(stage: Stage) -> None:
    impatient = asyncio.create_task(stage.ask(stage.clock.at_ms))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert (await stage.ask(stage.clock.at_ms)).store is not stage.cloud.store


async def test_only_the_last_few_are_kept(stage: Stage) -> None:
    begin_ms = stage.clock.at_ms - 1000
    first = await stage.ask(begin_ms)
    for later in range(MOST_KEPT - 1):
        await stage.ask(begin_ms + 1 + later)
    assert await stage.ask(begin_ms) is first
    for later in range(MOST_KEPT):
        await stage.ask(begin_ms + 10 + later)
    again = await stage.ask(begin_ms)
    assert again is not first
    for shown in (first, again):  # whoever still has one reads it
        hosts = await shown.store.read(lambda unit: {host.name: host.seen_at_ms for host in unit.hosts.where()})
        assert hosts == {"h1": begin_ms, "h2": 0}


async def test_what_is_to_come_is_not_shown(stage: Stage) -> None:
    for at_ms in (stage.clock.at_ms + 1, 10**30, -1, -(10**30)):
        with pytest.raises(NotShown):
            await stage.ask(at_ms)


async def test_as_long_as_nobody_could_look_nothing_is_told(tmp_path: Path) -> None:
    clock, file = FrozenClock(), tmp_path / "replay.sqlite3"
    file.mkdir()
    async with Database.open(tmp_path / "cloud.sqlite3", clock=clock):
        replays = Replays(Past(tmp_path / "cloud.sqlite3", Keyframes(file), 1), clock, patience_s=0.05)
        run = asyncio.create_task(replays.run())
        with pytest.raises(Unavailable, match="could not be looked at"):
            await replays.span()
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
