"""Order and visibility of a list over rows that live elsewhere: filtering and sorting never touch the rows.

Keeps (sort key, second key, id) sorted ascending; a list sorted downwards is the same one read from its end, so a
second key that runs the other way is turned round itself. The trap: a row's old sort key must be known to take it out,
so keys are kept beside the list.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Mapping
from functools import total_ordering
from typing import Any, Generic

from app.tui.columns.column import Row, Value

Key = tuple[Any, Any, str]


@total_ordering
class _Turned:
    """A text that sorts the other way round."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Turned) and other.text == self.text

    def __lt__(self, other: "_Turned") -> bool:
        return other.text < self.text

    def __hash__(self) -> int:
        return hash(self.text)


class Index(Generic[Row]):
    """Visible ids of a table in order."""

    def __init__(self, table: Mapping[str, Row], value: Callable[[Row], Value]) -> None:
        self._table, self._value = table, value
        self._test: Callable[[Row], bool] | None = None
        self._then: Callable[[Row], Value] | None = None
        self._crosswise = False
        self.downwards = False
        self._keys: dict[str, Key] = {}
        self._order: list[Key] = []
        self.rebuild()

    def __len__(self) -> int:
        return len(self._order)

    def sort(
        self,
        value: Callable[[Row], Value],
        *,
        downwards: bool,
        then: Callable[[Row], Value] | None = None,
        then_downwards: bool = False,
    ) -> None:
        """Sort by a value, and rows that have the same by a second one."""
        self._value, self.downwards = value, downwards
        self._then, self._crosswise = then, then_downwards is not downwards
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
        return self._order[self._turned(line)][2]

    def line_of(self, given: str) -> int | None:
        """Return the line of an id, None if it is not visible."""
        key = self._keys.get(given)
        return None if key is None else self._turned(bisect_left(self._order, key))

    def ids(self) -> list[str]:
        """List all visible ids in order."""
        found = [given for _, _, given in self._order]
        return found[::-1] if self.downwards else found

    def _turned(self, line: int) -> int:
        return len(self._order) - 1 - line if self.downwards else line

    def _wanted(self, given: str) -> Key | None:
        row = self._table.get(given)
        if row is None or (self._test is not None and not self._test(row)):
            return None
        return self._key(given, row)

    def _key(self, given: str, row: Row) -> Key:
        first = _folded(self._value(row))
        if self._then is None:
            return (first, "", given)
        second = _folded(self._then(row))
        if self._crosswise:
            return (first, _Turned(second) if isinstance(second, str) else -second, given)
        return (first, second, given)


def _folded(value: Value) -> Value:
    return value.casefold() if isinstance(value, str) else value
