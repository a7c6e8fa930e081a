"""What a host that comes and goes does to the marks of its instances: all at once, and nothing that changed since."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.domain.ports import Unit
from app.domain.states import HostState, Seen, Wanted
from app.reconcile.impaired import impair, seen_again
from app.reconcile.limits import Limits
from app.reconcile.sweep import compare
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.reconcile.rows import a_domain, a_host, an_instance

UP = a_host(state=HostState.UP)
RUNS = an_instance(seen=Seen.RUNNING, launched=1)
LOST = replace(RUNS, impaired_since_ms=5)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.db", clock=FrozenClock()) as opened:
        yield opened


async def _add(store: Database, *ids: str, **given: Any) -> None:
    def work(unit: Unit) -> None:
        for each in ids:
            unit.instances.add(replace(LOST, id=each, **given))

    await store.write(work)


async def _marked(store: Database) -> list[str]:
    return [row.id for row in await store.read(lambda unit: unit.instances.where()) if row.impaired_since_ms]


async def test_everything_that_may_be_on_a_lost_host_is_marked(store: Database) -> None:
    await _add(store, "i-00000001", "i-00000002", impaired_since_ms=0)
    await _add(store, "i-00000003", impaired_since_ms=0, host="host02", moving_from="host01")
    await _add(store, "i-00000004", impaired_since_ms=0, host="host02")
    rows = await store.write(partial(impair, host="host01"), writer="reconcile")
    assert [row.id for row in rows] == await _marked(store) == ["i-00000001", "i-00000002", "i-00000003"]


async def test_being_marked_already_is_not_told_again(store: Database) -> None:
    await _add(store, "i-00000001")
    before = await store.read(lambda unit: unit.cursor())
    await store.write(partial(impair, host="host01"), writer="reconcile")
    assert await store.read(lambda unit: unit.cursor()) == before


async def test_only_what_is_still_as_it_was_listed_loses_its_mark(store: Database) -> None:
    await store.write(lambda unit: unit.hosts.add(UP))
    await _add(store, "i-00000001")
    await _add(store, "i-00000002", seen=Seen.OFF)
    await _add(store, "i-00000003", host="host02", moving_from="host01")
    listed = [replace(LOST, id=f"i-0000000{n}") for n in (1, 2, 3, 4)]
    await store.write(partial(seen_again, host="host01", listed=listed), writer="reconcile")
    assert await _marked(store) == ["i-00000002", "i-00000003"]


async def test_nothing_loses_its_mark_once_its_host_is_lost_again(store: Database) -> None:
    await store.write(lambda unit: unit.hosts.add(replace(UP, state=HostState.LOST)))
    await _add(store, "i-00000001")
    await store.write(partial(seen_again, host="host01", listed=[LOST]), writer="reconcile")
    assert await _marked(store) == ["i-00000001"]


@pytest.mark.parametrize(
    ("changes", "state", "differs"),
    [
        ({}, Seen.RUNNING, False),
        ({}, Seen.OFF, True),
        ({"reboots": 1}, Seen.RUNNING, True),
        ({"wanted": Wanted.TERMINATED}, Seen.RUNNING, True),
        ({"moving_from": "host02"}, Seen.RUNNING, True),
    ],
)
def test_what_a_returned_host_shows_as_it_was_needs_no_look(changes: Any, state: Seen, differs: bool) -> None:
    row = replace(LOST, **changes)
    swept = compare(UP, [a_domain(state)], {row.id: row}, Limits())
    assert (swept.differ, swept.back) == (((row.id,), ()) if differs else ((), (row,)))
