"""The SQL of one entity's table, written once: putting its words together costs more than SQLite's work on a row.

Same text, same prepared statement: the connection keeps 512 of them. A list of values is padded to a power of two, so
that few different texts occur.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any


class Statements:
    """The statements of a table with these columns and this key."""

    def __init__(self, table: str, names: Sequence[str], key: Sequence[str]) -> None:
        self._table, self._columns = _quoted(table), _listed(names)
        self._is_key = " AND ".join(f"{_quoted(name)} = ?" for name in key)
        self._order = _listed(key)
        self.insert = f"INSERT INTO {self._table} ({self._columns}) VALUES ({_marks(len(names))})"  # noqa: S608
        self.select = f"SELECT {self._columns} FROM {self._table} WHERE {self._is_key}"  # noqa: S608
        self.delete = f"DELETE FROM {self._table} WHERE {self._is_key}"  # noqa: S608
        self.where = cache(self._where)
        self.update = cache(self._update)

    def _where(self, counts: tuple[tuple[str, int], ...]) -> str:
        """Select by columns, each with one of so many values."""
        conditions = " AND ".join(f"{_quoted(name)} IN ({_marks(count)})" for name, count in counts)
        narrowed = f" WHERE {conditions}" if conditions else ""
        return f"SELECT {self._columns} FROM {self._table}{narrowed} ORDER BY {self._order}"  # noqa: S608

    def _update(self, names: tuple[str, ...]) -> str:
        """Set columns of the row with a key, whose values come last."""
        sets = ", ".join(f"{_quoted(name)} = ?" for name in names)
        return f"UPDATE {self._table} SET {sets} WHERE {self._is_key}"  # noqa: S608


def padded(values: list[Any]) -> list[Any]:
    """Repeat the last value up to a power of two."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _marks(count: int) -> str:
    return ", ".join("?" * count)
