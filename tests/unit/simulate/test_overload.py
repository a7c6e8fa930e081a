"""The four tests for overload, on histories small enough for paper."""

from dataclasses import replace

import numpy as np
import pytest

from app.simulate.bookings import Bookings
from app.simulate.overload import MedianDeviation, Overload, QuartileRange, Regression, Threshold
from tests.unit.simulate.stage import state


def overloaded(test: Overload, demand: float, past: list[float], extra: float = 0.0) -> bool:
    """Ask about a host of 2000 MIPS with one machine of 2000; `past` is the host's load, newest first."""
    seen = state([demand, extra], [[0], []])
    history = np.zeros((2, 30))
    history[0, : len(past)] = past
    guests = replace(seen.guests, mips=np.array([2000.0, 2000.0]))
    bookings = Bookings(replace(seen, guests=guests, history=history))
    return bool(test(bookings, np.array([0]), 1 if extra else None)[0])


def test_a_fixed_threshold_is_crossed_only_above_it() -> None:
    assert [overloaded(Threshold(0.8), demand, []) for demand in (1600, 1601)] == [False, True]


def test_a_further_machine_counts_with_all_it_asks_for() -> None:
    assert [overloaded(Threshold(0.8), 1000, [], extra) for extra in (600, 601)] == [False, True]


@pytest.mark.parametrize(
    ("test", "enough"), [(MedianDeviation(2.5), 12), (QuartileRange(1.5), 12), (Regression(1.2), 10)]
)
def test_a_host_with_a_short_past_is_held_to_70_percent(test: Overload, enough: int) -> None:
    short = [0.1] * (enough - 1)
    assert [overloaded(test, demand, short) for demand in (1400, 1401)] == [False, True]
    assert not overloaded(test, 1401, [*short, 0.1])


def test_median_deviation_lowers_the_limit_by_safety_times_the_median_of_the_deviations() -> None:
    past = [0.2, 0.4] * 6  # median 0.3, every deviation 0.1
    assert [overloaded(MedianDeviation(2.5), demand, past) for demand in (1499, 1501)] == [False, True]


def test_the_quartile_range_lowers_the_limit_by_safety_times_the_distance_of_the_quartiles() -> None:
    past = [step / 20 for step in range(1, 13)]  # 12 values: the 3rd and the 10th, 0.15 and 0.5
    assert [overloaded(QuartileRange(1.5), demand, past) for demand in (949, 951)] == [False, True]


def test_a_steady_load_is_expected_to_stay_and_compared_with_one_over_safety() -> None:
    assert [overloaded(Regression(1.2), 0, [load] * 10) for load in (0.83, 0.84)] == [False, True]


def test_a_rising_load_is_continued_one_round_ahead() -> None:
    rising = [0.75 - 0.05 * age for age in range(10)]  # the line goes on to 0.8: 0.96 with safety
    assert not overloaded(Regression(1.2), 0, rising)
    assert overloaded(Regression(1.2), 0, [load + 0.04 for load in rising])


def test_the_regression_looks_at_the_last_ten_loads_only() -> None:
    assert not overloaded(Regression(1.2), 2000, [0.5] * 10 + [1.0] * 20)


def test_an_empty_host_is_never_overloaded() -> None:
    bookings = Bookings(state([], [[]]))
    tests: list[Overload] = [Threshold(0.8), MedianDeviation(2.5), QuartileRange(1.5), Regression(1.2)]
    assert [test(bookings, np.array([0]))[0] for test in tests] == [False] * 4
