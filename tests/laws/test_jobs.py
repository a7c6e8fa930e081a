"""A job that is cut short anywhere, again and again, ends as one that nobody disturbed; nothing is done twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.job import JobTarget
from app.domain.ports import Unit
from app.server.job_runner import JobRunner
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock, a_host, a_mapping, furnish
from tests.unit.services.job_world import JobWorld, one

TARGETS = 5


class Killed(BaseException):
    """The server is no more."""


class Brittle:
    """A store whose server is killed before or after some of its commits."""

    def __init__(self, store: Database, deaths: list[tuple[int, bool]]) -> None:
        self._store, self._deaths, self._writes = store, dict(deaths), 0

    async def read(self, work: Callable[[Unit], Any]) -> Any:
        return await self._store.read(work)

    async def write(self, work: Callable[[Unit], Any], writer: Any = "services") -> Any:
        self._writes += 1
        durable = self._deaths.pop(self._writes, None)
        if durable is False:
            raise Killed
        answer = await self._store.write(work, writer)
        if durable:
            raise Killed
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def ended(kind: str, at_once: int, deaths: list[tuple[int, bool]], folder: Path) -> tuple[Any, ...]:
    """Carry a job out while servers die; return what became of it and of its instances."""
    async with Database.open(folder / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(lambda unit: furnish(unit, a_host("host1")))
        world = JobWorld(store, a_mapping(), CountingEntropy())
        await world.furnish(TARGETS)
        targets = ["host1"] if kind == "drain" else [one(number) for number in range(1, TARGETS + 1)]
        job = await world.ask(kind, *targets, at_once=at_once)
        brittle: Any = Brittle(store, deaths)
        while (await world.job(job)).ended_at_ms == 0:
            try:
                await JobRunner(brittle, world.mapping).go_on()
            except Killed:
                continue  # the next server knows only what is in the store
            await world.see()
        row, rows = await world.job(job), await world.targets(job)
        reboots = await store.read(lambda unit: [(i.id, i.reboots, i.wanted) for i in unit.instances.where()])
        asked = await store.read(_asked)
        return row.state, row.done, row.failed, sorted(map(_known, rows)), reboots, asked


def _known(target: JobTarget) -> tuple[str, str]:
    return target.target, target.state


def _asked(unit: Unit) -> list[tuple[str, str]]:
    return sorted((entry.resource_id, entry.event) for entry in unit.entries(0, 10_000) if "asked" in entry.event)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(["terminate", "reboot", "stop", "drain"]),
    at_once=st.integers(1, 4),
    deaths=st.lists(st.tuples(st.integers(1, 14), st.booleans()), max_size=5),
)
def test_a_job_ends_as_if_no_server_had_died(kind: str, at_once: int, deaths: list[tuple[int, bool]]) -> None:
    async def both() -> None:
        with TemporaryDirectory() as first, TemporaryDirectory() as second:
            disturbed = await ended(kind, at_once, deaths, Path(first))
            assert disturbed == await ended(kind, at_once, [], Path(second))

    asyncio.run(both())
