"""What holds in every random case: 1.6.1's choices, no rule broken on the way, and rest under constant load.

The laws of the test suite on many more cases; each figure is the number of cases that do not keep the law.
"""

from collections.abc import Iterator
from random import Random

from bench.table import Goal, Row
from tests.laws.as_of_161 import POLICIES, case, chosen_161, chosen_by_rules, chosen_in_order, shipped
from tests.laws.rule_worlds import drawn, first_break, last_stir

CHOICES, PLANS, LIVES = 100_000, 10_000, 2_000
ROUNDS, RESTING = 30, 10


def rows() -> Iterator[Row]:
    for policy in POLICIES:
        yield _row(
            f"{policy}, choices unlike 1.6.1's",
            unlike_161(policy),
            f"of {CHOICES} random states, by rules and built in",
        )
    yield _broken()
    restless = sum(last_stir(*drawn(seed), ROUNDS) >= ROUNDS - RESTING for seed in range(LIVES))
    yield _row("clouds that do not come to rest", restless, f"of {LIVES}, within {ROUNDS - RESTING} rounds")


def unlike_161(policy: str) -> int:
    """Count the cases that the shipped rules or the built-in policy decide otherwise."""
    rules, found = shipped(policy), 0
    for seed in range(CHOICES):
        given = case(Random(seed))
        expected = chosen_161(policy, given)
        found += not expected == chosen_by_rules(rules, given) == chosen_in_order(policy, given)
    return found


def _broken() -> Row:
    steps = broken = 0
    for seed in range(PLANS):
        made, wrong = first_break(*drawn(seed))
        steps, broken = steps + made, broken + bool(wrong)
    return _row("plans that break a hard rule on the way", broken, f"of {PLANS} random clouds, {steps} moves")


def _row(figure: str, wrong: int, beside: str) -> Row:
    return Row(figure=figure, measured=wrong, unit="cases", goal=Goal.at_most(0, "cases"), beside=beside)
