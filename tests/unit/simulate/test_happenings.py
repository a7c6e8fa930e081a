"""Hosts that fail or come, and policies that take over, in the middle of a day."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.simulate.baselines import Contender, contender
from app.simulate.engine import HONEST, Engine
from app.simulate.experiment import run
from app.simulate.happenings import Happening, added, read_happenings
from app.simulate.policy import Move, State
from app.simulate.residence import PolicyError
from app.simulate.workload import WorkloadError, generated
from tests.house.tree import ROOT
from tests.unit.simulate.stage import Scripted, even, plain_fleet

DATA = ROOT / "data"


def at(at_s: float, kind: str, what: str) -> Happening:
    return Happening(at_s=at_s, kind=kind, what=what)


def played(policy: Scripted, *happenings: Happening, hosts: int = 2, machines: int = 1) -> Engine:
    workload = even([1.0] * machines, [1000] * machines).until(2)
    engine = Engine(workload, plain_fleet(hosts), Contender(name="scripted", policy=policy), HONEST, happenings)
    engine.play(lambda done: None)
    return engine


class Elsewhere(Scripted):
    """Places each waiting machine on the first host that is up."""

    def place(self, state: State) -> Sequence[int]:
        return [int(state.up.argmax()) for _ in state.waiting]


def test_the_machines_of_a_failed_host_start_again_elsewhere_at_the_next_round() -> None:
    policy = Elsewhere([])
    engine = played(policy, at(1000, "fail", "0"))
    assert (engine.restarts, engine.meter.waiting_s) == (1, 200)
    assert [state.home[0] for state in policy.seen[3:6]] == [0, 1, 1]
    assert engine.meter.energy_j == pytest.approx(150 * (7200 - 200))


def test_a_machine_that_nobody_takes_stays_without_a_host() -> None:
    class Never(Scripted):
        def place(self, state: State) -> Sequence[int]:
            return [0 if state.now_s == 0 else -1 for _ in state.waiting]

    engine = played(Never([]), at(1200, "fail", "0"))
    assert (engine.restarts, engine.meter.waiting_s) == (0, 6000)


def test_a_move_to_a_host_that_fails_is_given_up() -> None:
    policy = Scripted([0], {1: [Move(0, 1)]})
    engine = played(policy, at(305, "fail", "1"))
    assert policy.seen[-1].home[0] == 0
    assert (engine.restarts, engine.meter.waiting_s) == (0, 0)
    assert engine.meter.lost_in_moves == pytest.approx(5 * 100)


def test_a_machine_on_its_way_from_a_host_that_fails_is_lost_with_it() -> None:
    policy = Elsewhere([], {1: [Move(0, 2)]})
    engine = played(policy, at(305, "fail", "0"), hosts=3)
    assert engine.restarts == 1
    assert [list(vms) for vms in policy.seen[-1].residents] == [[], [0], []]


def test_added_hosts_cannot_be_used_before_they_are_there() -> None:
    early = Scripted([0], {3: [Move(0, 1)]})
    with pytest.raises(PolicyError, match="to host 1"):
        played(early, at(1000, "add", "1"))
    in_time = Scripted([0], {4: [Move(0, 1)]})
    played(in_time, at(1000, "add", "1"))
    assert in_time.seen[-1].home[0] == 1


def test_a_failed_host_does_not_come_back_with_added_ones() -> None:
    policy = Scripted([0])
    played(policy, at(600, "fail", "1"), at(900, "add", "1"), hosts=3)
    assert policy.seen[-1].up.tolist() == [True, False, True]


def test_a_host_that_is_not_there_cannot_fail() -> None:
    with pytest.raises(PolicyError, match="host 5"):
        played(Scripted([0]), at(600, "fail", "5"))


def test_a_policy_takes_over_in_the_middle() -> None:
    workload = generated(40, seed=2)
    switched = run(workload, contender("dvfs"), hosts=40, happenings=(at(43_200, "policy", "lr-mmt-1.2"),))
    dvfs, lr = (run(workload, contender(name), hosts=40) for name in ("dvfs", "lr-mmt-1.2"))
    assert lr.energy_kwh < switched.energy_kwh < dvfs.energy_kwh
    assert 0 < switched.migrations < lr.migrations


@pytest.mark.parametrize(
    "name", ["dvfs", "thr-mmt-0.8", f"{DATA / 'policies' / 'packing.py'}:Packing", f"{DATA / 'rules' / 'energy.rules'}"]
)
def test_each_policy_lives_with_hosts_that_fail_and_come(name: str) -> None:
    happenings = tuple(at(600.0 * number, "fail", str(number)) for number in range(1, 15))
    played = run(generated(30, seed=2), contender(name), hosts=40, happenings=(*happenings, at(9000, "add", "10")))
    assert played.restarts > 0
    assert played.down_s <= 300 * played.restarts


def test_lines_are_read_in_order_of_time_without_remarks(tmp_path: Path) -> None:
    (tmp_path / "day").write_text(
        "# a bad day\n7200 add 4\n\n3600 fail 17  # the one by the window\n9000 policy dvfs\n"
    )
    found = read_happenings(tmp_path / "day")
    assert [(one.at_s, one.kind, one.what) for one in found] == [
        (3600, "fail", "17"),
        (7200, "add", "4"),
        (9000, "policy", "dvfs"),
    ]
    assert added(found) == 4


@pytest.mark.parametrize("line", ["fail 17", "x fail 17", "60 explode 1", "60 fail many", "60 fail -1", "60 policy"])
def test_a_line_that_is_none_is_named_with_its_place(tmp_path: Path, line: str) -> None:
    (tmp_path / "day").write_text(f"0 add 1\n{line}\n")
    with pytest.raises(WorkloadError, match=r"day:2: .* is not like: 3600 fail 17"):
        read_happenings(tmp_path / "day")
