"""Whether a trigger starts where it stops: `when host.temp > 80degC … until host.temp < 80degC` goes on for ever.

Only thresholds on the same value can be held against one another (`0.9 * host.cpu.cores` and `0.75 * host.cpu.cores`
are two of the same); what is written otherwise is taken to be meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.rules.terms import Arithmetic, Compare, Expr, Literal, Logic

_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True)
class _Bound:
    """`value` is compared with `factor` times `scale` (None: with the number itself)."""

    value: Expr
    scale: Expr | None
    upward: bool
    factor: float


def touching(start: Expr, stop: Expr) -> bool:
    """Tell whether some value that starts a trigger does not have to change for it to stop, or the other way round."""
    for first in _bounds(start):
        for last in _bounds(stop):
            if (first.value, first.scale) != (last.value, last.scale) or first.upward == last.upward:
                continue
            gap = first.factor - last.factor if first.upward else last.factor - first.factor
            if gap <= 0:
                return True
    return False


def _bounds(term: Expr) -> Iterator[_Bound]:
    match term:
        case Logic(left=left, right=right):
            yield from _bounds(left)
            yield from _bounds(right)
        case Compare(operator=sign, left=left, right=right) if sign in _TURNED:
            if isinstance(left, Literal):
                left, right, sign = right, left, _TURNED[sign]
            factor, scale = _scaled(right)
            yield _Bound(left, scale, sign in {">", ">="}, factor)
        case _:
            pass


def _scaled(term: Expr) -> tuple[float, Expr | None]:
    match term:
        case Literal(value=value):
            return float(value), None
        case Arithmetic(operator="*", left=Literal(value=value), right=rest):
            return float(value), rest
        case Arithmetic(operator="*", left=rest, right=Literal(value=value)):
            return float(value), rest
        case _:
            return 1.0, term
