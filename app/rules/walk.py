"""Expressions walked in plain Python for one host and one machine: for explanations, and to hold columns.py against.

An unknown value is None. The trap: plain division by 0 raises, that of numpy and CEL does not.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import copysign, inf, isnan, nan
from typing import Any

from app.rules.moment import Now, Vm
from app.rules.places import crowd_at, watts_at
from app.rules.table import HostTable
from app.rules.terms import (
    Age,
    Among,
    Arithmetic,
    Average,
    Cached,
    Call,
    Choice,
    Compare,
    Crowd,
    Expr,
    Known,
    Literal,
    Logic,
    Negative,
    Not,
    Numbers,
    Reading,
    Texts,
    WattsWith,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One machine and one host at one time; terms that were `told` are not looked up."""

    table: HostTable
    row: int
    vm: Vm
    now: Now
    told: Mapping[Expr, Any] | None = None


def worth(term: Expr, pair: Pair) -> Any:
    """Return what a term is worth for a pair: a number, a flag, a text, a set; None if it is unknown."""
    if pair.told is not None and term in pair.told:
        return pair.told[term]
    return _WALKS[type(term)](term, pair)


def _reading(term: Reading, pair: Pair) -> Any:
    sensor, now = term.sensor, pair.now
    if term.formula is not None:
        return worth(term.formula, pair)
    if sensor.scope == "now":
        return now.value(sensor)
    return pair.vm.value(sensor, now.at_s) if sensor.scope == "vm" else pair.table.cell(sensor, pair.row, now.at_s)


def _logic(term: Logic, pair: Pair) -> bool | None:
    """What is known decides: false && unknown is false, true || unknown is true."""
    sides = worth(term.left, pair), worth(term.right, pair)
    decisive = term.operator == "||"
    if decisive in sides:
        return decisive
    return None if None in sides else not decisive


def _choice(term: Choice, pair: Pair) -> Any:
    asked = worth(term.test, pair)
    return None if asked is None else worth(term.yes if asked else term.no, pair)


def _cached(term: Cached, pair: Pair) -> bool | None:
    image = pair.vm.trait("vm.image")
    if image is None:
        return None
    return image in pair.table.images and bool(pair.table.images[image][pair.row])


def _average(term: Average, pair: Pair) -> float | None:
    if term.sensor.scope == "vm":
        return pair.vm.mean(term.sensor, term.seconds)
    means = pair.table.averages.get((term.sensor.name, term.seconds))
    return None if means is None or isnan(means[pair.row]) else float(means[pair.row])


def _age(term: Age, pair: Pair) -> float | None:
    if term.sensor.scope == "now":
        return 0.0
    if term.sensor.scope == "vm":
        return pair.vm.age_s(term.sensor, pair.now.at_s)
    return pair.table.age_s(term.sensor, pair.row, pair.now.at_s)


def _worked_out(function: Callable[..., Any], parts: Sequence[Expr], pair: Pair) -> Any:
    """Apply a function that needs all its parts: one unknown makes the whole unknown."""
    values = [worth(part, pair) for part in parts]
    return None if None in values else function(*values)


def _quotient(one: float, other: float) -> float:
    if other:
        return one / other
    return nan if not one or isnan(one) else copysign(inf, one) * copysign(1.0, other)


def _remainder(one: float, other: float) -> float:
    return one % other if other else nan


def _least(*values: float) -> float:
    return nan if any(map(isnan, values)) else min(values)


def _greatest(*values: float) -> float:
    return nan if any(map(isnan, values)) else max(values)


_OPERATORS: dict[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": _least,
    "max": _greatest,
    "cyclic": _remainder,
    "clamp": lambda value, low, high: _least(_greatest(value, low), high),
}
_WALKS: dict[type, Callable[[Any, Pair], Any]] = {
    Literal: lambda term, pair: term.value,
    Texts: lambda term, pair: term.values,
    Numbers: lambda term, pair: term.values,
    Reading: _reading,
    Not: lambda term, pair: _worked_out(operator.not_, [term.operand], pair),
    Negative: lambda term, pair: _worked_out(operator.neg, [term.operand], pair),
    Logic: _logic,
    Compare: lambda term, pair: _worked_out(_OPERATORS[term.operator], [term.left, term.right], pair),
    Among: lambda term, pair: _worked_out(lambda one, many: one in many, [term.item, term.among], pair),
    Arithmetic: lambda term, pair: _worked_out(_OPERATORS[term.operator], [term.left, term.right], pair),
    Choice: _choice,
    Call: lambda term, pair: _worked_out(_FUNCTIONS[term.function], term.arguments, pair),
    Crowd: lambda term, pair: crowd_at(pair.table, pair.vm, term, pair.row, pair.now.at_s),
    Cached: _cached,
    WattsWith: lambda term, pair: watts_at(pair.table, pair.vm, pair.row, pair.now.at_s),
    Average: _average,
    Age: _age,
    Known: lambda term, pair: worth(term.reading, pair) is not None,
}
