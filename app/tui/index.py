"""Order and visibility of a list over rows that live elsewhere: filtering and sorting never touch the rows.

Keeps (sort key, id) pairs sorted ascending; a list sorted downwards is the same one read from its end. The
trap: a row's old sort key must be known to take it out, so keys are kept beside the list.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Mapping
from typing import Generic

from app.tui.columns.column import Row, Value

Key = tuple[Value, str]


class Index(Generic[Row]):
    """Visible ids of a table in order."""

    def __init__(self, table: Mapping[str, Row], value: Callable[[Row], Value]) -> None:
        self._table, self._value = table, value
        self._test: Callable[[Row], bool] | None = None
        self.downwards = False
        self._keys: dict[str, Key] = {}
        self._order: list[Key] = []
        self.rebuild()

    def __len__(self) -> int:
        return len(self._order)

    def sort(self, value: Callable[[Row], Value], *, downwards: bool) -> None:
        self._value, self.downwards = value, downwards
        self.rebuild()

    def show(self, test: Callable[[Row], bool] | None) -> None:
        """Keep only rows that pass; None shows all."""
        self._test = test
        self.rebuild()

    def rebuild(self) -> None:
        self._keys = {}
        for given, row in self._table.items():
            if self._test is None or self._test(row):
                self._keys[given] = self._key(given, row)
        self._order = sorted(self._keys.values())

    def update(self, changed: Collection[str]) -> bool:
        """Take over changed, new and removed rows; True if order or visibility changed."""
        fresh = {given: self._wanted(given) for given in changed}
        moved = {given: key for given, key in fresh.items() if key != self._keys.get(given)}
        if not moved:
            return False
        stale = {key for given in moved if (key := self._keys.pop(given, None)) is not None}
        if stale:
            self._order = [key for key in self._order if key not in stale]
        for given, key in moved.items():
            if key is not None:
                self._keys[given] = key
                insort(self._order, key)
        return True

    def id_at(self, line: int) -> str | None:
        """Return the id on that line, counted from 0, or None outside."""
        if not 0 <= line < len(self._order):
            return None
        return self._order[self._turned(line)][1]

    def line_of(self, given: str) -> int | None:
        """Return the line of an id, None if it is not visible."""
        key = self._keys.get(given)
        return None if key is None else self._turned(bisect_left(self._order, key))

    def ids(self) -> list[str]:
        """List all visible ids in order."""
        found = [given for _, given in self._order]
        return found[::-1] if self.downwards else found

    def _turned(self, line: int) -> int:
        return len(self._order) - 1 - line if self.downwards else line

    def _wanted(self, given: str) -> Key | None:
        row = self._table.get(given)
        if row is None or (self._test is not None and not self._test(row)):
            return None
        return self._key(given, row)

    def _key(self, given: str, row: Row) -> Key:
        value = self._value(row)
        return (value.casefold() if isinstance(value, str) else value, given)
