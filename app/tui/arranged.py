"""How a list is arranged: which columns in which order, sorted and grouped by which, as a saved view says. Pure.

A view names columns by key, so it outlives a release that adds or drops one; what is unknown is passed over and told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.tui.columns.column import Column
from app.tui.memory import View


@dataclass(frozen=True, slots=True)
class Order:
    """Sorting by one column."""

    column: Column[Any]
    downwards: bool = False

    @property
    def key(self) -> str:
        return f"-{self.column.key}" if self.downwards else self.column.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """`unknown` lists keys of a view that this list has no column for."""

    columns: tuple[Column[Any], ...]
    orders: tuple[Order, ...]
    group: Column[Any] | None = None
    unknown: tuple[str, ...] = ()


def arranged(view: View, columns: Sequence[Column[Any]]) -> Arrangement:
    """Find a view's columns; where it names none that is known, the list's own stand."""
    known = {column.key: column for column in columns}
    chosen = [known[key] for key in view.columns if key in known]
    sorts = [key for key in view.sort[:2] if key.removeprefix("-") in known]
    grouping = {column.key: column for column in columns if column.groups}
    named = [*view.columns, *(key.removeprefix("-") for key in view.sort), *([view.group] if view.group else [])]
    return Arrangement(
        columns=ranked(chosen) if chosen else tuple(columns),
        orders=tuple(Order(known[key.removeprefix("-")], key.startswith("-")) for key in sorts),
        group=grouping.get(view.group),
        unknown=tuple(dict.fromkeys(key for key in named if key not in known)),
    )


def ranked(chosen: Sequence[Column[Any]]) -> tuple[Column[Any], ...]:
    """Let columns that a person chose give way from the last to the first, whatever their own rank is."""
    return tuple(replace(column, rank=place) for place, column in enumerate(chosen))
