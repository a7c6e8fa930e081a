"""What a launch costs the store, in counts that no busy machine changes: commits, and steps of SQLite's machine."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from app.domain.address import Address
from app.domain.commands import RunInstances
from app.domain.ports import Unit
from app.services import instances, public_addresses
from app.store.changes import Changes
from app.store.connection import connect, prepare
from app.store.database import Database
from app.store.reading import Readers
from app.store.writing import WriterThread
from tests.builders import CountingEntropy, FrozenClock, a_caller, a_host, a_mapping, an_image, furnish

CALLER = a_caller()
ENTROPY = CountingEntropy()
BIG = replace(a_host("host1", cores=1024), memory_mib=1 << 20, disk_gb=1 << 20)


class Counting:
    """A writing connection that counts."""

    def __init__(self, file: Path) -> None:
        self._connect = partial(connect, file, 1.0)
        self.commits = self.steps = 0

    def __call__(self) -> sqlite3.Connection:
        made = self._connect()
        made.set_trace_callback(self._said)
        made.set_progress_handler(self._stepped, 1)
        return made

    def _said(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    def _stepped(self) -> int:
        self.steps += 1
        return 0


@pytest.fixture
def counting(tmp_path: Path) -> Counting:
    prepare(tmp_path / "cloud.sqlite3", 1.0)
    return Counting(tmp_path / "cloud.sqlite3")


@pytest.fixture
def database(counting: Counting, tmp_path: Path) -> Iterator[Database]:
    changes, clock = Changes(), FrozenClock()
    reading = partial(connect, tmp_path / "cloud.sqlite3", 1.0, query_only=True)
    writer, readers = WriterThread(counting, clock, changes), Readers(reading, reading, clock, 1)
    yield Database(writer, readers, changes)
    writer.close()
    readers.close()


def launch(unit: Unit, count: int, token: str = "") -> None:
    command = RunInstances(image_id=an_image().id, min_count=count, max_count=count, client_token=token)
    _, made = instances.run(unit, CALLER, command, ENTROPY, a_mapping())
    public_addresses.of_instances(unit, [instance.id for instance in made])


def crowd(unit: Unit) -> None:
    launch(unit, 400)
    for number in range(100):
        launch(unit, 1, f"earlier {number}")
        unit.addresses.add(
            Address(id=f"eipalloc-{number}", ip=f"10.9.8.{number}", account_id="1", pool="p", created_at_ms=1)
        )


async def test_a_launch_is_one_commit(database: Database, counting: Counting) -> None:
    await database.write(lambda unit: furnish(unit, BIG))
    before = counting.commits
    await database.write(lambda unit: launch(unit, 20))
    assert counting.commits == before + 1


async def test_a_launch_among_many_costs_what_one_among_few_costs(database: Database, counting: Counting) -> None:
    async def steps() -> int:
        before = counting.steps
        await database.write(lambda unit: launch(unit, 1, f"at {before}"))
        return counting.steps - before

    await database.write(lambda unit: furnish(unit, BIG))
    await database.write(lambda unit: launch(unit, 2))
    few = await steps()
    await database.write(crowd)
    assert await steps() < 1.2 * few
