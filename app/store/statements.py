"""The SQL of one entity's table, written once: putting its words together costs more than SQLite's work on a row.

Same text, same prepared statement: the connection keeps 512 of them. A list of values is padded to a power of two, so
that few different texts occur.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from app.store.codec import dump

MOST_VALUES: Final = 500
_MANY: Final = -1
Condition = tuple[str, int, int]
"""A column, with how many exact values and how many patterns it may meet."""


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
        self.part = cache(self._part)
        self.count = cache(self._count)
        self.update = cache(self._update)

    def _where(self, conditions: tuple[Condition, ...]) -> str:
        """Select the rows that meet all conditions."""
        return f"SELECT {self._columns} FROM {self._table} WHERE {_all(conditions)} ORDER BY {self._order}"  # noqa: S608

    def _count(self, conditions: tuple[Condition, ...]) -> str:
        """Count the rows that meet all conditions."""
        return f"SELECT count(*) FROM {self._table} WHERE {_all(conditions)}"  # noqa: S608

    def _part(self, conditions: tuple[Condition, ...], order: tuple[str, ...], behind: bool) -> str:
        """Select so many (the last value) of those rows, behind values of the columns that order them if any."""
        beyond = f" AND ({_listed(order)}) > ({_marks(len(order))})" if behind else ""
        return (
            f"SELECT {self._columns} FROM {self._table} WHERE {_all(conditions)}{beyond}"  # noqa: S608
            f" ORDER BY {_listed(order)} LIMIT ?"
        )

    def _update(self, names: tuple[str, ...]) -> str:
        """Set columns of the row with a key, whose values come last."""
        sets = ", ".join(f"{_quoted(name)} = ?" for name in names)
        return f"UPDATE {self._table} SET {sets} WHERE {self._is_key}"  # noqa: S608


def condition(name: str, exact: list[Any], patterns: list[str]) -> tuple[Condition, list[Any]]:
    """Form a condition of a column, which one of the values or patterns must meet, with what fills its marks."""
    if len(exact) > MOST_VALUES:
        exact, count = [dump(exact)], _MANY
    else:
        exact = _padded(exact)
        count = len(exact)
    patterns = _padded(patterns)
    return (name, count, len(patterns)), exact + patterns


def _all(conditions: Iterable[Condition]) -> str:
    return " AND ".join(map(_condition, conditions)) or "TRUE"


def _condition(asked: Condition) -> str:
    name, exact, patterns = asked
    column = _quoted(name)
    marks = "SELECT value FROM json_each(?)" if exact == _MANY else _marks(exact)
    either = [f"{column} IN ({marks})"] if exact else []
    return f"({' OR '.join([*either, *[f'{column} GLOB ?'] * patterns])})"


def _padded(values: list[Any]) -> list[Any]:
    """Repeat the last value up to a power of two."""
    if len(values) < 2:
        return values
    return values + values[-1:] * ((1 << max(len(values) - 1, 0).bit_length()) - len(values))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _marks(count: int) -> str:
    return ", ".join("?" * count)
