"""What the store does when others lock it, the disk is full, callers go away, or it is closed."""

import asyncio
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.domain import errors
from app.domain.journal import Said
from app.domain.ports import Unit
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.store.builders import an_account

pytestmark = pytest.mark.contract
DEADLINE_S = 60.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cloud.sqlite3"


@pytest.fixture
async def store(file: Path) -> AsyncIterator[Database]:
    async with Database.open(file, clock=FrozenClock(), busy_timeout_s=0.05) as database:
        yield database


class Add:
    """Work that adds one account; it can be made to wait on the writer's thread."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.began, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()

    def held(self) -> "Add":
        self.may_end.clear()
        return self

    def __call__(self, unit: Unit) -> int:
        self.began.set()
        unit.accounts.add(an_account(self.number))
        assert self.may_end.wait(DEADLINE_S)
        return self.number


async def accounts(store: Database) -> list[int]:
    return await store.read(lambda unit: [int(row.id) for row in unit.accounts.where()])


async def begun(work: Add) -> None:
    assert await asyncio.to_thread(work.began.wait, DEADLINE_S)


async def test_a_lock_held_by_another_program_fails_the_group_and_passes(file: Path, store: Database) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = await asyncio.gather(*(store.write(Add(n)) for n in range(5)), return_exceptions=True)
        assert [type(error) for error in told] == [errors.Unavailable] * 5
        assert "another program holds the lock" in str(told[0])
        assert len({id(error) for error in told}) == 5
        assert await accounts(store) == []
        other.execute("ROLLBACK")
    assert await store.write(Add(7)) == 7
    assert await accounts(store) == [7]


async def test_work_that_goes_on_after_sqlite_undid_the_transaction_leaves_nothing(file: Path, store: Database) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON accounts WHEN NEW.name = 'bad'"
            " BEGIN SELECT RAISE(ROLLBACK, 'as on a full disk'); END"
        )

    def stubborn(unit: Unit) -> None:
        unit.accounts.add(an_account(1))
        for row in (an_account(2, name="bad"), an_account(3)):
            with suppress(ValueError, errors.Unavailable):
                unit.accounts.add(row)

    slow = Add(4).held()
    told: list[asyncio.Task[int | None]] = [asyncio.create_task(store.write(slow))]
    await begun(slow)
    told += [asyncio.create_task(store.write(work)) for work in (Add(5), stubborn, Add(6))]
    await asyncio.sleep(0)
    slow.may_end.set()
    assert [type(error) for error in await asyncio.gather(*told, return_exceptions=True)] == [errors.Unavailable] * 4
    assert await accounts(store) == []
    await store.write(Add(7))
    assert await accounts(store) == [7]


async def test_reads_wait_for_no_writer_and_see_a_snapshot(store: Database) -> None:
    await store.write(Add(1))
    slow = Add(2).held()
    writing = asyncio.create_task(store.write(slow))
    await begun(slow)
    assert await accounts(store) == [1]
    slow.may_end.set()
    await writing
    assert await accounts(store) == [1, 2]


async def test_a_snapshot_stands_still_while_others_write(store: Database) -> None:
    await store.write(Add(1))
    first, written = threading.Event(), threading.Event()

    def twice(unit: Unit) -> tuple[int, int]:
        before = len(unit.accounts.where())
        first.set()
        assert written.wait(DEADLINE_S)
        return before, len(unit.accounts.where())

    reading = asyncio.create_task(store.read(twice))
    assert await asyncio.to_thread(first.wait, DEADLINE_S)
    await store.write(Add(2))
    written.set()
    assert await reading == (1, 1)


async def test_a_caller_that_goes_away_early_has_changed_nothing(store: Database) -> None:
    slow = Add(1).held()
    writing = asyncio.create_task(store.write(slow))
    await begun(slow)
    # A group takes what waits when it starts; this one has started, so fill it up to be surely in the next.
    waiting = [asyncio.create_task(store.write(Add(n))) for n in range(2, 100)]
    gone = asyncio.create_task(store.write(Add(100)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    slow.may_end.set()
    await asyncio.gather(writing, *waiting)
    assert await accounts(store) == list(range(1, 100))


async def test_a_caller_that_goes_away_late_leaves_its_change_whole(store: Database) -> None:
    slow = Add(1).held()
    writing = asyncio.create_task(store.write(slow))
    await begun(slow)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    slow.may_end.set()
    await store.write(Add(2))
    assert await accounts(store) == [1, 2]
    assert await store.read(lambda unit: [entry.resource_id for entry in unit.entries(0, 9)]) == [
        an_account(n).id for n in (1, 2)
    ]


async def test_closing_finishes_what_was_asked_and_refuses_the_rest(file: Path, store: Database) -> None:
    changes = store.changes()
    asked = [asyncio.create_task(store.write(Add(n))) for n in range(9)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*asked) == list(range(9))
    for late in (store.write(Add(10)), store.read(lambda unit: unit.cursor())):
        with pytest.raises(errors.Unavailable, match="closed"):
            await late
    assert [cursor async for cursor in changes][-1] == 9
    assert [cursor async for cursor in store.changes()] == []
    await store.close()
    async with Database.open(file, clock=FrozenClock()) as again:
        assert await accounts(again) == list(range(9))


async def test_a_waiting_listener_ends_with_the_store(store: Database) -> None:
    listener = store.changes()
    waiting = asyncio.ensure_future(anext(listener, None))
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.wait_for(waiting, DEADLINE_S) is None


async def test_a_slow_listener_skips_to_the_newest(store: Database) -> None:
    listener = store.changes()
    for number in range(20):
        await store.write(Add(number))
    await store.close()
    assert [cursor async for cursor in listener] == [20]


async def test_pruning_takes_the_old_end_only_and_leaves_no_hole(file: Path) -> None:
    clock = FrozenClock()
    async with Database.open(file, clock=clock) as store:
        for at_ms in (10, 20, 30, 15, 40):  # the clock was set back once
            clock.at_ms = at_ms
            await store.write(lambda unit: unit.note("e", "k", "", ""))
        left = []
        for before_ms in (10, 25, 35, 99):
            pruned = await store.prune_journal(before_ms)
            cursors, oldest = await store.read(
                lambda unit: ([entry.cursor for entry in unit.entries(0, 9)], unit.oldest_cursor())
            )
            left.append((pruned, cursors, oldest))
    assert left == [(0, [1, 2, 3, 4, 5], 1), (2, [3, 4, 5], 3), (2, [5], 5), (1, [], 0)]


async def test_a_change_of_the_audit_is_found(file: Path, store: Database) -> None:
    for number in range(4):
        said = Said(who=str(number), source="", action="", target="", outcome="")
        await store.write(lambda unit, said=said: unit.audit(said))  # type: ignore[misc]
    assert await store.verify_audit() is None
    found = []
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        for spoil in (
            "UPDATE audit SET who = 'nobody' WHERE number = 2",
            "DELETE FROM audit WHERE number = 3",
            "DELETE FROM audit WHERE number >= 3",
            "UPDATE audit SET hash = previous_hash WHERE number = 1",
        ):
            other.execute("CREATE TEMP TABLE kept AS SELECT * FROM audit")
            other.execute(spoil)
            broken = await store.verify_audit()
            found.append((broken.number, broken.why) if broken else None)
            other.execute("DELETE FROM audit")
            other.execute("INSERT INTO audit SELECT * FROM kept")
            other.execute("DROP TABLE kept")
    assert found == [
        (2, "its content was changed"),
        (3, "the entry is missing"),
        (3, "the entry is missing"),
        (1, "its content was changed"),
    ]
    assert await store.verify_audit() is None


async def test_the_audit_goes_on_visibly_broken_after_its_end_was_cut_off(file: Path, store: Database) -> None:
    def say(unit: Unit) -> None:
        unit.audit(Said(who="w", source="", action="", target="", outcome=""))

    for _ in range(3):
        await store.write(say)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("DELETE FROM audit WHERE number = 3")
    await store.write(say)
    broken = await store.verify_audit()
    assert broken is not None
    assert broken.number == 3


def test_a_full_disk_fails_the_group_and_the_store_goes_on_when_there_is_room(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, __file__, str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.split() == ["Unavailable", "read", "going-on", "whole"], done.stderr


async def fill_the_disk(file: Path) -> None:
    """Run as a process of its own: a limit on the size of files stands in for a full disk."""
    async with Database.open(file, clock=FrozenClock()) as store:
        await store.write(Add(1))
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.with_name(file.name + "-wal").stat().st_size, most))
        told = await asyncio.gather(*(store.write(Add(n)) for n in (2, 3, 4)), return_exceptions=True)
        print(*{type(error).__name__ for error in told})
        print("read" if await accounts(store) == [1] else "")
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        await store.write(Add(5))
        print("going-on")
    async with Database.open(file, clock=FrozenClock()) as store:
        print("whole" if await accounts(store) == [1, 5] else await accounts(store))


if __name__ == "__main__":
    asyncio.run(fill_the_disk(Path(sys.argv[1])))


async def test_a_database_that_was_moved_away_takes_no_more_changes(file: Path, store: Database) -> None:
    aside = file.with_name("aside.sqlite3")
    await asyncio.to_thread(file.rename, aside)
    with pytest.raises(errors.Unavailable, match="was moved or replaced"):
        await store.write(lambda unit: unit.note("test.lost", "cloud", "", ""))
    await asyncio.to_thread(aside.rename, file)
    await store.write(lambda unit: unit.note("test.kept", "cloud", "", ""))
