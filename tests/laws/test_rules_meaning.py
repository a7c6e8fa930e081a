"""One meaning: all hosts at once by numpy, one host in plain Python, and CEL say the same of every expression."""

from math import nan
from typing import Any

import cel
import numpy as np
from hypothesis import given

from app.rules.catalogue import SENSORS
from app.rules.columns import compiled
from app.rules.kernels import Scene
from app.rules.moment import Vm
from app.rules.table import HostTable
from app.rules.terms import Compare, Expr, Reading
from app.rules.walk import Pair, worth
from tests.laws.rule_texts import BYTES, CELS, NOW, OURS, PLAIN, conditions, numbers, scenes, typed

CEL_NAMES = (
    *PLAIN,
    *BYTES,
    "host.maintenance",
    "host.power",
    "host.rack",
    "host.name",
    "host.cluster",
    "host.tags",
    "vm.user",
    "vm.group",
    "vm.tags",
)
Cloud = tuple[HostTable, Vm]


def by_columns(term: Expr, table: HostTable, vm: Vm) -> list[Any]:
    """Evaluate for all hosts at once; None where unknown."""
    with np.errstate(all="ignore"):
        cells, unknown = compiled(term)(Scene(table, vm, NOW))
    size = len(table)
    pairs = zip(np.broadcast_to(cells, size), np.broadcast_to(unknown, size), strict=True)
    return [None if hidden else cell.item() for cell, hidden in pairs]


def by_walk(term: Expr, table: HostTable, vm: Vm) -> list[Any]:
    return [worth(term, Pair(table, row, vm, NOW)) for row in range(len(table))]


@given(conditions(OURS), scenes())
def test_columns_and_walk_agree_on_every_host(text: str, cloud: Cloud) -> None:
    term = typed(text)
    assert by_columns(term, *cloud) == by_walk(term, *cloud)


@given(numbers(OURS, 3), scenes())
def test_columns_and_walk_agree_on_numbers_to_the_last_digit(text: str, cloud: Cloud) -> None:
    term = typed(f"0.0 < {text}")
    assert isinstance(term, Compare)
    number = term.right
    columns, walked = by_columns(number, *cloud), by_walk(number, *cloud)
    np.testing.assert_array_equal(_floats(columns), _floats(walked))
    assert [one is None for one in columns] == [one is None for one in walked]


def _floats(values: list[Any]) -> list[float]:
    return [nan if value is None else value for value in values]


@given(conditions(OURS), scenes())
def test_where_a_condition_is_unknown_its_cell_is_false(text: str, cloud: Cloud) -> None:
    with np.errstate(all="ignore"):
        cells, unknown = compiled(typed(text))(Scene(*cloud, NOW))
    assert not np.any(np.logical_and(cells, unknown))


@given(conditions(OURS), conditions(OURS), scenes())
def test_unknown_follows_kleene(one: str, other: str, cloud: Cloud) -> None:
    """What is known decides: De Morgan and the order of the sides make no difference."""
    assert by_walk(typed(f"!({one} && {other})"), *cloud) == by_walk(typed(f"!({other}) || !({one})"), *cloud)


@given(conditions(CELS), scenes())
def test_cel_means_the_same(text: str, cloud: Cloud) -> None:
    table, vm = cloud
    term, program = typed(text), cel.compile(text)
    for row, ours in enumerate(by_columns(term, table, vm)):
        assert _asked_of_cel(program, table, vm, row) == ours, text


def _asked_of_cel(program: cel.Program, table: HostTable, vm: Vm, row: int) -> Any:
    """Run a program of CEL; a name that is not there, its error, is our unknown."""
    try:
        return program.execute(_context(table, vm, row))
    except KeyError:
        return None


def _context(table: HostTable, vm: Vm, row: int) -> dict[str, Any]:
    context: dict[str, Any] = {"host": {}, "vm": {}, "rack": {}, "now": {}}
    for name in CEL_NAMES:
        value = worth(Reading(SENSORS[name]), Pair(table, row, vm, NOW))
        *folders, last = name.split(".")
        inner = context
        for folder in folders:
            inner = inner.setdefault(folder, {})
        if value is not None:
            inner[last] = sorted(value) if isinstance(value, frozenset) else value
    return context
