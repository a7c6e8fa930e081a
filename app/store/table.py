"""One entity's rows within a unit of work; every write leaves its journal entry in the same transaction.

The traps: `put` compares with the row as it is stored now, so a row kept from an earlier unit writes its old
columns back (or is refused, where they belong to the other writer): load, change and put within one unit. And
a host's heartbeat touches `seen_at_ms` every few seconds: a change of columns of that name alone is not journalled.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Generic, TypeVar

from app.domain.errors import CloudError, Conflict, Invalid, Missing
from app.domain.rows import Writer
from app.store.catalogue import KINDS
from app.store.codec import Codec, Column, codec_of, storable
from app.store.faults import translated
from app.store.journal import Journal
from app.store.session import Session

Row = TypeVar("Row")
NOT_JOURNALLED: Final = frozenset({"seen_at_ms"})
MOST_VALUES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The SQL that every unit of work says of one entity."""

    select: str
    is_key: str
    by_key: str
    insert: str


@cache
def texts_of(entity: Any) -> Texts:
    """Form an entity's SQL; it is formed once."""
    codec, table = codec_of(entity), _quoted(KINDS[entity][0])
    return Texts(
        select=f"SELECT {_list(codec.names)} FROM {table}",  # noqa: S608
        is_key=" AND ".join(f"{_quoted(name)} = ?" for name in codec.key),
        by_key=f" ORDER BY {_list(codec.key)}",
        insert=f"INSERT INTO {table} ({_list(codec.names)}) VALUES ({_marks(len(codec.names))})",  # noqa: S608
    )


class Rows(Generic[Row]):
    """The port `Table` on one transaction."""

    def __init__(self, entity: type[Row], session: Session, journal: Journal, writer: Writer) -> None:
        self._codec: Codec[Row] = codec_of(entity)
        self._table, self._kind = KINDS[entity]
        known: Any = entity
        self._sql = texts_of(known)
        self._session, self._journal, self._writer = session, journal, writer

    def get(self, *key: str) -> Row | None:
        stored = self._stored(key)
        return None if stored is None else self._codec.decode(stored)

    def where(self, **equal: object) -> list[Row]:
        """List rows by equality in key order; a tuple or list means any of its values, an empty one matches nothing."""
        wanted = {name: self._any_of(name, given) for name, given in equal.items()}
        if not all(wanted.values()):
            return []
        named = {name: values for name, values in wanted.items() if len(values) <= MOST_VALUES}
        sql = self._sql.select
        if named:
            sql += " WHERE " + " AND ".join(_condition(name, values) for name, values in named.items())
        found = self._session.query(
            sql + self._sql.by_key, [value for values in named.values() for value in _padded(values)]
        )
        rest = [(self._codec.names.index(n), set(values)) for n, values in wanted.items() if n not in named]
        return [self._codec.decode(row) for row in found if all(row[i] in values for i, values in rest)]

    def add(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        if self._writer != "services":
            raise ValueError(f"only services add rows; {self._writer} tried to add a {self._kind}")
        stored = self._codec.encode(row)
        self._change(self._sql.insert, stored, row)
        self._write_down(event or f"{self._kind}.added", text, row, self._codec.columns)

    def put(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        before = self._stored(self._codec.key_of(row))
        if before is None:
            raise Missing(self._kind, "/".join(self._codec.key_of(row)))
        after = self._codec.encode(row)
        changed = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        if not changed:
            return
        columns = [self._codec.columns[i] for i in changed]
        self._check_writer(columns)
        sets = ", ".join(f"{_quoted(column.name)} = ?" for column in columns)
        sql = f"UPDATE {_quoted(self._table)} SET {sets} WHERE {self._sql.is_key}"  # noqa: S608
        self._change(sql, [*(after[i] for i in changed), *self._codec.key_of(row)], row)
        if event or not NOT_JOURNALLED.issuperset(column.name for column in columns):
            self._write_down(event or f"{self._kind}.changed", text, row, columns)

    def remove(self, row: Row, *, event: str | None = None, text: str = "") -> None:
        """Delete; the journal keeps the row as it was stored last."""
        key = self._codec.key_of(row)
        last = self.get(*key)
        if last is None:
            return
        self._session.change(f"DELETE FROM {_quoted(self._table)} WHERE {self._sql.is_key}", key)  # noqa: S608
        self._write_down(event or f"{self._kind}.removed", text, last, self._codec.columns)

    def _stored(self, key: Sequence[str]) -> tuple[Any, ...] | None:
        if len(key) != len(self._codec.key):
            raise ValueError(f"the key of a {self._kind} is ({', '.join(self._codec.key)})")
        if not all(storable(part) for part in key):
            return None
        row: tuple[Any, ...] | None = self._session.query(
            f"{self._sql.select} WHERE {self._sql.is_key}", key
        ).fetchone()
        return row

    def _any_of(self, name: str, given: object) -> list[Any]:
        column = self._codec.by_name.get(name)
        if column is None:
            raise ValueError(f"a {self._kind} has no column {name}")
        values = given if isinstance(given, tuple | list) else (given,)
        return list(dict.fromkeys(value for value in map(column.stored, values) if storable(value)))

    def _check_writer(self, columns: Iterable[Column]) -> None:
        foreign = [column.name for column in columns if column.writer != self._writer]
        if foreign:
            raise ValueError(
                f"{self._writer} may not write {', '.join(foreign)} of a {self._kind}"
                " (or the row was loaded in an earlier unit of work)"
            )

    def _change(self, sql: str, values: list[Any], row: Row) -> None:
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

    def _write_down(self, event: str, text: str, row: Row, columns: Iterable[Column]) -> None:
        """Journal the public values of `columns`; a thing whose key has several parts is told by all of them."""
        key = self._codec.key
        names = [*(key if len(key) > 1 else ()), *(column.name for column in columns if not column.secret)]
        data = {name: getattr(row, name) for name in names}
        self._journal.append(event, self._kind, self._codec.key_of(row)[0], text, data)


def _condition(name: str, values: list[Any]) -> str:
    return f"{_quoted(name)} IN ({_marks(len(_padded(values)))})"


def _padded(values: list[Any]) -> list[Any]:
    """Repeat the last value up to a power of two, so that few different statements have to be prepared."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return f'"{name}"'
