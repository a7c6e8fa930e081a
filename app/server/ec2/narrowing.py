"""Filters as conditions on columns, so that SQLite passes over most of what can not meet them.

What comes back may be more than what meets them: a filter without a column narrows nothing. So `filters.select` still
looks at all that is left, and a mistake in `columns.py` can hide things but never show any.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.account import Caller
from app.domain.ports import Unit
from app.domain.records import Like
from app.server.ec2.filters import TAG, literal, names_tags, parts_of, refuse_many_values
from app.server.ec2.operation import Filter
from app.services.access import scope

Values = tuple[str | Like, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a column is found in: rows of other accounts are not even counted, or time would tell of them."""

    unit: Unit
    own: Mapping[str, str]


Column = Callable[[Sight, Values], tuple[str, Values] | None]
"""Return the column that stands for a filter and the values it has then, None if nothing can be said."""
Columns = Mapping[str, str | Column]
"""Every filter that can match anything, with what stands for it."""


def where(
    unit: Unit, caller: Caller, asked: Sequence[Filter], columns: Columns, *, key: str = "id", others: bool = False
) -> dict[str, object]:
    """Form the conditions that the caller's things meet if they meet the filters; `key` is what tags refer to.

    `others`: things of others may be shown, too, who decides that comes later.
    """
    refuse_many_values(asked)
    sight = Sight(unit, scope(caller))
    found: dict[str, Values] = {} if others else {name: (value,) for name, value in sight.own.items()}
    for one in asked:
        condition = _condition(sight, one, columns, key)
        if condition:
            name, values = condition
            found[name] = _both(found[name], values) if name in found else values
    return {**found}


def stored(value: str) -> str | Like:
    """Turn a filter's value into what the store looks for."""
    parts = parts_of(value)
    if not any(part in ("*", "?") for part in parts):
        return "".join(map(literal, parts))
    return Like("".join(part if part in ("*", "?") else escaped(literal(part)) for part in parts))


def escaped(text: str) -> str:
    """Write text so that a pattern takes each character for itself."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def _condition(sight: Sight, asked: Filter, columns: Columns, key: str) -> tuple[str, Values] | None:
    values = tuple(map(stored, asked.values))
    if names_tags(asked.name):
        return key, _tagged(sight, asked.name, values)
    if asked.name not in columns:
        return key, ()
    column = columns[asked.name]
    return (column, values) if isinstance(column, str) else column(sight, values)


def _tagged(sight: Sight, name: str, values: Values) -> Values:
    if name == "tag-key":
        meant: dict[str, object] = {"name": values}
    elif name == "tag-value":
        meant = {"value": values}
    else:
        meant = {"name": name.removeprefix(TAG), "value": values}
    return tuple({tag.resource_id for tag in sight.unit.tags.where(**sight.own, **meant)})


def _both(one: Values, other: Values) -> Values:
    """Take what is in both; of patterns, which can not be intersected, the rest decides."""
    if any(isinstance(value, Like) for value in one):
        return other
    if any(isinstance(value, Like) for value in other):
        return one
    return tuple({*one} & {*other})
