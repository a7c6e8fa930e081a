"""What to say when something cannot stand where it stands: the slips that people make, the nearest word, what could."""

import re
from dataclasses import dataclass
from typing import Self

from app.rules.faults import listed, nearest
from app.rules.quantities import MEANT, UNITS
from app.rules.slips import SLIPS, SPOKEN

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|[0-9][A-Za-z0-9.%]*|[=<>!&|:]+|//|/\*|.", re.DOTALL)
_LAST = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_.-]*|[0-9][A-Za-z0-9.%]*|\S)\Z")
_HEAD = re.compile(r"\s*(rule|policy)\s+([A-Za-z_][A-Za-z0-9_-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What was met (empty: the end), the word or sign before it, and the item it is in."""

    word: str
    before: str
    item: str

    @classmethod
    def read(cls, text: str, offset: int) -> Self:
        """Look around a place in a text."""
        found = _WORD.match(text, offset)
        word = found.group().rstrip(".-") or found.group() if found and found.group().strip() else ""
        last = _LAST.search(text[max(0, offset - 80) : offset].rstrip())
        head = _HEAD.match(text)
        return cls(
            word=word,
            before=last.group() if last else "",
            item=" ".join(head.groups()) if head else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The message, and what stands in it for programs."""

    message: str
    expected: tuple[str, ...] = ()
    nearest: str = ""


_VALUES = frozenset({"PATH", "LPAR", "LSQB", "BANG", "TRUE", "FALSE", "QUANTITY", "STRING", "MINUS"})
_GOES_ON = frozenset({"RELATION", "_IN", "PLUS", "MINUS", "FACTOR", "_OR", "_AND", "QMARK"})


def advise(met: Met, expected: frozenset[str]) -> Advice:
    """Say what is wrong at a place of which the grammar says what could stand there."""
    could = _could_stand(expected)
    if fix := _unit_apart(met) or _missing(met, expected) or _slip(met, expected):
        return Advice(message=f"{_shown(met)}: {fix}", expected=could)
    keywords = [name.strip("_").lower() for name in expected if name not in SPOKEN and name not in _VALUES | _GOES_ON]
    name = nearest(met.word, [*keywords, *(("place", "remap") if "PHASE" in expected else ())])
    if name:
        return Advice(message=f"{_shown(met)}: do you mean `{name}`?", expected=could, nearest=name)
    return Advice(message=f"{_shown(met)} cannot stand here; what can: {listed(could)}", expected=could)


def _shown(met: Met) -> str:
    return f"`{met.word}`" if met.word else "the end"


def _unit_apart(met: Met) -> str:
    unit = met.word if met.word in UNITS else MEANT.get(met.word, "")
    if unit and met.before[:1].isdigit():
        return f"the unit stands directly behind the number: `{met.before}{unit}`"
    return ""


def _missing(met: Met, expected: frozenset[str]) -> str:
    if "RPAR" in expected and met.word in {"", "}", "{"}:
        return "a `(` is not closed; `)` is missing"
    if "RSQB" in expected and met.word in {"", "}", "{"}:
        return "a `[` is not closed; `]` is missing"
    if expected == _VALUES and met.word in {"", "}", ")", "]", ","}:
        return f"nothing stands behind `{met.before}`; a value is missing"
    if not met.word and met.item:
        return f"`}}` is missing: {met.item} is not closed" if "RBRACE" in expected else f"{met.item} is not finished"
    return ""


def _slip(met: Met, expected: frozenset[str]) -> str:
    for slip in SLIPS:
        if slip.needs and slip.needs not in expected:
            continue
        if re.fullmatch(slip.met, met.word, re.DOTALL) and re.fullmatch(slip.before, met.before, re.DOTALL):
            return slip.fix
    return ""


def _could_stand(expected: frozenset[str]) -> tuple[str, ...]:
    words = []
    left = expected
    if expected >= _VALUES:
        words.append("an expression")
        left -= _VALUES
    if len(expected & _GOES_ON) > 1:
        words.append("an operator")
        left -= _GOES_ON | {"LPAR"}
    return (*words, *sorted(SPOKEN.get(name) or name.strip("_").lower() for name in left))
