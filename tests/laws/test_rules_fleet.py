"""Many machines asked at once get the answers that each would get alone, on its host without itself."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.rules.columns import compiled
from app.rules.fleet import Fleet, Pairs
from app.rules.moment import Vm
from app.rules.obstacles import Instead
from app.rules.table import HostTable
from app.rules.walk import Pair, worth
from tests.laws.rule_texts import NOW, OURS, conditions, machine, table, typed

Running = tuple[HostTable, list[Vm]]


def _running(seed: int) -> Running:
    chance = Random(seed)
    hosts = table(chance)
    vms = []
    for number in range(chance.randrange(1, 6)):
        made = machine(chance, len(hosts))
        values = {**made.values, "vm.id": f"i-{number}"}
        vms.append(replace(made, values=values, row=chance.randrange(len(hosts))))
        hosts.add(replace(vms[-1], row=-1), vms[-1].row)
    return hosts, vms


running = st.integers(0, 2**32).map(_running)


@given(conditions(OURS), running)
def test_machines_asked_at_once_answer_as_each_alone(text: str, cloud: Running) -> None:
    hosts, vms = cloud
    term = typed(text)
    fleet = Fleet(hosts, vms)
    with np.errstate(all="ignore"):
        cells, unknown = compiled(term)(Pairs(hosts, fleet, np.arange(len(vms)), NOW))
    cells, unknown = np.broadcast_to(cells, len(vms)), np.broadcast_to(unknown, len(vms))
    together: list[Any] = [None if lost else bool(cell) for cell, lost in zip(cells, unknown, strict=True)]
    assert together == [_alone(term, hosts, vm) for vm in vms], text


def _alone(term: Any, hosts: HostTable, vm: Vm) -> Any:
    bare = replace(vm, row=-1)
    left = hosts.copy()
    left.remove(bare, vm.row)
    return worth(term, Pair(left, vm.row, bare, NOW))


@given(conditions(OURS), running)
def test_who_is_in_the_way_is_asked_as_if_each_were_gone(text: str, cloud: Running) -> None:
    hosts, vms = cloud
    term, (first, *others) = typed(text), vms
    asking = replace(first, row=-1)
    hosts.remove(asking, first.row)
    with np.errstate(all="ignore"):
        cells, unknown = compiled(term)(Instead(hosts, Fleet(hosts, others), asking, NOW))
    cells, unknown = np.broadcast_to(cells, len(others)), np.broadcast_to(unknown, len(others))
    together: list[Any] = [None if lost else bool(cell) for cell, lost in zip(cells, unknown, strict=True)]
    assert together == [_instead(term, hosts, asking, vm) for vm in others], text


def _instead(term: Any, hosts: HostTable, asking: Vm, other: Vm) -> Any:
    left = hosts.copy()
    left.remove(replace(other, row=-1), other.row)
    return worth(term, Pair(left, other.row, asking, NOW))
