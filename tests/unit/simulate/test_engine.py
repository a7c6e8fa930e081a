"""Energy, moves and service level of days small enough to be worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from app.simulate.baselines import Contender
from app.simulate.engine import CLOUDSIM, HONEST, Engine, Mode
from app.simulate.policy import Move, State
from app.simulate.residence import PolicyError
from app.simulate.workload import Workload
from tests.unit.simulate.stage import Scripted, even, plain_fleet

KWH = 3_600_000
MOVE_S = 10.0  # 625 MB at 62.5 MB/s


def played(
    workload: Workload, policy: Scripted, *, hosts: int = 2, mode: Mode = HONEST, full_power: bool = False
) -> Engine:
    engine = Engine(
        workload, plain_fleet(hosts), Contender(name="scripted", policy=policy, full_power=full_power), mode
    )
    engine.play(lambda done: None)
    return engine


def test_a_steady_host_draws_its_watts_all_day_and_an_empty_one_nothing() -> None:
    engine = played(even([1.0], [1000]), Scripted([0]))
    assert engine.meter.energy_j == pytest.approx(150 * 86_400)
    assert engine.meter.on_s == 86_400


def test_compat_counts_from_the_first_round_to_the_last() -> None:
    engine = played(even([1.0], [1000]), Scripted([0]), mode=CLOUDSIM)
    assert engine.meter.energy_j == pytest.approx(150 * 286 * 300)


def test_without_power_management_every_host_draws_full_watts_from_the_beginning() -> None:
    engine = played(even([0.0], [1000]), Scripted([0]), mode=CLOUDSIM, full_power=True)
    assert engine.meter.energy_j == pytest.approx(2 * 200 * 86_100.1)


def test_energy_between_two_looks_is_the_mean_of_their_watts() -> None:
    workload = even([0.0], [1000])
    workload.use[0, 1:] = 1.0
    engine = played(workload, Scripted([0]))
    assert engine.meter.energy_j == pytest.approx(125 * 300 + 150 * 287 * 300)


def test_a_move_takes_memory_over_half_the_link_and_is_charged_to_both_hosts() -> None:
    engine = played(even([1.0], [1000]), Scripted([0], {0: [Move(0, 1)]}))
    alone, both = 150 * (86_400 - MOVE_S), (150 + 105) * MOVE_S
    assert engine.moves == 1
    assert engine.meter.on_s == pytest.approx(86_400 + MOVE_S)
    assert engine.meter.energy_j == pytest.approx(alone + both)


def test_the_target_owes_during_a_move_and_the_machine_loses_a_tenth() -> None:
    meter = played(even([1.0], [1000]), Scripted([0], {0: [Move(0, 1)]})).meter
    assert meter.owing_s == pytest.approx(MOVE_S)
    assert meter.crowded_s == 0
    assert meter.lost_in_moves / meter.asked == pytest.approx(0.1 * MOVE_S / 86_400)


def test_a_crowded_host_owes_all_day() -> None:
    meter = played(even([1.0] * 3, [1000] * 3), Scripted([0, 0, 0])).meter
    assert meter.owing_s == meter.crowded_s == meter.on_s
    assert meter.given / meter.asked == pytest.approx(3 * 666 / 3000)


def test_a_machine_that_is_moved_twice_in_a_round_ends_on_the_second_host() -> None:
    policy = Scripted([0], {0: [Move(0, 1), Move(0, 2)]})
    engine = played(even([1.0], [1000]), policy, hosts=3)
    assert engine.moves == 2
    assert [list(vms) for vms in policy.seen[-1].residents] == [[], [], [0]]


def test_a_machine_that_arrives_stands_last_in_its_host() -> None:
    policy = Scripted([0, 1, 1], {0: [Move(0, 1)]})
    played(even([0.1] * 3, [1000] * 3), policy)
    assert [list(vms) for vms in policy.seen[-1].residents] == [[], [1, 2, 0]]


def test_of_two_machines_that_arrive_the_one_with_less_memory_stands_first() -> None:
    policy = Scripted([0, 0], {0: [Move(0, 1), Move(1, 1)]})
    played(even([0.1] * 2, [1000] * 2, [1250, 625]), policy)
    assert [list(vms) for vms in policy.seen[-1].residents] == [[], [1, 0]]


def idle_for_a_while() -> Workload:
    workload = even([0.5, 0.5], [1000, 1000])
    workload.use[0, 10:12] = 0.0
    return workload


def test_compat_ends_a_machine_whose_use_is_zero_at_two_samples_in_a_row() -> None:
    policy = Scripted([0, 1])
    engine = played(idle_for_a_while(), policy, mode=CLOUDSIM)
    assert [state.home[0] for state in policy.seen[8:11]] == [0, -1, -1]
    assert engine.meter.shutdowns == 1


def test_compat_keeps_a_machine_with_a_single_zero() -> None:
    workload = even([0.5], [1000])
    workload.use[0, 10] = 0.0
    policy = Scripted([0])
    played(workload, policy, mode=CLOUDSIM)
    assert policy.seen[-1].home[0] == 0


def test_honestly_a_machine_never_vanishes_and_its_idle_host_draws_idle_watts() -> None:
    policy = Scripted([0, 1])
    engine = played(idle_for_a_while(), policy)
    assert policy.seen[-1].home.tolist() == [0, 1]
    assert engine.meter.energy_j == pytest.approx(2 * 125 * 86_400 - 25 * 300 - 2 * 12.5 * 300)


def test_a_round_sees_the_newest_use_first() -> None:
    workload = even([0.5], [1000])
    workload.use[0, 1:3] = 0.2, 0.3
    policy = Scripted([0])
    played(workload, policy)
    assert policy.seen[2].history[0, :4].tolist() == [0.3, 0.2, 0.5, 0.0]


@pytest.mark.parametrize(
    ("mode", "rounds", "first_s", "last_s"), [(HONEST, 288, 0.0, 86_100.0), (CLOUDSIM, 287, 300.1, 86_100.1)]
)
def test_a_day_has_a_round_each_300_seconds(mode: Mode, rounds: int, first_s: float, last_s: float) -> None:
    series = played(even([1.0], [1000]), Scripted([0]), mode=mode).series
    assert (len(series), series[0].now_s) == (rounds, first_s)
    assert series[-1].now_s == pytest.approx(last_s)


def test_what_a_machine_will_ask_for_is_not_known_before_it_runs() -> None:
    class Curious(Scripted):
        def place(self, state: State) -> Sequence[int]:
            self.told = state.demand.tolist()
            return super().place(state)

    policy = Curious([0, -1])
    played(even([1.0, 1.0], [1000, 1000]), policy)
    assert policy.told == [0, 0]
    assert policy.seen[0].demand.tolist() == [1000, 0]


def test_a_refused_machine_is_counted_and_costs_nothing() -> None:
    engine = played(even([1.0, 1.0], [1000, 1000]), Scripted([0, -1]))
    assert engine.refused == 1
    assert engine.meter.energy_j == pytest.approx(150 * 86_400)


@pytest.mark.parametrize("moves", [[Move(0, 0)], [Move(0, 9)], [Move(0, -1)], [Move(1, 0)]])
def test_an_impossible_move_is_an_error_that_names_the_machine(moves: Sequence[Move]) -> None:
    with pytest.raises(PolicyError, match=f"machine {moves[0].vm} "):
        played(even([1.0, 1.0], [1000, 1000]), Scripted([0, -1], {3: moves}))


def test_a_placement_on_a_host_that_is_not_there_is_an_error() -> None:
    with pytest.raises(PolicyError, match="host 7"):
        played(even([1.0], [1000]), Scripted([7]))


def test_the_time_series_tells_hosts_watts_demand_and_moves_of_each_round() -> None:
    engine = played(even([1.0], [1000]), Scripted([0], {2: [Move(0, 1)]}))
    sample = engine.series[2]
    assert (sample.now_s, sample.hosts_on, sample.demand_mips, sample.moves) == (600.0, 2, 1000.0, 1)
    assert sample.watts == pytest.approx(150 + 105)


def test_progress_goes_up_to_the_whole_day() -> None:
    told: list[float] = []
    Engine(even([1.0], [1000]), plain_fleet(1), Contender(name="", policy=Scripted([0])), HONEST).play(told.append)
    assert told == sorted(told)
    assert np.isclose(told[-1], 1.0, atol=0.01)
