"""GREEDY, ROUNDROBIN and POWERSAVE choose the node that Eucalyptus 1.6.1 would have chosen.

Cases are drawn by a seed, a few thousand here; `make bench-rules` asks 100,000 of each policy.
"""

from random import Random

import pytest

from tests.laws.as_of_161 import POLICIES, Case, Node, case, chosen_161, chosen_by_rules, chosen_in_order, shipped

SEEDS = range(2000)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_shipped_rules_choose_the_nodes_of_1_6_1(policy: str) -> None:
    rules = shipped(policy)
    for seed in SEEDS:
        given = case(Random(seed))
        assert chosen_by_rules(rules, given) == chosen_161(policy, given), seed


@pytest.mark.parametrize("policy", POLICIES)
def test_the_built_in_policies_choose_the_nodes_of_1_6_1(policy: str) -> None:
    for seed in SEEDS:
        given = case(Random(seed))
        assert chosen_in_order(policy, given) == chosen_161(policy, given), seed


@pytest.mark.parametrize(
    ("policy", "states", "chosen"),
    [
        ("GREEDY", "asleep down waking up", [2, 3, 0]),
        ("POWERSAVE", "asleep asleep down up", [3, 0, 1]),
        ("ROUNDROBIN", "up down asleep waking", [2, 3, 0]),
    ],
)
def test_a_sleeper_comes_last_or_in_its_turn_and_one_that_wakes_up_counts_as_up(
    policy: str, states: str, chosen: list[int]
) -> None:
    given = Case(tuple(Node(state, 1, 1, 1) for state in states.split()), Node("", 1, 1, 1), 4, position=1)
    assert (
        chosen_161(policy, given) == chosen_by_rules(shipped(policy), given) == chosen_in_order(policy, given) == chosen
    )
