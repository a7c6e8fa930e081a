"""One entity's rows within a unit of work; every write leaves its journal entry in the same transaction.

The traps: `put` compares with the row as it is stored now, so a row kept from an earlier unit writes its old
columns back (or is refused, where they belong to the other writer): load, change and put within one unit. And
a host's heartbeat touches `seen_at_ms` every few seconds: a change of columns of that name alone is not journalled.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Generic, TypeVar

from app.domain.errors import CloudError, Conflict, Invalid, Missing
from app.domain.records import Like
from app.domain.rows import Writer
from app.store.catalogue import KINDS, UNTOLD
from app.store.codec import Codec, Column, codec_of, storable
from app.store.faults import translated
from app.store.journal import Deed, Journal
from app.store.session import Session
from app.store.statements import Condition, Statements, condition

Row = TypeVar("Row")
NOT_JOURNALLED: Final = frozenset({"seen_at_ms"})


class Rows(Generic[Row]):
    """The port `Table` on one transaction."""

    def __init__(
        self, entity: type[Row], session: Session, journal: Journal, writer: Writer, changed: set[type]
    ) -> None:
        self._entity, self._changed = entity, changed
        self._codec: Codec[Row] = codec_of(entity)
        self._kind = KINDS[entity][1]
        known: Any = entity
        self._sql: Statements = statements_of(known)
        self._session, self._journal, self._writer = session, journal, writer
        self._seen = [column for column in self._codec.columns if column.name in NOT_JOURNALLED]
        self._known: dict[tuple[str, ...], Sequence[Any]] = {}  # as stored, where this transaction read or wrote it

    def get(self, *key: str) -> Row | None:
        stored = self._stored(key)
        return None if stored is None else self._codec.decode(stored)

    def where(self, **equal: object) -> list[Row]:
        """List rows by equality in key order; a tuple or list means any of its values, an empty one matches nothing."""
        asked = self._asked(equal)
        if asked is None:
            return []
        conditions, values = asked
        return [self._codec.decode(row) for row in self._session.query(self._sql.where(conditions), values)]

    def count(self, **equal: object) -> int:
        asked = self._asked(equal)
        if asked is None:
            return 0
        conditions, values = asked
        return int(self._session.query(self._sql.count(conditions), values).fetchone()[0])

    def part(self, order: Sequence[str], after: Sequence[object], limit: int, **equal: object) -> list[Row]:
        asked = self._asked(equal)
        if asked is None:
            return []
        conditions, values = asked
        sql = self._sql.part(conditions, tuple(map(self._column, order)), bool(after))
        return [self._codec.decode(row) for row in self._session.query(sql, [*values, *after, limit])]

    def add(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        if self._writer != "services":
            raise ValueError(f"only services add rows; {self._writer} tried to add a {self._kind}")
        stored = self._codec.encode(row)
        self._change(self._sql.insert, stored, row)
        self._known[self._codec.key_of(row)] = stored
        self._write_down("added", event, text, row, self._codec.columns)

    def put(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        key = self._codec.key_of(row)
        before = self._stored(key)
        if before is None:
            raise Missing(self._kind, "/".join(key))
        after = self._codec.encode(row)
        changed = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        if not changed:
            return
        columns = [self._codec.columns[i] for i in changed]
        self._check_writer(columns)
        sql = self._sql.update(tuple(column.name for column in columns))
        self._change(sql, [*(after[i] for i in changed), *key], row)
        self._known[key] = after
        if event or not NOT_JOURNALLED.issuperset(column.name for column in columns):
            self._write_down("changed", event, text, row, [*columns, *self._seen])

    def remove(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        """Delete; the journal keeps the row as it was stored last."""
        key = self._codec.key_of(row)
        last = self.get(*key)
        if last is None:
            return
        self._changed.add(self._entity)
        self._session.change(self._sql.delete, key)
        del self._known[key]
        self._write_down("removed", event, text, last, self._codec.columns)

    def _stored(self, key: tuple[str, ...]) -> Sequence[Any] | None:
        if len(key) != len(self._codec.key):
            raise ValueError(f"the key of a {self._kind} is ({', '.join(self._codec.key)})")
        if not all(storable(part) for part in key):
            return None
        self._session.check()
        if key not in self._known:
            row: tuple[Any, ...] | None = self._session.query(self._sql.select, key).fetchone()
            if row is None:
                return None
            self._known[key] = row
        return self._known[key]

    def _asked(self, equal: Mapping[str, object]) -> tuple[tuple[Condition, ...], list[Any]] | None:
        """Form the conditions and their values; None if a column may have no value at all."""
        conditions, values = [], []
        for name, given in equal.items():
            exact, patterns = self._any_of(name, given)
            if not exact and not patterns:
                return None
            one, filling = condition(name, exact, patterns)
            conditions.append(one)
            values += filling
        return tuple(conditions), values

    def _any_of(self, name: str, given: object) -> tuple[list[Any], list[str]]:
        stored = self._codec.by_name[self._column(name)].stored
        if not isinstance(given, (tuple, list, Like)):  # one value is asked for most often
            value = stored(given)
            return ([value] if storable(value) else []), []
        given = (given,) if isinstance(given, Like) else given
        exact = dict.fromkeys(stored(value) for value in given if not isinstance(value, Like))
        patterns = dict.fromkeys(value.glob for value in given if isinstance(value, Like))
        return [value for value in exact if storable(value)], [value for value in patterns if storable(value)]

    def _column(self, name: str) -> str:
        if name not in self._codec.by_name:
            raise ValueError(f"a {self._kind} has no column {name}")
        return name

    def _check_writer(self, columns: Iterable[Column]) -> None:
        foreign = [column.name for column in columns if column.writer != self._writer]
        if foreign:
            raise ValueError(
                f"{self._writer} may not write {', '.join(foreign)} of a {self._kind}"
                " (or the row was loaded in an earlier unit of work)"
            )

    def _change(self, sql: str, values: list[Any], row: Row) -> None:
        self._changed.add(self._entity)
        try:
            self._session.change(sql, values)
        except sqlite3.IntegrityError as error:
            raise self._conflict(error, row) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise self._misfit(row) from error

    def _conflict(self, error: sqlite3.IntegrityError, row: Row) -> CloudError | ValueError:
        if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
            return Conflict(self._kind, "/".join(self._codec.key_of(row)))
        if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
            return Conflict(self._kind, str(getattr(row, str(error).rpartition(".")[2])))
        return translated(error)

    def _misfit(self, row: Row) -> Invalid:
        values = zip(self._codec.columns, self._codec.encode(row), strict=True)
        column = next(column for column, value in values if not storable(value))
        shown = "…" if column.secret else ascii(getattr(row, column.name))
        return Invalid(column.name, shown, "It can not be stored.")

    def _write_down(self, deed: Deed, event: str | None, text: str, row: Row, columns: Iterable[Column]) -> None:
        """Journal the public values of `columns`; a thing whose key has several parts is told by all of them."""
        if self._entity in UNTOLD:
            return
        key = self._codec.key
        names = [*(key if len(key) > 1 else ()), *(column.name for column in columns if not column.secret)]
        data = {name: getattr(row, name) for name in names}
        self._journal.append(event or f"{self._kind}.{deed}", self._kind, self._codec.key_of(row)[0], text, data, deed)


@cache
def statements_of(entity: type) -> Statements:
    """Return the statements of an entity; they are made once."""
    codec: Codec[Any] = codec_of(entity)
    return Statements(KINDS[entity][0], codec.names, codec.key)
