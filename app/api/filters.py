"""The filter language: `state:running host!=node07 vcpus>2 !web "two words"`; all terms must hold.

A bare word is looked for in every field, `:` contains, `~` finds letters in that order with others between them,
`=` and `!=` compare whole values, `<` `>` `<=` `>=` compare numbers, a comma separates alternatives, `!` in front turns
a term round. Case never matters. Consoles and REST read the same language. What can not be understood is answered by a
`FilterError` value, because consoles read it with every key typed.
"""

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Row = TypeVar("Row")
Row_contra = TypeVar("Row_contra", contravariant=True)
Value = str | float | tuple[str, ...] | None
"""What a field holds: of several values each counts, of None nothing is true."""
_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*")+|"')
_TERM = re.compile(r"([A-Za-z_]\w*)(!=|>=|<=|:|=|>|<|~)(.*)", re.DOTALL)
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


class Field(Protocol[Row_contra]):
    """One thing that a filter may ask of a row, by its key or an alias; `filtered`: it may at all."""

    @property
    def key(self) -> str: ...

    @property
    def value(self) -> Callable[[Row_contra], Value]: ...

    @property
    def aliases(self) -> Sequence[str]: ...

    @property
    def filtered(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class FilterError:
    """Why a filter was not understood; `position` counts characters from 0."""

    position: int
    why: str


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; an empty `field` means any of them."""

    field: str
    op: str
    values: tuple[str, ...]
    negated: bool = False

    def __str__(self) -> str:
        body = ",".join(quoted(value) for value in self.values)
        return f"{'!' if self.negated else ''}{self.field}{self.op}{body}"


@dataclass(frozen=True, slots=True)
class Filter(Generic[Row]):
    """Terms bound to the fields of one list; an empty filter lets everything through."""

    terms: tuple[Term, ...]
    fields: tuple[Field[Row], ...]

    def __str__(self) -> str:
        return " ".join(str(term) for term in self.terms)

    def test(self) -> Callable[[Row], bool] | None:
        """Return the predicate, None where everything passes."""
        tests = [_tested(term, self.fields) for term in self.terms]
        if not tests:
            return None
        return lambda row: all(test(row) for test in tests)


def named(fields: Sequence[Field[Row]]) -> dict[str, Field[Row]]:
    """Name the fields that a filter may use, aliases included."""
    return {name: field for field in fields if field.filtered for name in (field.key, *field.aliases)}


def parse(text: str, fields: Sequence[Field[Row]]) -> Filter[Row] | FilterError:
    """Read a filter for a list with these fields; never raises."""
    known = named(fields)
    terms: list[Term] = []
    for found in _TOKEN.finditer(text):
        if found.group() == '"':
            return FilterError(found.start(), "a quotation mark is not closed")
        term = _term(found.group(), found.start(), known)
        if isinstance(term, FilterError):
            return term
        terms.append(term)
    return Filter(tuple(terms), tuple(fields))


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that there is no such column, and which one was probably meant."""
    near = difflib.get_close_matches(name.lower(), list(known), n=1)
    return f"no column {name}" + (f"; did you mean {near[0]}?" if near else "")


def _term(token: str, position: int, known: Mapping[str, Field[Row]]) -> Term | FilterError:
    negated = token.startswith("!")
    body = token[1:] if negated else token
    parts = _TERM.fullmatch(body)
    if parts is None:
        op = "~" if body.startswith("~") else ""
        word = body.removeprefix("~").replace('"', "")
        return Term("", op, (word,), negated) if word else FilterError(position, "a word is missing here")
    name, op, rest = parts.groups()
    field = known.get(name.lower())
    if field is None:
        return FilterError(position, unknown(name, known))
    values = tuple(value.replace('"', "") for value in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', rest))
    if not all(values) and '""' not in rest:
        return FilterError(position, f"{name}{op} needs a value")
    if op in _ORDER and (len(values) != 1 or _number(values[0]) is None):
        return FilterError(position, f"{name}{op} needs one number")
    return Term(field.key, op, values, negated)


def _tested(term: Term, fields: Sequence[Field[Row]]) -> Callable[[Row], bool]:
    if not term.field:
        test = _anywhere(term.values[0].casefold(), fields, _loosely if term.op == "~" else _within)
    else:
        test = _compared(term, next(field.value for field in fields if field.key == term.field))
    return (lambda row: not test(row)) if term.negated else test


def _anywhere(word: str, fields: Sequence[Field[Row]], found: Callable[[str, str], bool]) -> Callable[[Row], bool]:
    values = [field.value for field in fields if field.filtered]

    def holds(row: Row) -> bool:
        for value in values:  # plain loops: consoles ask it of all fields of 10,000 rows with every key typed
            held = value(row)
            if isinstance(held, str):
                if found(word, held.casefold()):
                    return True
            elif any(found(word, str(one).casefold()) for one in _each(held)):
                return True
        return False

    return holds


def _within(word: str, text: str) -> bool:
    return word in text


def _loosely(word: str, text: str) -> bool:
    """Tell whether the letters come in that order, whatever stands between them."""
    behind = 0
    for letter in word:
        behind = text.find(letter, behind) + 1
        if not behind:
            return False
    return True


def _compared(term: Term, value: Callable[[Row], Value]) -> Callable[[Row], bool]:
    if term.op in _ORDER:
        return _ordered(_ORDER[term.op], float(term.values[0]), value)
    words = [word.casefold() for word in term.values]
    fits = {":": _contains, "~": _resembles}.get(term.op, _equals)
    expected = term.op != "!="
    return lambda row: any(fits(one, word) for one in _each(value(row)) for word in words) is expected


def _ordered(
    compare: Callable[[float, float], bool], bound: float, value: Callable[[Row], Value]
) -> Callable[[Row], bool]:
    def holds(found: str | float) -> bool:
        number = _number(found) if isinstance(found, str) else float(found)
        return number is not None and math.isfinite(number) and compare(number, bound)  # infinite: not known

    return lambda row: any(holds(one) for one in _each(value(row)))


def _each(found: Value) -> tuple[str | float, ...]:
    if isinstance(found, tuple):
        return found
    return () if found is None else (found,)


def _contains(found: str | float, word: str) -> bool:
    return word in found.casefold() if isinstance(found, str) else _equals(found, word)


def _resembles(found: str | float, word: str) -> bool:
    return _loosely(word, str(found).casefold())


def _equals(found: str | float, word: str) -> bool:
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
