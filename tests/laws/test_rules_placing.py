"""Laws of placing by rules: hard clauses hold, the best candidate wins, and nothing else has a say."""

from math import inf
from random import Random

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from app.rules.catalogue import SENSORS
from app.rules.explaining import why_not
from app.rules.moment import Vm
from app.rules.placing import NOBODY, Placed, place
from app.rules.prepared import prepare
from app.rules.reading import read
from app.rules.reservation import settle
from app.rules.table import HostTable
from app.rules.tree import Hard, Ruleset
from app.rules.walk import Pair, worth
from tests.laws.rule_texts import CELS, HOST_NAMES, NOW, OURS, Words, conditions, numbers, scenes, value

Cloud = tuple[HostTable, Vm]


def rulesets(words: Words) -> st.SearchStrategy[Ruleset]:
    """Draw a policy of two rules with a few clauses each."""
    clause = st.one_of(
        st.builds("require {} || host.vms > 1\n".format, conditions(words, 1)),
        st.builds("forbid {} && host.vms > 1\n".format, conditions(words, 1)),
        st.builds("prefer {} weight {}\n".format, numbers(words, 2), st.sampled_from([1, 2, 0.5])),
    )
    clauses = st.lists(clause, min_size=1, max_size=4).map("".join)
    applies = st.sampled_from(["", 'applies to vm where vm.user != "a"\n', "applies to host where host.vms < 3\n"])
    rule = st.builds("{}{}".format, applies, clauses)
    text = "rule a {{ {} }} rule b {{ {} }} policy p {{ use a use b weight 2 tiebreak host.vms }}"
    return st.builds(text.format, rule, rule).map(lambda made: read(made, "law.rules").ruleset)


def turn(table: HostTable, row: int) -> tuple[float, float, int]:
    """Order hosts of one score: the policies' tiebreak, then the order of joining; what is unknown comes last."""
    vms, index = (table.cell(SENSORS[name], row, NOW.at_s) for name in ("host.vms", "host.index"))
    return inf if vms is None else float(vms), inf if index is None else float(index), row  # type: ignore[arg-type]


def decided(ruleset: Ruleset, cloud: Cloud) -> Placed:
    return place(*cloud, prepare(ruleset, "p"), NOW)


def holds(clause: Hard, pair: Pair) -> bool:
    """Ask one hard clause of one host in plain Python."""
    return worth(clause.test, pair) is clause.wanted


def hard_clauses(ruleset: Ruleset, pair: Pair) -> list[bool]:
    """Ask all of them in order; a rule that is not about the pair holds."""
    found = []
    for rule in ruleset.rules.values():
        about = worth(rule.applies.test, pair) if rule.applies else True
        found += [about is False or holds(clause, pair) for clause in rule.hard]
    return found


@given(rulesets(OURS), scenes())
def test_a_host_is_refused_exactly_where_a_hard_clause_fails(ruleset: Ruleset, cloud: Cloud) -> None:
    placed = decided(ruleset, cloud)
    for row, refused_by in enumerate(placed.refused_by):
        held = hard_clauses(ruleset, Pair(cloud[0], row, cloud[1], NOW))
        assert (NOBODY if all(held) else held.index(False)) == refused_by
    assert sum(placed.refusals().values()) == np.count_nonzero(placed.refused_by != NOBODY)


@given(rulesets(OURS), scenes())
def test_every_refusal_is_explained_and_nothing_else(ruleset: Ruleset, cloud: Cloud) -> None:
    policy = prepare(ruleset, "p")
    for row, refused_by in enumerate(decided(ruleset, cloud).refused_by):
        said = why_not(policy, Pair(cloud[0], row, cloud[1], NOW))
        assert (said == ()) == (refused_by == NOBODY)
        assert not said or said[0].startswith(policy.gates[refused_by])


@given(rulesets(OURS), scenes())
def test_the_chosen_host_is_a_candidate_with_the_highest_score(ruleset: Ruleset, cloud: Cloud) -> None:
    placed = decided(ruleset, cloud)
    candidates = np.flatnonzero(placed.refused_by == NOBODY).tolist()
    assert (placed.row == NOBODY) == (len(candidates) == 0)
    if placed.row != NOBODY:
        assert placed.host == cloud[0].hosts[placed.row]
        alike = [row for row in candidates if placed.scores[row] == placed.scores[candidates].max()]
        assert placed.row == min(alike, key=lambda row: turn(cloud[0], row))
        assert placed.scores[placed.row] == sum(point.points for point in placed.points)
        assert all(0 <= point.points <= point.most for point in placed.points)


@given(rulesets(OURS), scenes())
def test_placing_is_repeatable_and_changes_nothing(ruleset: Ruleset, cloud: Cloud) -> None:
    table, vm = cloud
    before = table.copy()
    first = decided(ruleset, cloud)
    for again in (decided(ruleset, cloud), decided(ruleset, (before, vm)), decided(ruleset, (before.copy(), vm))):
        assert (again.row, again.points) == (first.row, first.points)
        np.testing.assert_array_equal(again.scores, first.scores)


@given(rulesets(OURS), scenes(), st.integers(0, 2**32))
def test_what_happens_to_a_copy_does_not_reach_the_table(ruleset: Ruleset, cloud: Cloud, seed: int) -> None:
    table, vm = cloud
    before, plan, chance = decided(ruleset, cloud), table.copy(), Random(seed)
    cells = every_cell(table)
    for _ in range(20):
        row, name = chance.randrange(len(plan)), chance.choice(HOST_NAMES)
        plan.put(row, name, value(chance, name), read_at_s=NOW.at_s)
    plan.hold(0, "a", not plan.images.get("a", [False])[0])
    settle(plan, vm, 0)
    again = decided(ruleset, cloud)
    assert (again.row, every_cell(table)) == (before.row, cells)
    np.testing.assert_array_equal(again.scores, before.scores)


def every_cell(table: HostTable) -> list[object]:
    return [table.cell(SENSORS[name], row, NOW.at_s) for name in HOST_NAMES for row in range(len(table))]


def rebuilt(table: HostTable, rows: list[int]) -> HostTable:
    """Make a table of some of the hosts, in another order, without the machines on them."""
    made = HostTable([table.hosts[row] for row in rows])
    for new, old in enumerate(rows):
        for name in HOST_NAMES:
            value = table.cell(SENSORS[name], old, NOW.at_s)
            if value is not None:
                kept = NOW.at_s - value if SENSORS[name].elapsed else value  # type: ignore[operator]
                made.put(new, name, kept, read_at_s=NOW.at_s)
        made.put(new, "host.index", float(old))
    return made


@given(rulesets(CELS), scenes())
def test_a_refused_host_has_no_influence_on_the_others(ruleset: Ruleset, cloud: Cloud) -> None:
    every = list(range(len(cloud[0])))
    whole = decided(ruleset, (rebuilt(cloud[0], every), cloud[1]))
    kept = [row for row in every if whole.refused_by[row] == NOBODY]
    assume(kept)
    part = decided(ruleset, (rebuilt(cloud[0], kept), cloud[1]))
    assert part.host == whole.host
    np.testing.assert_array_equal(part.scores, whole.scores[kept])


@given(rulesets(CELS), scenes(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_decides_nothing(ruleset: Ruleset, cloud: Cloud, chance: Random) -> None:
    rows = list(range(len(cloud[0])))
    straight = decided(ruleset, (rebuilt(cloud[0], rows), cloud[1]))
    chance.shuffle(rows)
    assert decided(ruleset, (rebuilt(cloud[0], rows), cloud[1])).host == straight.host
