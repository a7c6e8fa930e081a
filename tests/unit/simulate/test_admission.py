"""Requests on a few hosts of four cores: who goes where, who waits, and what it costs, worked out by hand."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.simulate.admission import Admission, Ask, admit, admit_all, chooser
from app.simulate.choosers import CHOOSERS
from app.simulate.fleet import Floats
from app.simulate.requests import Requests
from app.simulate.residence import PolicyError
from app.simulate.room import Chooser, Room

JOB = tuple[float, float, int]  # arrival, run time, machines of one core


def log(jobs: Sequence[JOB], *, hosts: int = 2, wait: bool = True) -> Requests:
    columns = np.array(jobs, dtype=np.float64).reshape(-1, 3)
    return Requests(
        name="small",
        arrives_s=columns[:, 0],
        runs_s=columns[:, 1],
        machines=columns[:, 2].astype(np.int64),
        need=np.tile([1.0, 0.0, 0.0], (len(columns), 1)),
        hosts=np.tile([4.0, 8192.0, 0.0], (hosts, 1)),
        watts=(40.0, 100.0),
        wait=wait,
    )


def played(jobs: Sequence[JOB], policy: str = "greedy", *, hosts: int = 2, wait: bool = True) -> Admission:
    return admit_all(log(jobs, hosts=hosts, wait=wait), policy, CHOOSERS[policy]())


def chosen(policy: Chooser, busy: Sequence[int], machines: int) -> Sequence[int] | None:
    """Ask for machines of one core on hosts of four of which so many cores are busy."""
    room = Room(np.tile([4.0, 8192.0, 0.0], (len(busy), 1)))
    room.book(np.arange(len(busy)), np.array(busy), np.array([1.0, 0.0, 0.0]))
    return policy.choose(room, machines, np.array([1.0, 0.0, 0.0]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("greedy", [0, 0, 1, 1, 1]),
        ("roundrobin", [0, 1, 3, 0, 1]),
        ("fullest", [3, 0, 0, 1, 1]),
        ("emptiest", [1, 0, 3, 1, 0]),
    ],
)
def test_each_way_of_choosing(name: str, expected: list[int]) -> None:
    assert chosen(CHOOSERS[name](), [2, 0, 4, 3], 5) == expected


def test_the_fullest_first_wakes_a_host_only_when_the_others_are_full() -> None:
    assert chosen(CHOOSERS["fullest"](), [0, 1], 3) == [1, 1, 1]


def test_round_robin_goes_on_where_it_stopped() -> None:
    policy = CHOOSERS["roundrobin"]()
    assert [chosen(policy, [0, 0, 0], 1) for _ in range(4)] == [[0], [1], [2], [0]]


@pytest.mark.parametrize("name", CHOOSERS)
def test_a_group_is_placed_as_a_whole_or_not_at_all(name: str) -> None:
    assert chosen(CHOOSERS[name](), [2, 1], 6) is None


def test_a_host_that_is_full_for_an_hour_costs_its_full_watts() -> None:
    run = played([(0, 3600, 4)])
    assert run.energy_kwh == pytest.approx(0.1)
    assert (run.hosts_on_mean, run.hosts_bound_mean) == (1.0, 1.0)


def test_a_host_with_one_busy_core_of_four_costs_a_quarter_of_the_way_to_full() -> None:
    assert played([(0, 3600, 1)]).energy_kwh == pytest.approx(0.055)


def test_who_finds_no_room_waits_until_enough_has_ended() -> None:
    run = played([(0, 100, 6), (10, 50, 4)])
    assert run.wait_s_mean == 45  # nobody, and from 10 to 100
    assert run.slowdown_mean == pytest.approx((1 + (90 + 50) / 50) / 2)


def test_the_head_of_the_line_holds_up_those_behind_it() -> None:
    assert played([(0, 100, 6), (10, 50, 4), (20, 30, 1)]).wait_s_mean == pytest.approx((0 + 90 + 80) / 3)


def test_without_a_line_who_finds_no_room_is_refused() -> None:
    run = played([(0, 100, 6), (10, 50, 4), (20, 30, 1)], wait=False)
    assert (run.served, run.refused, run.wait_s_mean) == (2, 1, 0)


def test_who_finds_no_room_although_nothing_runs_is_refused_and_holds_up_nobody() -> None:
    run = played([(0, 100, 9), (10, 50, 4)])
    assert (run.served, run.refused, run.wait_s_mean) == (1, 1, 0)


def test_a_short_run_counts_as_ten_seconds_in_the_slowdown() -> None:
    assert played([(0, 1, 8), (0, 1, 1)]).slowdown_mean == 1


def test_the_share_of_groups_on_one_host_and_on_one_rack() -> None:
    run = played([(0, 10, 4), (20, 10, 5), (40, 10, 68), (60, 10, 1)], hosts=17)  # 16 hosts a rack
    assert run.groups_on_one_host == pytest.approx(1 / 3)
    assert run.groups_on_one_rack == pytest.approx(2 / 3)


class Wrong:
    def choose(self, room: Room, machines: int, need: Floats) -> Sequence[int] | None:
        return [0] * machines


def test_a_policy_that_overfills_a_host_is_an_error() -> None:
    with pytest.raises(PolicyError, match="request 0"):
        admit_all(log([(0, 10, 5)]), "wrong", Wrong())


def test_a_way_to_choose_that_is_not_there_is_named_in_the_error() -> None:
    with pytest.raises(PolicyError, match="no policy thr-mmt"):
        chooser("thr-mmt-0.8")


JOBS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 40), st.integers(1, 12)), min_size=1, max_size=20)


@given(JOBS, st.sampled_from(sorted(CHOOSERS)), st.booleans())
def test_everybody_is_served_or_refused_and_nothing_beats_the_bound(jobs: list[JOB], policy: str, wait: bool) -> None:
    run = played(sorted(jobs), policy, hosts=3, wait=wait)
    assert run.served + run.refused == len(jobs)
    assert run.refused == 0 or not wait  # at most twelve machines on twelve cores
    assert run.hosts_bound_mean <= run.hosts_on_mean + 1e-9 <= 3 + 1e-9
    assert run.hosts_bound_most <= run.hosts_on_most
    assert run.slowdown_mean >= 1 or run.served == 0
    assert 0 <= run.groups_on_one_host <= run.groups_on_one_rack <= 1


@pytest.mark.parametrize("name", CHOOSERS)
def test_the_same_requests_give_the_same_answer(name: str) -> None:
    ask = Ask(policy=name, requests="generated", hosts=20, seed=4, traces=None)
    one, other = (asdict(replace(admit(ask), decision_s=0.0, wall_s=0.0)) for _ in range(2))
    assert one == other
