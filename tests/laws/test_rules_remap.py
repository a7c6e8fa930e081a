"""Laws of remapping: no step breaks a rule, budgets hold, hosts are emptied wholly, and it comes to rest.

Worlds are drawn by a seed, a few hundred here (fewer where they live for many rounds); `make laws-long` draws 10,000.
"""

import os
from collections import Counter
from copy import deepcopy
from random import Random

import pytest

from app.rules.company import Member
from app.rules.plan import Memory, Plan
from tests.laws.rule_worlds import World, drawn, first_break, last_stir, shipped, world

SEEDS = range(int(os.environ.get("REMAP_WORLDS", "300")))
ROUNDS = 30
LIVES = SEEDS[::6]


def test_no_hard_rule_breaks_in_any_state_in_between() -> None:
    for seed in SEEDS:
        assert first_break(*drawn(seed))[1] == "", seed


def test_a_target_is_up_and_on_and_another_host() -> None:
    for seed in SEEDS:
        small, rules = drawn(seed)
        for move in small.planned(rules).moves:
            at = {str(vm.values["vm.id"]): small.table.hosts[vm.row] for vm in small.vms}
            assert at[move.vm] == move.source != move.target
            assert move.vm not in small.pinned, seed
            for host in (move.source, move.target):
                row = small.table.rows[host]
                assert (small.cell(row, "host.state"), small.cell(row, "host.power")) == ("up", "on"), seed
            small.move(move.vm, move.target)


def test_no_step_brings_machines_together_that_are_to_be_apart() -> None:
    refused = 0
    for seed in SEEDS:
        (small, rules), chance = drawn(seed), Random(seed)
        free = len(small.planned(rules).moves)
        hosts = {str(vm.values["vm.id"]): small.table.hosts[vm.row] for vm in small.vms}
        hosts |= {"at rest": chance.choice(small.table.hosts)}
        parts = {name: chance.choice(["1", "2", name]) for name in hosts}
        small.apart = tuple(Member(id=name, group="g", part=parts[name], hosts=(host,)) for name, host in hosts.items())
        plan = small.planned(rules)
        refused += len(plan.moves) < free
        for move in plan.moves:
            beside = {name for name, host in hosts.items() if host == move.target}
            assert {parts[name] for name in beside} <= {parts[move.vm]}, seed
            hosts[move.vm] = move.target
    assert refused


def test_under_constant_load_everything_comes_to_rest() -> None:
    for seed in LIVES:
        assert last_stir(*drawn(seed), ROUNDS) < ROUNDS - 10, seed


def test_the_same_input_gives_the_same_plan_and_stays_as_it_is() -> None:
    for seed in LIVES:
        small, rules = drawn(seed, limits=1)
        before = deepcopy([small.cell(row, "host.vms") for row in range(len(small.table))])
        assert small.planned(rules) == small.planned(rules) == drawn(seed, limits=1)[0].planned(rules)
        assert before == [small.cell(row, "host.vms") for row in range(len(small.table))]


def used(plan: Plan, what: str, per: str) -> list[float]:
    """Add up what a plan uses of a budget, by what the budget is per; an emptied host may be left by all."""
    found: Counter[object] = Counter()
    for move in plan.moves:
        keys: dict[str, list[object]] = {
            "vm": [move.vm],
            "link": [(move.source, move.target)],
            "host": [move.target] if "evacuate host" in move.why else [move.source, move.target],
        }
        for key in keys.get(per, [""]):
            found[key] += 1 if what == "migrations" else move.downtime_s  # type: ignore[assignment]
    return [float(value) for value in found.values()]


@pytest.mark.parametrize("limits", [1, 2, 3])
def test_no_budget_is_exceeded(limits: int) -> None:
    for seed in LIVES:
        small, rules = drawn(seed, limits)
        hourly = 0.0
        for _ in range(5):
            plan = small.planned(rules)
            hourly += len(plan.moves)
            for limit in rules.policy.limits:
                amounts = [hourly] if limit.per == "hour" else used(plan, limit.what, limit.per)
                assert max(amounts, default=0.0) <= limit.most, (seed, limit)
            small.live(plan)


def test_a_host_is_emptied_wholly_or_not_at_all() -> None:
    for seed in SEEDS:
        small, rules = drawn(seed, limits=seed % 3)
        plan = small.planned(rules)
        left = {move.source for move in plan.moves if "evacuate host" in move.why}
        for move in plan.moves:
            small.move(move.vm, move.target)
        assert {small.table.hosts[vm.row] for vm in small.vms}.isdisjoint(left), seed


def test_what_is_unknown_starts_nothing() -> None:
    for seed in SEEDS:
        small, rules = drawn(seed)
        blind = World(small.table, small.vms, small.pinned, small.now, frozenset(), ())
        for row in range(len(small.table)):
            for name in ("host.cpu.load", "host.temp", "host.maintenance", "host.mem.free", "host.cpu.promised",
                         "host.state", "host.tags", "host.vms", "cluster.cpu.free", "host.settled"):  # fmt: skip
                small.table.put(row, name, None)
        assert blind.planned(rules).quiet, seed


def test_a_plan_is_empty_where_everything_has_come_to_rest() -> None:
    """Also for somebody who has forgotten everything that was before."""
    for seed in LIVES:
        small, rules = drawn(seed)
        for _ in range(ROUNDS):
            small.live(small.planned(rules))
        small.memory = Memory()
        assert not small.planned(rules).moves, seed


@pytest.mark.parametrize("name", ["balanced", "energy", "locality", "performance", "powersave"])
def test_the_shipped_policies_break_nothing_and_come_to_rest(name: str) -> None:
    rules = shipped(name)
    for seed in LIVES[:25]:
        small, last = world(Random(seed)), 0
        for number in range(ROUNDS):
            plan, broken = small.planned(rules), small.broken(rules)
            if plan.moves or plan.powers:
                last = number
            small.live(plan, 300.0)
            assert small.broken(rules) <= broken, (seed, number)
        assert last < ROUNDS - 10, seed
