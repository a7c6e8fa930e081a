"""One moment of the past: all rows as they were, on a connection of its own in memory.

What is only ever added to (journal, audit, decisions, versions of rules) is not copied: it is read from the cloud's own
file, as far as it was written by then, by views that stand in the place of the tables. The trap: nothing may be changed
once it stands, since others begin with a copy of it.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from sqlite_utils import Database as Schema

from app.domain.ports import Unit
from app.store.keyframes import laid
from app.store.layers import LAYERS
from app.store.migrations import migrate
from app.store.session import Session
from app.store.unit import Transaction

Settle = Callable[[Unit], None]
"""Puts right, in a moment that was just made, what stands neither in keyframe nor journal."""


class Moment:
    """All rows at one moment, behind the entry `cursor` of the journal, on a connection of its own in memory."""

    def __init__(self, database: Path) -> None:
        """Make one without rows; `database` is the cloud's file."""
        self.connection = sqlite3.connect(":memory:", uri=True, isolation_level=None, check_same_thread=False)
        self._database = database
        self.cursor = self.at_ms = 0

    def begin(self, parts: list[bytes]) -> None:
        """Lay a keyframe."""
        migrate(Schema(self.connection))
        self.connection.execute("BEGIN")
        for part in parts:
            laid(part, self.connection)
        self.connection.execute("COMMIT")

    def begin_as(self, other: "Moment") -> None:
        """Begin with the rows of an earlier moment."""
        other.connection.backup(self.connection)

    def follow(self, entries: Iterable[tuple[str, str, str, str]]) -> None:
        """Lay changes: kind, id, deed and data of entries."""
        self.connection.execute("BEGIN")
        for kind, given, deed, data in entries:
            if deed and kind in LAYERS:
                LAYERS[kind].follow(self.connection, given, deed, data)
        self.connection.execute("COMMIT")

    def stand(self, cursor: int, at_ms: int, settle: Settle) -> None:
        """Stand behind an entry, at a moment; from now on nothing here changes any more."""
        self.cursor, self.at_ms = cursor, at_ms
        execute = self.connection.execute
        execute("PRAGMA trusted_schema = OFF")
        execute("ATTACH DATABASE ? AS live", (f"{self._database.absolute().as_uri()}?mode=ro",))
        execute("BEGIN")
        execute("DELETE FROM settings")
        execute("INSERT INTO settings SELECT * FROM live.settings")
        audited = _audited(self.connection, at_ms)
        _count(execute, journal=cursor, audit=audited)
        for view in _views(cursor, audited, at_ms):
            execute(view)
        session = Session(self.connection, writable=True)
        settle(Transaction(session, "reconcile", at_ms))
        session.end()
        execute("COMMIT")
        execute("PRAGMA query_only = ON")

    def close(self) -> None:
        """Let go of the cloud's file at once, and not with whoever still has the moment."""
        self.connection.close()


def _audited(rows: sqlite3.Connection, at_ms: int) -> int:
    """Return the number of the last entry of the audit that was written by then; the audit may be long."""
    lowest, highest = 0, rows.execute("SELECT coalesce(max(number), 0) FROM live.audit").fetchone()[0]
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        found = rows.execute("SELECT at_ms <= ? FROM live.audit WHERE number = ?", (at_ms, middle)).fetchone()
        lowest, highest = (middle, highest) if found and found[0] else (lowest, middle - 1)
    return int(lowest)


def _count(execute: Callable[..., object], **newest: int) -> None:
    """Say which entries are the newest, where SQLite itself keeps it."""
    for table, number in newest.items():
        execute("DELETE FROM main.sqlite_sequence WHERE name = ?", (table,))
        execute("INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))


def _views(cursor: int, audited: int, at_ms: int) -> Iterable[str]:
    """Show of the cloud's own file what was there by then, in the place of the tables of that name."""
    by_then = {
        "journal": f"cursor <= {cursor}",
        "audit": f"number <= {audited}",
        "decisions": f"at_ms <= {at_ms}",
        "rulesets": f"created_at_ms <= {at_ms}",
        "activations": f"at_ms <= {at_ms}",
    }
    for table, condition in by_then.items():
        yield f'CREATE TEMP VIEW "{table}" AS SELECT * FROM live."{table}" WHERE {condition}'  # noqa: S608
    ended, began = (f"{column} BETWEEN 1 AND {at_ms}" for column in ("ended_at_ms", "began_at_ms"))
    yield (
        "CREATE TEMP VIEW job_targets AS SELECT job_id, target, position, resource, expected, mark,"  # noqa: S608
        f" CASE WHEN {ended} THEN state WHEN {began} THEN 'under way' ELSE 'waiting' END AS state,"
        f" iif({ended}, detail, '') AS detail, iif({began}, began_at_ms, 0) AS began_at_ms,"
        f" iif({ended}, ended_at_ms, 0) AS ended_at_ms FROM live.job_targets"
    )
    undone = f"undone_at_ms BETWEEN 1 AND {at_ms}"
    yield (
        "CREATE TEMP VIEW undos AS SELECT number, action, about, before, after, at_ms,"  # noqa: S608
        f" iif({undone}, undone_at_ms, 0) AS undone_at_ms, iif({undone}, undone_by, '') AS undone_by"
        f" FROM live.undos WHERE at_ms <= {at_ms}"
    )
