"""Backups of a served database, and putting them back."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.errors import Broken, CloudError, Conflict, InUse, Invalid, Unavailable
from app.store.backup import backup, restore
from app.store.database import Database
from app.store.lock import StateLock
from tests.builders import FrozenClock
from tests.unit.store.builders import an_account, mode_of, names_in


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "cloud.sqlite3"


async def fill(file: Path, *numbers: int) -> None:
    async with Database.open(file, clock=FrozenClock()) as database:
        for number in numbers:
            await database.write(lambda unit, n=number: unit.accounts.add(an_account(n)))  # type: ignore[misc]


async def kept(file: Path) -> list[str]:
    async with Database.open(file, clock=FrozenClock()) as database:
        return await database.read(lambda unit: [row.name for row in unit.accounts.where()])


async def test_a_backup_of_a_served_database_is_whole_and_private(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    async with Database.open(file, clock=FrozenClock()) as database:

        async def write(number: int) -> None:
            await database.write(lambda unit: unit.accounts.add(an_account(number)))

        await write(0)
        async with asyncio.TaskGroup() as group:
            for number in range(1, 50):
                group.create_task(write(number))
            await asyncio.to_thread(backup, file, target)
    assert mode_of(target) == 0o600
    with closing(sqlite3.connect(target)) as copy:
        rows, entries = copy.execute(
            "SELECT (SELECT COUNT(*) FROM accounts), (SELECT COUNT(*) FROM journal)"
        ).fetchone()
    assert rows == entries > 0
    assert names_in(tmp_path) == {"copy", "state"}


async def test_a_restored_database_is_as_it_was(file: Path, tmp_path: Path) -> None:
    await fill(file, 1)
    backup(file, tmp_path / "copy")
    await fill(file, 2, 3)
    restore(tmp_path / "copy", file, now_ms=99)
    assert await kept(file) == ["account 1"]
    assert mode_of(file) == 0o600
    assert names_in(file.parent) <= {"cloud.sqlite3", "lock"}


@pytest.mark.parametrize("lost", [False, True])
async def test_cursors_are_not_reused_after_a_restore(file: Path, tmp_path: Path, lost: bool) -> None:
    await fill(file, 1)
    backup(file, tmp_path / "copy")
    await fill(file, 2, 3)
    if lost:
        lose(file)
    restore(tmp_path / "copy", file, now_ms=99)
    async with Database.open(file, clock=FrozenClock()) as database:
        entry = (await database.read(lambda unit: unit.entries(0, 99)))[-1]
    assert (entry.event, entry.at_ms, entry.cursor) == ("cloud.restored", 99, 2**32 + 2 if lost else 4)


async def test_the_log_of_a_killed_server_is_not_replayed_into_a_restored_database(file: Path, tmp_path: Path) -> None:
    await fill(file, 1)
    backup(file, tmp_path / "copy")
    database = Database.open(file, clock=FrozenClock())
    await database.write(lambda unit: unit.accounts.add(an_account(2)))
    abandoned = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    await database.close()
    for name, content in abandoned.items():
        (file.parent / name).write_bytes(content)
    assert (file.parent / "cloud.sqlite3-wal").stat().st_size
    restore(tmp_path / "copy", file, now_ms=99)
    assert await kept(file) == ["account 1"]


async def test_a_served_database_is_not_replaced(file: Path, tmp_path: Path) -> None:
    await fill(file, 1)
    backup(file, tmp_path / "copy")
    with StateLock.take(file.parent), pytest.raises(InUse, match="another server"):
        restore(tmp_path / "copy", file, now_ms=99)
    async with Database.open(file, clock=FrozenClock()) as database:
        with pytest.raises(InUse, match="another program"):
            restore(tmp_path / "copy", file, now_ms=99)
        await database.write(lambda unit: unit.accounts.add(an_account(2)))
    assert await kept(file) == ["account 1", "account 2"]


def lose(file: Path) -> None:
    file.unlink()


def text(file: Path) -> None:
    file.write_text("a diary, much longer than the head of a database")


def songs(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('cloud', '9999_later', '')"
        )


def damaged(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 8] = b"\xa5" * 4096 * 5
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (text, "is no database"),
        (songs, "is no backup of this cloud"),
        (newer, "written by a newer version"),
        (damaged, "damaged"),
        (lose, "can not be read"),
        (lambda file: file.write_bytes(b""), "is no backup of this cloud"),
    ],
)
async def test_what_is_no_sound_backup_is_refused(file: Path, tmp_path: Path, spoil: object, why: str) -> None:
    await fill(file, 1)
    copy = tmp_path / "copy"
    if spoil is not songs:
        backup(file, copy)
    spoil(copy)  # type: ignore[operator]
    with pytest.raises(CloudError, match=why):
        restore(copy, file, now_ms=99)
    assert await kept(file) == ["account 1"]


async def test_a_backup_is_replaced_by_a_newer_one_but_nothing_else_is(file: Path, tmp_path: Path) -> None:
    await fill(file, 1)
    backup(file, tmp_path / "copy")
    await fill(file, 2)
    backup(file, tmp_path / "copy")
    assert await kept(tmp_path / "copy") == ["account 1", "account 2"]
    text(tmp_path / "diary")
    with pytest.raises(Conflict, match="no backup of this cloud"):
        backup(file, tmp_path / "diary")
    with pytest.raises(Invalid, match="the database itself"):
        backup(file, file)
    with pytest.raises(Unavailable, match="can not be written"):
        backup(file, tmp_path / "nowhere" / "copy")
    with pytest.raises(Unavailable, match="there is no database"):
        backup(tmp_path / "nothing", tmp_path / "copy")


async def test_what_a_killed_backup_left_is_cleared(file: Path, tmp_path: Path) -> None:
    await fill(file, 1)
    abandoned = tmp_path / ".copy.999999999.new"
    abandoned.write_text("half")
    backup(file, tmp_path / "copy")
    assert not abandoned.exists()


def test_a_damaged_database_can_be_replaced(file: Path, tmp_path: Path) -> None:
    asyncio.run(fill(file, 1))
    backup(file, tmp_path / "copy")
    text(file)
    with pytest.raises(Broken):
        Database.open(file, clock=FrozenClock())
    restore(tmp_path / "copy", file, now_ms=99)
    assert asyncio.run(kept(file)) == ["account 1"]
