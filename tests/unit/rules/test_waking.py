"""Who leaves a crowded host, what may come to one, and which hosts are woken for those that find no room."""

import numpy as np
import pytest

from app.rules.prepared import Prepared, prepare
from app.rules.reading import read
from app.rules.tree import Phase
from tests.unit.rules.running_cloud import FITS, Running, moves, rules

GIB = 2.0**30
BUSY = "forbid host.cpu.util_with_vm > 90pct && host.vms > 0"
WAKE = "when cluster.pending > 0 power on host"
OFF = "when host.vms == 0 power off host"


@pytest.fixture
def running() -> Running:
    cloud = Running()
    cloud.table.fill("cluster.pending", np.zeros(4))
    return cloud


def asleep(running: Running, *hosts: str) -> None:
    for host in hosts:
        running.show(host, "host.power", "asleep")


def switched(running: Running, policy: Prepared) -> list[tuple[str, bool]]:
    return [(power.host, power.on) for power in running.plan(policy).powers]


def headroom() -> Prepared:
    """Who comes leaves 30 % free, who is there may use 90 %."""
    text = f"""
    rule room {{ at place  forbid host.cpu.util_with_vm > 70pct }}
    rule busy {{ at remap  {BUSY}  prefer host.vms > 0 ? host.cpu.util_with_vm : 0 }}
    policy p {{ use room  use busy  remap every 60s }}
    """
    return prepare(read(text, "headroom.rules").ruleset, "p", Phase.REMAP)


def test_a_clause_of_placing_binds_who_comes_and_not_who_is_there(running: Running) -> None:
    for host, loads in (("n0", (4.0, 3.6)), ("n1", (4.0, 1.0)), ("n2", (5.0,))):
        for load in loads:
            running.run(host, cpu_used=load)
    assert moves(running.plan(headroom())) == [("i-0", "n0", "n3")]
    running.show("n0", "host.cpu.load", 7.0)
    assert moves(running.plan(headroom())) == []


def test_of_those_whose_leaving_is_enough_the_one_goes_that_is_moved_fastest(running: Running) -> None:
    for load, memory in ((0.5, 1.0), (2.0, 3.0), (2.5, 2.0), (3.0, 4.0)):
        running.run("n0", cpu_used=load, mem=memory * GIB)
    assert moves(running.plan(rules(BUSY))) == [("i-2", "n0", "n1")]


def test_if_nobody_s_leaving_is_enough_the_largest_goes_first(running: Running) -> None:
    for vcpus, load in ((1.0, 2.0), (3.0, 2.0), (2.0, 2.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0)):
        running.run("n0", vcpus=vcpus, cpu_used=load)
    assert [vm for vm, _, _ in moves(running.plan(rules(BUSY)))] == ["i-1", "i-2", "i-0"]


def test_a_host_wakes_up_for_a_machine_that_must_leave_and_finds_no_room(running: Running) -> None:
    for host in ("n0", "n1"):
        running.run(host, cpu_used=4.0)
        running.run(host, cpu_used=4.0)
    asleep(running, "n2", "n3")
    plan = running.plan(rules(BUSY, WAKE))
    assert (moves(plan), [(power.host, power.on) for power in plan.powers]) == ([], [("n2", True), ("n3", True)])
    assert [each.what for each in plan.refused] == ["move i-0", "move i-2"]


def test_machines_that_fit_on_one_host_wake_up_one_host(running: Running) -> None:
    for host in ("n0", "n1"):
        running.run(host, cpu_used=5.0)
        running.run(host, cpu_used=3.0, mem=GIB)
    asleep(running, "n2", "n3")
    assert switched(running, rules(BUSY, WAKE)) == [("n2", True)]


@pytest.mark.parametrize("clauses", [(WAKE, 'forbid "shut" in host.tags'), ("when cluster.pending > 5 power on host",)])
def test_no_host_wakes_up_that_would_not_help_or_that_no_rule_wakes(running: Running, clauses: tuple[str, ...]) -> None:
    running.run("n0", cpu_used=4.0)
    running.run("n0", cpu_used=4.0)
    asleep(running, "n1", "n2", "n3")
    for host in ("n1", "n2", "n3"):
        running.show(host, "host.tags", frozenset({"shut"}))
    assert switched(running, rules(BUSY, *clauses)) == []


def test_nobody_waits_whom_another_host_does_not_help(running: Running) -> None:
    """The budget is used up; more hosts would not change that."""
    for _ in range(2):
        running.run("n0", cpu_used=4.0)
    asleep(running, "n2", "n3")
    once = rules(BUSY, WAKE, "when host.vms == 1 evacuate host", line="remap every 60s budget migrations <= 0 per vm")
    assert switched(running, once) == []


def test_a_machine_waits_for_a_host_that_wakes_up_already(running: Running) -> None:
    for host in ("n0", "n1"):
        running.run(host, cpu_used=4.0)
        running.run(host, cpu_used=4.0)
    asleep(running, "n2")
    running.show("n3", "host.power", "waking")
    assert switched(running, rules(BUSY, WAKE)) == [("n2", True)]


def test_hosts_are_woken_in_the_policy_s_own_order_and_switched_off_the_other_way_round(running: Running) -> None:
    for host, mips in (("n0", 8e3), ("n1", 9e3), ("n2", 7e3), ("n3", 9e3)):
        running.show(host, "host.cpu.mips", mips)
    line = "remap every 60s tiebreak -host.cpu.mips"
    assert [host for host, _ in switched(running, rules(OFF, WAKE, line=line))] == ["n2", "n0", "n3", "n1"]
    asleep(running, "n0", "n1", "n2", "n3")
    running.table.fill("cluster.pending", np.full(4, 3.0))
    assert [host for host, _ in switched(running, rules(OFF, WAKE, line=line))] == ["n1", "n3", "n0"]


def test_a_host_that_a_round_empties_is_switched_off_in_it(running: Running) -> None:
    running.run("n0", cpu_used=1.0)
    running.run("n1", cpu_used=1.0)
    asleep(running, "n2", "n3")
    plan = running.plan(rules(FITS, "when host.vms == 1 evacuate host", OFF, WAKE))
    assert moves(plan) == [("i-0", "n0", "n1")]
    assert [(power.host, power.on) for power in plan.powers] == [("n0", False)]


def test_a_machine_of_the_same_group_that_leaves_is_counted_out(running: Running) -> None:
    """Three of a group on a host are one too many: whoever of them leaves is enough, others need not."""
    for memory in (3.0, 1.0, 2.0):
        running.run("n0", group="web", mem=memory * GIB)
    assert moves(running.plan(rules("forbid count(host, vm.group) >= 2"))) == [("i-1", "n0", "n1")]
