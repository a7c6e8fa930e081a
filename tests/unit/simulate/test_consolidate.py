"""The three steps of the published consolidation, on stages of a few hosts: relieve, place, empty."""

from dataclasses import replace

import numpy as np
import pytest

from app.simulate.consolidate import Consolidation
from app.simulate.fleet import G4, G5, fleet_of
from app.simulate.overload import Threshold
from app.simulate.policy import Move
from tests.unit.simulate.stage import guests, state, steep

THR = Consolidation(Threshold(0.8))


def test_from_an_overloaded_host_the_machine_with_the_least_memory_leaves_first() -> None:
    seen = state([900, 800, 600], [[0, 1], [2]], [1740, 613, 870])
    assert THR.replan(seen) == [Move(1, 1)]


def test_of_machines_with_equal_memory_the_one_that_came_first_leaves() -> None:
    assert THR.replan(state([900, 900, 600], [[1, 0], [2]]))[0] == Move(1, 1)


def test_no_more_leave_than_needed() -> None:
    assert THR.replan(state([600, 600, 600, 900], [[0, 1, 2], [3]])) == [Move(0, 1)]


def test_nothing_is_placed_on_an_overloaded_host() -> None:
    assert THR.replan(state([1000, 700, 1000, 700], [[0, 1], [2, 3]])) == []


def test_the_largest_machine_is_placed_first() -> None:
    # 500 fits on the second host only; had 300 gone there first, the host could not be emptied
    seen = state([300, 500, 550, 550, 600, 600], [[0, 1], [2, 3], [4, 5]])
    assert THR.replan(seen) == [Move(1, 1), Move(0, 2)]


def test_the_least_loaded_host_is_emptied_first_and_the_first_of_equal_hosts_takes() -> None:
    assert THR.replan(state([600, 400, 600], [[0], [1], [2]])) == [Move(1, 0), Move(2, 0)]


def test_a_machine_goes_where_the_watts_grow_least() -> None:
    assert THR.replan(steep(state([600, 400, 700], [[0], [1], [2]]), 0))[0] == Move(1, 2)


def test_growth_counts_and_not_the_watts_a_host_draws_anyway() -> None:
    busy_plain_or_idle_steep = steep(state([100, 600, 600, 400], [[0], [1, 2], [3]]), 2)
    assert THR.replan(busy_plain_or_idle_steep)[0] == Move(0, 1)


def test_an_empty_host_may_be_overloaded_by_a_single_machine() -> None:
    assert Consolidation(Threshold(0.4)).replan(state([900, 900], [[0, 1], []])) == [Move(0, 1)]


def test_a_host_is_emptied_wholly_or_not_at_all() -> None:
    # 900 fits nowhere, so 100 stays, too, though it would fit
    assert THR.replan(state([100, 900, 1000, 150, 1000, 150], [[0, 1], [2, 3], [4, 5]])) == []


def test_a_host_that_takes_machines_is_not_emptied_in_the_same_step() -> None:
    assert THR.replan(state([300, 300], [[0], [1]])) == [Move(0, 1)]


def test_a_host_that_relieved_another_may_be_emptied_and_its_new_machine_moves_twice() -> None:
    seen = state([900, 800, 100, 700], [[0, 1], [2], [3]], [870, 613, 870, 870])
    assert THR.replan(steep(seen, 2)) == [Move(1, 1), Move(1, 2), Move(2, 2)]


def test_an_empty_host_is_not_woken_to_empty_another() -> None:
    assert THR.replan(state([900, 900], [[0], [1], []])) == []


def test_an_empty_host_is_woken_to_relieve_another() -> None:
    assert THR.replan(state([900, 900], [[0, 1], []])) == [Move(0, 1)]


def test_waking_an_empty_host_counts_only_what_it_draws_above_idle() -> None:
    assert THR.replan(steep(state([900, 900, 100], [[0, 1], [], [2]]), 2)) == [Move(0, 1)]


@pytest.mark.parametrize(("mips", "expected"), [([2500, 2500], [1, 3]), ([500, 500], [1, 3]), ([2500] * 3, [1, 3, -1])])
def test_new_machines_spread_over_empty_hosts_that_can_give_all_they_were_promised(
    mips: list[float], expected: list[int]
) -> None:
    fleet = fleet_of(4, (G4, G5))
    fleet = replace(fleet, memory_mb=np.full(4, 1000.0))
    seen = replace(state([0.0] * len(mips), [[], [], [], []]), fleet=fleet, guests=guests(mips, [870] * len(mips)))
    assert list(THR.place(seen)) == expected
