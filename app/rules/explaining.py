"""Say in words why a machine goes where it goes, and why not elsewhere: clauses, points, and the values behind them.

`every_host` tells what a decision holds, long after; `why_not` walks one host again and needs the table as it was. Only
what tips the scales is named: of `a && b`, the side that does not hold.
"""

from collections.abc import Iterator, Sequence

from app.rules.placing import NOBODY, Placed, Points
from app.rules.prepared import Gate, Prepared
from app.rules.quantities import BYTES, DEGREES, PLAIN, RATE, SECONDS, SPEED, WATTS, Dimension, Type
from app.rules.table import HostTable
from app.rules.terms import Age, Average, Cached, Crowd, Expr, Known, Logic, Not, Reading, WattsWith, inside
from app.rules.walk import Pair, worth

_BINARY = ((2.0**40, "Ti"), (2.0**30, "Gi"), (2.0**20, "Mi"), (2.0**10, "Ki"))
_UNITS = {PLAIN: "", SECONDS: " s", WATTS: " W", DEGREES: " degC", SPEED: " MIPS"}


def why_not(policy: Prepared, pair: Pair) -> tuple[str, ...]:
    """Name every hard clause that refuses the host, with the values behind it; nothing if it is a candidate."""
    found = []
    for part in policy.parts:
        about = worth(part.rule.applies.test, pair) if part.rule.applies else True
        if about is False:
            continue
        failed = (gate for gate in part.gates if worth(gate.clause.test, pair) is not gate.clause.wanted)
        found += [refusal(gate, pair) for gate in failed]
    return tuple(found)


def refusal(gate: Gate, pair: Pair) -> str:
    """Name a clause that refuses the host, with the values behind it."""
    values = dict.fromkeys(_reasons(gate.clause.test, gate.clause.wanted, pair))
    return f"{gate} ({', '.join(values)})" if values else str(gate)


def because(said_as: str, condition: Expr, pair: Pair) -> str:
    """Add to a condition that holds the values that make it hold."""
    values = dict.fromkeys(_reasons(condition, False, pair))
    return f"{said_as} ({', '.join(values)})" if values else said_as


def nowhere(placed: Placed) -> str:
    """Say in one line why a machine finds no host."""
    counted = [f"{count} refused by {gate}" for gate, count in placed.refusals().items()]
    return f"no host takes it: {'; '.join(counted)}" if counted else "there is no other host"


def every_host(placed: Placed, table: HostTable) -> tuple[str, ...]:
    """Say of every host, in the order of the rows, which clause refused it or what it scored."""
    best = placed.scores[placed.row] if placed.host else 0.0
    return tuple(
        f"{host}: refused by {placed.gates[gate]}" if gate != NOBODY else f"{host}: {score:.4g} of {best:.4g} points"
        for host, gate, score in zip(table.hosts, placed.refused_by.tolist(), placed.scores.tolist(), strict=True)
    )


def why(placed: Placed) -> tuple[str, ...]:
    """Say what each preference gave the chosen host."""
    return scored(placed.points)


def scored(points: Sequence[Points]) -> tuple[str, ...]:
    """Say what each preference gave a host."""
    return tuple(
        f"{point.clause}: {'unknown' if point.unknown else f'{point.points:.4g}'} of {point.most:.4g} points"
        for point in points
    )


def said(value: float | bool | str | frozenset[str] | None, kind: Type) -> str:
    """Write a value as people write it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    return f'"{value}"' if isinstance(value, str) else _amount(value, kind.dimension)


def _amount(value: float, dimension: Dimension) -> str:
    if dimension not in {BYTES, RATE}:
        return f"{value:.4g}{_UNITS.get(dimension, f' {dimension}')}"
    suffix = "B" if dimension == BYTES else "Bps"
    factor, prefix = next(((factor, prefix) for factor, prefix in _BINARY if abs(value) >= factor), (1.0, ""))
    return f"{value / factor:.4g} {prefix}{suffix}"


def _reasons(term: Expr, wanted: bool, pair: Pair) -> Iterator[str]:
    """Yield the values that keep a condition from being as wanted."""
    if isinstance(term, Not):
        yield from _reasons(term.operand, not wanted, pair)
    elif isinstance(term, Logic):
        for side in (term.left, term.right):
            if worth(side, pair) is not wanted:
                yield from _reasons(side, wanted, pair)
    else:
        for leaf in leaves(term):
            yield f"{_named(leaf)} is {said(worth(leaf, pair), leaf.type)}"


def leaves(term: Expr) -> Iterator[Expr]:
    """Yield what is looked up, not what is worked out from it; a derived sensor counts as looked up."""
    if _named(term):
        yield term
    else:
        for part in inside(term):
            yield from leaves(part)


def _named(term: Expr) -> str:
    match term:
        case Reading(sensor=sensor):
            return sensor.name
        case Crowd(function=function, place=place, trait=trait):
            return f"{function}({place}, {trait})"
        case Average(sensor=sensor, seconds=seconds):
            return f"avg({sensor.name}, {seconds:g}s)"
        case Age(sensor=sensor):
            return f"age({sensor.name})"
        case Known(reading=reading):
            return f"known({reading.sensor.name})"
        case _:
            return {Cached: "cached(host, vm.image)", WattsWith: "watts_with(host, vm)"}.get(type(term), "")
