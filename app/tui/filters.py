"""The filter language: `state:running host!=node07 vcpus>2 !web "two words"`; all terms must hold.

A bare word is looked for in every column, `:` contains, `=` and `!=` compare whole values, `<` `>` `<=` `>=`
compare numbers, a comma separates alternatives, `!` in front turns a term round. Case never matters. What
can not be understood is answered by a `FilterError` value, because it is read with every key typed.
"""

import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from app.tui.columns.column import Column, Row, Value, fields

_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*")+|"')
_TERM = re.compile(r"([A-Za-z_]\w*)(!=|>=|<=|:|=|>|<)(.*)", re.DOTALL)
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class FilterError:
    """Why a filter was not understood; `position` counts characters from 0."""

    position: int
    why: str


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; an empty `field` means any column."""

    field: str
    op: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        body = ",".join(quoted(value) for value in self.values)
        return ("!" if self.negated else "") + (f"{self.field}{self.op}{body}" if self.field else body)


@dataclass(frozen=True, slots=True)
class Filter(Generic[Row]):
    """Terms bound to the columns of one list; an empty filter lets everything through."""

    terms: tuple[Term, ...]
    columns: tuple[Column[Row], ...]

    def __str__(self) -> str:
        return " ".join(str(term) for term in self.terms)

    def test(self) -> Callable[[Row], bool] | None:
        """Return the predicate, None where everything passes."""
        tests = [_tested(term, self.columns) for term in self.terms]
        if not tests:
            return None
        return lambda row: all(test(row) for test in tests)


def parse(text: str, columns: Sequence[Column[Row]]) -> Filter[Row] | FilterError:
    """Read a filter for a list with these columns; never raises."""
    known = fields(columns)
    terms: list[Term] = []
    for found in _TOKEN.finditer(text):
        if found.group() == '"':
            return FilterError(found.start(), "a quotation mark is not closed")
        term = _term(found.group(), found.start(), known)
        if isinstance(term, FilterError):
            return term
        terms.append(term)
    return Filter(tuple(terms), tuple(columns))


def _term(token: str, position: int, known: Mapping[str, Column[Row]]) -> Term | FilterError:
    negated = token.startswith("!")
    body = token[1:] if negated else token
    parts = _TERM.fullmatch(body)
    if parts is None:
        word = body.replace('"', "")
        return Term("", "", (word,), negated) if word else FilterError(position, "a word is missing here")
    name, op, rest = parts.groups()
    column = known.get(name.lower())
    if column is None:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        return FilterError(position, f"no column {name}" + (f"; did you mean {near[0]}?" if near else ""))
    values = tuple(value.replace('"', "") for value in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', rest))
    if not all(values) and '""' not in rest:
        return FilterError(position, f"{name}{op} needs a value")
    if op in _ORDER and (len(values) != 1 or _number(values[0]) is None):
        return FilterError(position, f"{name}{op} needs one number")
    return Term(column.key, op, values, negated)


def _tested(term: Term, columns: Sequence[Column[Row]]) -> Callable[[Row], bool]:
    if not term.field:
        test = _anywhere(term.values[0].casefold(), columns)
    else:
        column = next(column for column in columns if column.key == term.field)
        test = _compared(term, column.value)
    return (lambda row: not test(row)) if term.negated else test


def _anywhere(word: str, columns: Sequence[Column[Row]]) -> Callable[[Row], bool]:
    values = [column.value for column in columns if column.filtered]
    return lambda row: any(word in str(value(row)).casefold() for value in values)


def _compared(term: Term, value: Callable[[Row], Value]) -> Callable[[Row], bool]:
    if term.op in _ORDER:
        return _ordered(_ORDER[term.op], float(term.values[0]), value)
    words = [word.casefold() for word in term.values]
    if term.op == ":":
        return lambda row: any(_contains(value(row), word) for word in words)
    if term.op == "=":
        return lambda row: any(_equals(value(row), word) for word in words)
    return lambda row: not any(_equals(value(row), word) for word in words)


def _ordered(
    compare: Callable[[float, float], bool], bound: float, value: Callable[[Row], Value]
) -> Callable[[Row], bool]:
    def test(row: Row) -> bool:
        found = value(row)
        number = _number(found) if isinstance(found, str) else float(found)
        return number is not None and math.isfinite(number) and compare(number, bound)  # infinite: not known

    return test


def _contains(found: Value, word: str) -> bool:
    return word in found.casefold() if isinstance(found, str) else _equals(found, word)


def _equals(found: Value, word: str) -> bool:
    return found.casefold() == word if isinstance(found, str) else _number(word) == found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def quoted(value: str) -> str:
    """Spell a value so that the filter reads it as one word; a quotation mark within it can not be spelled."""
    return value if re.fullmatch(r"[\w.\-/]+", value) else f'"{value}"'
