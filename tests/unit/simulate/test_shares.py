"""How a host is divided among its machines, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.simulate.shares import Shares, Tenancy, divide
from tests.unit.simulate.stage import plain_fleet


def shares(asked: list[float], *, arriving: tuple[int, ...] = (), leaving: tuple[int, ...] = ()) -> Shares:
    pairs = range(len(asked))
    tenancy = Tenancy(
        vm=np.arange(len(asked)),
        host=np.zeros(len(asked), dtype=np.int64),
        arriving=np.array([pair in arriving for pair in pairs]),
        leaving=np.array([pair in leaving for pair in pairs]),
    )
    return divide(plain_fleet(1), tenancy, np.array(asked))


def test_what_fits_is_given_in_full() -> None:
    assert shares([500, 900]).given.tolist() == [500, 900]


def test_one_core_is_the_most_a_machine_can_get() -> None:
    divided = shares([1500])
    assert (divided.given.tolist(), divided.used.tolist(), divided.asked.tolist()) == ([1000], [1000], [1500])


def test_what_does_not_fit_is_scaled_for_all_and_rounded_down() -> None:
    divided = shares([1000, 1000, 999])
    assert divided.given.tolist() == [666, 666, 666]  # 2000 / 2999 of each
    assert divided.crowded.tolist() == [True]


def test_a_leaving_machine_gets_nine_tenths_while_its_host_works_for_all_of_it() -> None:
    divided = shares([500, 300], leaving=(0,))
    assert divided.given.tolist() == [450, 300]
    assert divided.used[0] == pytest.approx(800)


def test_an_arriving_machine_takes_one_tenth_and_is_owed_the_rest() -> None:
    divided = shares([500, 300], arriving=(0,))
    assert (divided.given.tolist(), divided.used.tolist(), divided.asked.tolist()) == ([50, 300], [350], [800])


def test_an_arriving_machine_crowds_its_host_with_one_tenth_only() -> None:
    assert not shares([1000, 900, 1000], arriving=(2,)).crowded[0]


@given(st.lists(st.floats(0, 1200), max_size=8), st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_nobody_gets_more_than_asked_and_no_host_gives_more_than_it_has(
    asked: list[float], arriving: set[int], leaving: set[int]
) -> None:
    divided = shares(asked, arriving=tuple(arriving), leaving=tuple(leaving - arriving))
    assert (divided.given <= np.array(asked)).all()
    assert divided.used.sum() <= 2000 * (1 + 1e-12)
