"""What the value of an expression can be at all, from the ranges that the catalogue declares for sensors.

`gain` is measured on these ranges: what hosts happen to show must not decide, or a machine would move for ever between
two that are nearly alike. A range without an end is bent into one that has ends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, isnan
from typing import Any

import numpy as np

from app.rules.catalogue import SENSORS
from app.rules.expressions import formula
from app.rules.terms import Arithmetic, Average, Call, Choice, Crowd, Expr, Literal, Negative, Reading, WattsWith


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the greatest."""

    low: float
    high: float

    def share(self, values: Any) -> Any:
        """Return where values lie within the range, 0 to 1."""
        if isfinite(self.high - self.low):
            span = self.high - self.low
            return np.clip((values - self.low) / span, 0.0, 1.0) if span else np.zeros_like(values)
        return 0.5 + 0.5 * values / (1.0 + np.abs(values))


_SHARE, _ANY = Range(0.0, 1.0), Range(-inf, inf)
_CROWD = {"count": Range(0.0, SENSORS["host.vms"].high), "share": _SHARE}


def declared(term: Expr) -> Range:
    """Return the range of a number."""
    match term:
        case Literal(value=value):
            found = Range(float(value), float(value))
        case Reading(sensor=sensor) | Average(sensor=sensor):
            found = Range(sensor.low, sensor.high)
        case Negative(operand=operand):
            inner = declared(operand)
            found = Range(-inner.high, -inner.low)
        case Choice(yes=yes, no=no):
            found = _around(declared(yes), declared(no))
        case Crowd(function=function):
            found = _CROWD[function]
        case WattsWith():
            found = Range(0.0, SENSORS["host.power_watts"].high)
        case _:
            found = _worked_out(term)
    return found


def _worked_out(term: Expr) -> Range:
    """Return the range of a sum, a product, …; what is written as the catalogue derives it has the derived range."""
    for sensor in SENSORS.values():
        if sensor.formula and term == formula(sensor):
            return Range(sensor.low, sensor.high)
    match term:
        case Arithmetic(operator=sign, left=left, right=right):
            return _folded(_ARITHMETIC[sign], declared(left), declared(right))
        case Call(function="clamp", arguments=(_, low, high)):
            return Range(declared(low).low, declared(high).high)
        case Call(function="cyclic", arguments=(_, divisor)):
            return Range(0.0, declared(divisor).high)
        case Call(function=function, arguments=arguments):
            ranges = [declared(each) for each in arguments]
            choose = min if function == "min" else max
            return Range(choose(each.low for each in ranges), choose(each.high for each in ranges))
        case _:
            return _ANY


def _quotient(one: float, other: float) -> float:
    return one / other if other else inf


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": _quotient,
}


def _folded(function: Callable[[float, float], float], one: Range, other: Range) -> Range:
    """Combine the ends; a divisor that may be 0 leaves no range."""
    if function is _quotient and other.low <= 0 <= other.high:
        return _ANY
    ends = [function(left, right) for left in (one.low, one.high) for right in (other.low, other.high)]
    return _ANY if any(isnan(end) for end in ends) else Range(min(ends), max(ends))


def _around(one: Range, other: Range) -> Range:
    return Range(min(one.low, other.low), max(one.high, other.high))
