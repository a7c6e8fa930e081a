"""Order, visibility and groups of a list over rows that live elsewhere: filtering and sorting never touch the rows.

Each group keeps (sort key, second key, id) sorted ascending; a list sorted downwards is the same one read from its end,
so a second key that runs the other way is turned round itself. A list without groups is one group that has no head.
The trap: a row's old group, sort key and figures must be known to take it out, so they are kept beside the list.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from operator import add, sub
from typing import Any, Generic

from app.tui.columns.column import Row, Value

Key = tuple[Any, Any, str]
Place = tuple[str, Key]
Figures = tuple[float, ...]


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


@dataclass(slots=True)
class Group:
    """The visible rows that have one value in common; `sums` adds up their figures, `line` is that of its head."""

    name: str
    keys: list[Key] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)
    line: int = 0

    def ids(self) -> list[str]:
        """List the ids of its rows, in no order that anybody should rely on."""
        return [given for _, _, given in self.keys]


class Index(Generic[Row]):
    """Visible ids of a table in order. Lines count from 0; where there are groups, each has a line above its rows."""

    def __init__(self, table: Mapping[str, Row], value: Callable[[Row], Value]) -> None:
        self._table, self._value = table, value
        self._test: Callable[[Row], bool] | None = None
        self._then: Callable[[Row], Value] | None = None
        self._crosswise = False
        self.downwards = False
        self._group: Callable[[Row], Value] | None = None
        self._figures: Callable[[Row], Figures] | None = None
        self.folded: set[str] = set()
        self._places: dict[str, Place] = {}
        self._counted: dict[str, Figures] = {}
        self._groups: dict[str, Group] = {}
        self._lined: list[Group] = []
        self._starts: list[int] = []
        self.lines = 0
        self.rebuild()

    def __len__(self) -> int:
        """Count the visible rows, those in folded groups too."""
        return len(self._places)

    def __contains__(self, given: str) -> bool:
        return given in self._places

    @property
    def groups(self) -> list[Group]:
        """Return the groups in their order; none where there is no grouping."""
        return self._lined if self._group else []

    # --- what is wanted

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

    def group(self, group: Callable[[Row], Value] | None, figures: Callable[[Row], Figures] | None = None) -> None:
        """Put rows that have a value in common below one head, with the sums of their figures; None: one list."""
        self._group, self._figures = group, figures
        self.folded.clear()
        self.rebuild()

    def fold(self, names: Collection[str], *, folded: bool) -> None:
        """Hide the rows of groups below their heads, or show them again."""
        self.folded = self.folded | set(names) if folded else self.folded - set(names)
        self._line_up()

    # --- what the table has

    def rebuild(self) -> None:
        self._places, self._counted, self._groups = {}, {}, {}
        for given, row in self._table.items():
            if self._test is None or self._test(row):
                self._places[given] = name, key = self._place(given, row)
                self._group_named(name).keys.append(key)
                if self._figures is not None:
                    self._count(given, name, row)
        for group in self._groups.values():
            group.keys.sort()
        self._line_up()

    def update(self, changed: Collection[str]) -> bool:
        """Take over changed, new and removed rows; True if order or visibility changed."""
        leaving: dict[str, set[Key]] = {}
        coming: dict[str, Place] = {}
        for given in changed:
            before, after = self._places.get(given), self._wanted(given)
            if before is not None:
                self._discount(given, before[0])
            if before != after and before is not None:
                leaving.setdefault(before[0], set()).add(before[1])
                del self._places[given]
            if before != after and after is not None:
                coming[given] = after
            elif after is not None:
                self._count(given, after[0], self._table[given])
        self._take_out(leaving)
        self._put_in(coming)
        if leaving or coming:
            self._line_up()
        return bool(leaving or coming)

    # --- lines

    def id_at(self, line: int) -> str | None:
        """Return the id of the row on that line, None on a head and outside."""
        group = self._group_at(line)
        if group is None:
            return None
        place = line - group.line - self._heads
        if not 0 <= place < len(group.keys):
            return None
        return group.keys[self._turned(group, place)][2]

    def head_at(self, line: int) -> Group | None:
        """Return the group whose head is on that line."""
        group = self._group_at(line) if self._group else None
        return group if group and group.line == line else None

    def line_of(self, given: str) -> int | None:
        """Return the line of an id, that of its head where it is folded away, None if it is not visible."""
        if given not in self._places:
            return None
        name, key = self._places[given]
        group = self._groups[name]
        if name in self.folded:
            return group.line
        return group.line + self._heads + self._turned(group, bisect_left(group.keys, key))

    def line_of_head(self, name: str) -> int | None:
        """Return the line of a group's head, None if there is no such group."""
        group = self._groups.get(name) if self._group else None
        return group.line if group else None

    def group_of(self, given: str) -> str | None:
        """Return the name of the group that a visible row is in; None where there are no groups."""
        return self._places[given][0] if self._group and given in self._places else None

    def ids(self) -> list[str]:
        """List all visible ids in order, those in folded groups too."""
        return [given for group in self._lined for given in (group.ids()[::-1] if self.downwards else group.ids())]

    # --- within

    @property
    def _heads(self) -> int:
        return 1 if self._group else 0

    def _group_at(self, line: int) -> Group | None:
        return self._lined[bisect_right(self._starts, line) - 1] if 0 <= line < self.lines else None

    def _turned(self, group: Group, place: int) -> int:
        return len(group.keys) - 1 - place if self.downwards else place

    def _line_up(self) -> None:
        """Give each group its line."""
        self._lined = sorted(self._groups.values(), key=lambda group: (group.name.casefold(), group.name))
        line = 0
        for group in self._lined:
            group.line = line
            line += self._heads + (0 if group.name in self.folded else len(group.keys))
        self._starts = [group.line for group in self._lined]
        self.lines = line

    def _take_out(self, leaving: Mapping[str, set[Key]]) -> None:
        for name, keys in leaving.items():
            group = self._groups[name]
            group.keys = [key for key in group.keys if key not in keys]
            if not group.keys:
                del self._groups[name]

    def _put_in(self, coming: Mapping[str, Place]) -> None:
        for given, place in coming.items():
            self._places[given] = name, key = place
            insort(self._group_named(name).keys, key)
            self._count(given, name, self._table[given])

    def _group_named(self, name: str) -> Group:
        found = self._groups.get(name)
        if found is None:
            found = self._groups[name] = Group(name)
        return found

    def _count(self, given: str, name: str, row: Row) -> None:
        """Add the figures of a row to the sums of its group."""
        if self._figures is None:
            return
        self._counted[given] = figures = self._figures(row)
        group = self._groups[name]
        group.sums = list(map(add, group.sums, figures)) if group.sums else list(figures)

    def _discount(self, given: str, name: str) -> None:
        if given in self._counted:
            group = self._groups[name]
            group.sums = list(map(sub, group.sums, self._counted.pop(given)))

    def _wanted(self, given: str) -> Place | None:
        row = self._table.get(given)
        if row is None or (self._test is not None and not self._test(row)):
            return None
        return self._place(given, row)

    def _place(self, given: str, row: Row) -> Place:
        return ("" if self._group is None else str(self._group(row)), self._key(given, row))

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
