"""Which hard clauses keep machines together and which keep them apart, as far as their form tells.

`require same(rack, vm.group)` says together in a place, `forbid count(host, vm.group) >= 1` apart. Both on one trait
are at odds where the place of the first lies within that of the second: one host is always in one rack.
"""

from collections.abc import Iterator

from app.rules.catalogue import PLACES
from app.rules.terms import Compare, Crowd, Expr, Literal, Logic, Not
from app.rules.tree import Hard

_ALONE = {(">=", 1.0, False), (">", 0.0, False), ("==", 0.0, True), ("<", 1.0, True), ("<=", 0.0, True)}


def together(clause: Hard) -> Iterator[Crowd]:
    """Yield where a clause wants machines together."""
    for term, wanted in _demands(clause.test, clause.wanted):
        if isinstance(term, Crowd) and wanted:
            yield term


def apart(clause: Hard) -> Iterator[Crowd]:
    """Yield where a clause wants a machine to be without its like."""
    for term, wanted in _demands(clause.test, clause.wanted):
        match term:
            case Compare(operator=sign, left=Crowd(function="count") as crowd, right=Literal(value=value)):
                if (sign, value, wanted) in _ALONE:
                    yield crowd
            case _:
                pass


def at_odds(near: Crowd, far: Crowd) -> bool:
    """Tell whether no second machine can be near and apart as asked."""
    return near.trait == far.trait and PLACES.index(near.place) <= PLACES.index(far.place)


def _demands(term: Expr, wanted: bool) -> Iterator[tuple[Expr, bool]]:
    """Yield the conditions that must all be as wanted."""
    match term:
        case Not(operand=operand):
            yield from _demands(operand, not wanted)
        case Logic(operator=sign, left=left, right=right) if (sign == "&&") is wanted:
            yield from _demands(left, wanted)
            yield from _demands(right, wanted)
        case _:
            yield term, wanted
