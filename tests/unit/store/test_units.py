"""What a unit of work remembers of its rows is what the store would say, and ends with it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain import errors
from app.domain.ports import Unit
from app.domain.states import Wanted
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.store.builders import an_instance


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as database:
        yield database


async def test_a_row_is_known_as_this_transaction_left_it(store: Database) -> None:
    row = an_instance(1)
    await store.write(lambda unit: unit.instances.add(row))

    def work(unit: Unit) -> list[object]:
        unit.instances.put(replace(row, wanted=Wanted.STOPPED))
        seen: list[object] = [unit.instances.get(row.id)]
        unit.instances.put(row)
        seen.append(unit.instances.get(row.id))
        unit.instances.remove(row)
        seen.append(unit.instances.get(row.id))
        unit.instances.add(row)
        return [*seen, unit.instances.get(row.id)]

    assert await store.write(work) == [replace(row, wanted=Wanted.STOPPED), row, None, row]
    assert await store.read(lambda unit: unit.instances.get(row.id)) == row


async def test_a_row_that_was_read_is_over_with_its_transaction(store: Database) -> None:
    row = an_instance(1)
    await store.write(lambda unit: unit.instances.add(row))

    def work(unit: Unit) -> Unit:
        unit.instances.get(row.id)
        return unit

    kept = await store.read(work)
    with pytest.raises(ValueError, match="over"):
        kept.instances.get(row.id)


async def test_the_first_of_a_group_that_fails_undoes_nothing_of_the_others(store: Database) -> None:
    def fail(unit: Unit) -> None:
        unit.instances.add(an_instance(1))
        raise errors.Missing("host", "h1")

    first, second = await asyncio.gather(
        store.write(fail), store.write(lambda unit: unit.instances.add(an_instance(2))), return_exceptions=True
    )
    assert isinstance(first, errors.Missing)
    assert second is None
    assert await store.read(lambda unit: [row.id for row in unit.instances.where()]) == [an_instance(2).id]
