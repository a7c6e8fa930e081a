"""What could be meant by what is typed so far, for the two prompts; every answer is a whole line.

Values come from the rows at hand and are users' text: they are quoted so that the filter reads them back as one word;
one with a quotation mark in it can not be spelled and is not offered.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.api.filters import named, quoted
from app.tui.columns.column import Column

MOST = 8
LEAST_TYPED = 2
_LAST = re.compile(r'(?:.*\s)?(?P<token>(?:[^\s"]|"[^"]*"?)*)$', re.DOTALL)
_TERM = re.compile(r"(!?)([A-Za-z_]\w*)(!=|:|=)(.*)", re.DOTALL)


def filter_lines(text: str, columns: Sequence[Column[Any]], rows: Iterable[Any]) -> list[str]:
    """Complete the last word of a filter: a column's name, or behind it a value that occurs."""
    found = _LAST.match(text)
    token = found["token"] if found else ""
    before = text[: len(text) - len(token)]
    term = _TERM.fullmatch(token)
    if term:
        turned, name, op, begun = term.groups()
        return [f"{before}{turned}{name}{op}{value}" for value in _values(name, begun, columns, rows)]
    turned = "!" if token.startswith("!") else ""
    begun = token.removeprefix("!").lower()
    names = [column.key for column in columns if column.filtered and column.key.startswith(begun)]
    return [f"{before}{turned}{name}:" for name in names] if token or not text else []


def _values(name: str, begun: str, columns: Sequence[Column[Any]], rows: Iterable[Any]) -> list[str]:
    column = named(columns).get(name.lower())
    *kept, last = begun.split(",")
    word = last.strip('"').casefold()
    if column is None:
        return []
    known = {str(column.value(row)) for row in rows}
    fit = sorted(value for value in known if value and '"' not in value and value.casefold().startswith(word))
    return [",".join([*kept, quoted(value)]) for value in fit[:MOST]]


def go_lines(text: str, places: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Complete where to go: a place, or a thing by its name or id; `names` maps what may be typed to the thing."""
    begun = text.strip().lower()
    found = [place for place in places if place.startswith(begun)]
    if len(begun) >= LEAST_TYPED:
        found += sorted(name for name in names if name.lower().startswith(begun))
    return found[:MOST]


def longest(text: str, lines: Sequence[str]) -> str:
    """Return what the tab key makes of a line: as far as all agree, the first where that adds nothing."""
    if not lines:
        return text
    agreed = os.path.commonprefix(list(lines))  # noqa: RUF071 - characters are meant, not paths
    return agreed if len(agreed) > len(text) else lines[0]
