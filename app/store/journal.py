"""The journal of changes: append-only, read by cursor, pruned from its old end.

SQLite's AUTOINCREMENT keeps the highest cursor apart from the rows, so it is not reused after pruning either. Only a
prefix is ever pruned, even if the clock jumped: a hole in the middle would be a change that a reader misses
without noticing.
"""

import json
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from app.domain.journal import Entry
from app.store.session import Session

Deed = Literal["added", "changed", "removed", ""]
"""What became of a row, whatever its event is called; empty where no row stands behind an entry."""
_JSON: Final = msgspec.json.Encoder(order="sorted")  # writes bytes as Base64


class Journal:
    """The journal as one transaction sees it; `newest` is the last cursor that this transaction wrote, or 0."""

    def __init__(self, session: Session, at_ms: int) -> None:
        self._session, self._at_ms = session, at_ms
        self.newest = 0

    def append(
        self, event: str, kind: str, resource_id: str, text: str, data: Mapping[str, object], deed: Deed
    ) -> None:
        """Write one entry; text that UTF-8 can not carry is replaced, for a change must not fail by its description."""
        written = self._session.change(
            "INSERT INTO journal (at_ms, event, kind, resource_id, text, data, deed) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._at_ms, event, kind, fitting(resource_id), fitting(text), _JSON.encode(data).decode(), deed),
        )
        self.newest = written.lastrowid or 0

    def cursor(self) -> int:
        row = self._session.query("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
        return int(row[0]) if row else 0

    def oldest(self) -> int:
        row = self._session.query("SELECT cursor FROM journal ORDER BY cursor LIMIT 1").fetchone()
        return int(row[0]) if row else 0

    def entries(self, after: int, limit: int, about: str = "") -> list[Entry]:
        rows = self._session.query(
            "SELECT cursor, at_ms, event, kind, resource_id, text, data FROM journal"
            " WHERE cursor > ? AND ? IN ('', resource_id) ORDER BY cursor LIMIT ?",
            (after, fitting(about), max(0, limit)),
        )
        return [
            Entry(cursor=row[0], at_ms=row[1], event=row[2], kind=row[3], resource_id=row[4], text=row[5], data=data)
            for row, data in ((row, json.loads(row[6])) for row in rows)
        ]

    def prune(self, before_ms: int, most: int) -> int:
        """Delete up to `most` of the oldest entries, stopping at the first that is not older; return how many."""
        kept = self._session.query(
            "SELECT cursor FROM journal WHERE at_ms >= ? ORDER BY cursor LIMIT 1", (before_ms,)
        ).fetchone()
        end = kept[0] if kept else self.cursor() + 1
        return self._session.change(
            "DELETE FROM journal WHERE cursor IN (SELECT cursor FROM journal WHERE cursor < ? ORDER BY cursor LIMIT ?)",
            (end, most),
        ).rowcount


def fitting(text: str) -> str:
    """Replace what UTF-8 can not carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
