"""Filters of Describe operations: names are Amazon's, values may hold `*` and `?` (a backslash takes their power).

A filter that Amazon knows and nothing here can have (a subnet, say) matches nothing, as it would there; one that
Amazon does not know is refused by name. Values of one filter are alternatives, filters are all to be met.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from app.domain.errors import Invalid, OverLimit
from app.server.ec2.operation import Filter

Thing = TypeVar("Thing")
Facts = Mapping[str, Callable[[Thing], Iterable[str]]]
MOST_FILTERS, MOST_VALUES, LONGEST_VALUE = 50, 200, 1024
TAG = "tag:"


def select(
    things: Sequence[Thing],
    filters: Sequence[Filter],
    facts: Facts[Thing],
    known: frozenset[str],
    tags: Callable[[Thing], Mapping[str, str]] | None = None,
) -> list[Thing]:
    """Keep the things that meet every filter."""
    refuse_many_values(filters)
    left = list(things)
    for asked in filters:
        values = _of(asked, facts, known, tags)
        wanted = [pattern(value) for value in asked.values]
        left = [thing for thing in left if any(match(value) for value in values(thing) for match in wanted)]
    return left


def refuse_many_values(filters: Sequence[Filter]) -> None:
    """Refuse more than EC2 takes: each value is compared with each thing."""
    if len(filters) > MOST_FILTERS:
        raise OverLimit("filters per request", len(filters), MOST_FILTERS)
    for asked in filters:
        if len(asked.values) > MOST_VALUES:
            raise OverLimit("values per filter", len(asked.values), MOST_VALUES)


def names_tags(name: str) -> bool:
    """Tell whether a filter looks at tags, which nearly every kind of thing has."""
    return name in ("tag-key", "tag-value") or (name.startswith(TAG) and len(name) > len(TAG))


def pattern(value: str) -> Callable[[str], object]:
    """Compile one filter value to a predicate; Invalid if it is longer than anything it could match."""
    if len(value) > LONGEST_VALUE:
        raise Invalid("Filter.Value", value, f"It has at most {LONGEST_VALUE} characters.")
    if not any(special in value for special in "*?\\"):
        return value.__eq__
    first, *others = _between_stars(value)
    if not others:
        return re.compile(first, re.DOTALL).fullmatch
    *inner, last = others
    # What stands between two stars is taken where it is found first and never looked for again (an atomic group):
    # with plain `.*`, ten stars keep a thread busy for hours.
    found = "".join(f"(?>.*?{part})" for part in inner if part)
    return re.compile(f"{first}{found}.*{last}", re.DOTALL).fullmatch


def parts_of(value: str) -> list[str]:
    """Split a value into wildcards, characters behind a backslash, and what stands between these."""
    return re.findall(r"\\.|[*?]|[^*?\\]+|\\", value, re.DOTALL)


def _between_stars(value: str) -> list[str]:
    parts = [""]
    for part in parts_of(value):
        if part == "*":
            parts.append("")
        else:
            parts[-1] += "." if part == "?" else re.escape(literal(part))
    return parts


def literal(part: str) -> str:
    """Take the backslash off a character that it takes the power from."""
    return part[1:] if len(part) == 2 and part[0] == "\\" else part


def _of(
    asked: Filter, facts: Facts[Thing], known: frozenset[str], tags: Callable[[Thing], Mapping[str, str]] | None
) -> Callable[[Thing], Iterable[str]]:
    name = asked.name
    if tags is not None:
        if name.startswith(TAG) and len(name) > len(TAG):
            return lambda thing: [value for key, value in tags(thing).items() if key == name[len(TAG) :]]
        if name == "tag-key":
            return lambda thing: tags(thing).keys()
        if name == "tag-value":
            return lambda thing: tags(thing).values()
    if name in facts:
        return facts[name]
    if name in known:
        return lambda thing: ()
    raise Invalid("Filter.Name", name, f"The filters here are {', '.join(sorted(facts))}.")
