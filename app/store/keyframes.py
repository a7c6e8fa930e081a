"""Keyframes: all public rows at one moment, on which the journal's later changes are laid to show the past.

They stand in a file of their own, `replay.sqlite3`, which may be lost: one that can not be used is set aside and begun
anew with one line in the log. The traps: a keyframe belongs to one journal, and a backup that is put back, or a state
made anew, has another one; and secret columns must never get in here.
"""

import logging
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from app.domain.errors import Unavailable
from app.store.connection import make_file
from app.store.layers import LAYERS
from app.store.unusable import is_broken, set_aside

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
VERSION: Final = 1
ROWS_TOGETHER: Final = 1000
LAST_MS: Final = 1 << 62
_SCHEMA: Final = (
    "CREATE TABLE frames (cursor INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, entry_at_ms INTEGER NOT NULL,"
    " parts INTEGER NOT NULL) STRICT",
    "CREATE TABLE parts (cursor INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (cursor, number)) STRICT, WITHOUT ROWID",
    f"PRAGMA user_version = {VERSION}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """Where in the journal a keyframe stands: behind `cursor`, whose entry was written at `entry_at_ms`."""

    cursor: int
    at_ms: int
    entry_at_ms: int


class Part(msgspec.Struct, array_like=True):
    """Some rows of one table, column by column, as that compresses well."""

    table: str
    names: list[str]
    columns: list[list[Any]]


class Keyframes:
    """The file. Each call opens it anew and blocks; Unavailable if it can be neither used nor made anew."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def keep(self, frame: Keyframe, parts: Sequence[bytes]) -> None:
        """Write a keyframe, all of it or nothing."""

        def work(file: sqlite3.Connection) -> None:
            file.execute("DELETE FROM parts WHERE cursor = ?", (frame.cursor,))
            rows = ((frame.cursor, number, part) for number, part in enumerate(parts))
            file.executemany("INSERT INTO parts VALUES (?, ?, ?)", rows)
            values = (frame.cursor, frame.at_ms, frame.entry_at_ms, len(parts))
            file.execute("INSERT OR REPLACE INTO frames VALUES (?, ?, ?, ?)", values)

        self._run(work)

    def newest(self, until_ms: int = LAST_MS) -> Keyframe | None:
        """Return the last one in the journal's order that is not of later than that."""
        found = self._frames("WHERE at_ms <= ? ORDER BY cursor DESC LIMIT 1", until_ms)
        return found[0] if found else None

    def all(self) -> list[Keyframe]:
        """List them, oldest first."""
        return self._frames("ORDER BY cursor")

    def parts(self, frame: Keyframe) -> list[bytes]:
        """Return what a keyframe holds, for `laid`; Unavailable if any of it is gone."""
        asked = "SELECT data FROM parts WHERE cursor = ? ORDER BY number"

        def work(file: sqlite3.Connection) -> tuple[list[bytes], tuple[int] | None]:
            parts = [data for (data,) in file.execute(asked, (frame.cursor,))]
            return parts, file.execute("SELECT parts FROM frames WHERE cursor = ?", (frame.cursor,)).fetchone()

        parts, count = self._run(work)
        if count != (len(parts),):
            raise Unavailable("replay", "what was kept of that time is gone")
        return parts

    def forget_before(self, at_ms: int) -> None:
        """Drop what only shows moments of before."""
        last = self.newest(at_ms)
        if last is not None:
            self._drop(last.cursor)

    def clear(self) -> None:
        """Drop all."""
        self._drop(LAST_MS)

    def _drop(self, before: int) -> None:
        def work(file: sqlite3.Connection) -> None:
            for table in ("frames", "parts"):
                file.execute(f"DELETE FROM {table} WHERE cursor < ?", (before,))  # noqa: S608

        self._run(work)

    def _frames(self, behind: str, *values: int) -> list[Keyframe]:
        asked = f"SELECT cursor, at_ms, entry_at_ms FROM frames {behind}"  # noqa: S608
        rows = self._run(lambda file: file.execute(asked, values).fetchall())
        return [Keyframe(cursor=cursor, at_ms=at_ms, entry_at_ms=entry_ms) for cursor, at_ms, entry_ms in rows]

    def _run(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Do work in one transaction; a damaged file goes aside, and the work is done on a new one."""
        try:
            return self._once(work)
        except (sqlite3.Error, OSError) as error:
            if not is_broken(error):
                raise Unavailable("replay", str(error)) from error
            log.warning("the past begins anew", extra={"fields": {"file": self._file, "error": str(error)}})
        try:
            set_aside(self._file)
            return self._once(work)
        except (sqlite3.Error, OSError) as error:
            raise Unavailable("replay", str(error)) from error

    def _once(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        make_file(self._file)
        with closing(sqlite3.connect(self._file, isolation_level=None, timeout=5)) as file:
            file.execute("PRAGMA trusted_schema = OFF")
            file.execute("BEGIN IMMEDIATE")
            version = file.execute("PRAGMA user_version").fetchone()[0]
            if version != VERSION:
                if version:
                    raise _foreign(version)
                for statement in _SCHEMA:
                    file.execute(statement)
            answer = work(file)
            file.execute("COMMIT")
            return answer


def taken(rows: sqlite3.Connection) -> Iterator[bytes]:
    """Yield all public rows as one transaction sees them, a part at a time: nobody else shall wait for long."""
    for layer in LAYERS.values():
        found = rows.execute(layer.select)
        while some := found.fetchmany(ROWS_TOGETHER):
            columns = [list(column) for column in zip(*some, strict=True)]
            yield zlib.compress(msgspec.msgpack.encode(Part(layer.table, layer.public, columns)), 3)


def laid(part: bytes, rows: sqlite3.Connection) -> None:
    """Put the rows of a part into their table; a table that there is no more is passed over."""
    read = msgspec.msgpack.decode(zlib.decompress(part), type=Part)
    for layer in LAYERS.values():
        if layer.table == read.table:
            layer.lay(rows, read.names, read.columns)


def _foreign(version: int) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(f"it is of version {version}")
    error.sqlite_errorcode = sqlite3.SQLITE_NOTADB
    return error
