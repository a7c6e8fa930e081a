"""One transaction's hold on a connection: every statement of a unit of work goes through it.

The trap it guards against: on a full disk SQLite may roll back the whole transaction by itself, and whatever came next
on the connection would then be committed alone, statement by statement. A session also ends with its
transaction, so a unit that leaked out of its work can neither read nor write.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.errors import Unavailable

Values = Sequence[Any] | Mapping[str, Any]


class Session:
    """Statements within one transaction; `change` only where `writable`.

    One that only reads is begun by its first statement, since much is answered without any.
    """

    def __init__(self, connection: sqlite3.Connection, *, writable: bool) -> None:
        self._connection, self._writable, self._ended = connection, writable, False
        self._begun = writable

    def query(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        """Run a statement that only reads."""
        self.check()
        return self._connection.execute(sql, values)

    def change(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        """Run a statement that writes; ValueError within a read."""
        if not self._writable:
            raise ValueError("a unit of work that only reads tried to write")
        self.check()
        return self._connection.execute(sql, values)

    def end(self) -> None:
        self._ended = True

    def check(self) -> None:
        """Begin what only reads; ValueError once the transaction is over, Unavailable if a failure has undone it."""
        if self._ended:
            raise ValueError("the unit of work is over; its tables can not be used any more")
        if not self._connection.in_transaction:
            if self._begun:
                raise self.undone()
            self._begun = True
            self._connection.execute("BEGIN")

    @staticmethod
    def undone() -> Unavailable:
        return Unavailable("store", "the transaction was undone by a failure within it")
