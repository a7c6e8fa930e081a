"""Whole runs on a generated day: the same answer every time, within what physics allows, by name and from a file."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulate.baselines import PUBLISHED, contender
from app.simulate.engine import CLOUDSIM, HONEST, MODES
from app.simulate.experiment import Run, Task, bound_kwh, carry_out, carry_out_all, run
from app.simulate.fleet import fleet_of
from app.simulate.residence import PolicyError
from app.simulate.workload import DAY_S, generated
from tests.house.tree import ROOT
from tests.unit.simulate.stage import even

TASK = Task(policy="lr-mmt-1.2", day="generated", hosts=20, mode=HONEST.name, seed=3, traces=None)


def timeless(run: Run) -> dict[str, Any]:
    return asdict(replace(run, decision_s=0.0, wall_s=0.0))


def quiet(done: float) -> None:
    pass


def test_the_same_seed_gives_the_same_answer_to_the_last_digit() -> None:
    assert timeless(carry_out(TASK)) == timeless(carry_out(TASK))


def test_runs_at_the_same_time_answer_as_one_after_another_and_in_the_order_asked_for() -> None:
    tasks = [TASK, replace(TASK, policy="dvfs"), replace(TASK, policy="thr-mmt-0.8")]
    assert [timeless(run) for run in carry_out_all(carry_out, tasks, 2, quiet)] == [
        timeless(carry_out(task)) for task in tasks
    ]


@settings(max_examples=12)
@given(
    st.sampled_from([*PUBLISHED, "thr-mmt-1.0", "lrr-mmt-1.4"]),
    st.sampled_from(sorted(MODES)),
    st.integers(0, 9),
    st.integers(3, 15),
)
def test_no_policy_beats_the_best_host_or_wastes_more_than_all_hosts_at_full_watts(
    policy: str, mode: str, seed: int, hosts: int
) -> None:
    workload = generated(hosts, seed)
    played = run(workload, contender(policy), hosts=hosts, mode=MODES[mode])
    fleet = fleet_of(hosts)
    most_kwh = fleet.watts[:, -1].sum() * DAY_S / 3_600_000
    assert 0 <= played.energy_kwh <= most_kwh * (1 + 1e-9)
    assert 0 <= played.slatah_crowded <= played.slatah <= 1
    assert 0 <= played.pdm <= played.overall_sla + 1e-12 <= 1
    assert played.slav == played.slatah * played.pdm
    assert played.esv == pytest.approx(played.energy_kwh * played.slav)
    if mode == HONEST.name and not played.refused:
        assert played.energy_kwh >= 0.98 * played.bound_kwh * (
            1 - played.overall_sla
        )  # demand is sampled, not integrated


def test_a_policy_of_ones_own_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Stay:\n"
        "    def place(self, state):\n"
        "        return [vm % len(state.fleet) for vm in state.waiting]\n"
        "    def replan(self, state):\n"
        "        return [(0, 1)] if state.now_s == 600.0 else []\n"
    )
    played = carry_out(replace(TASK, policy=f"{tmp_path / 'mine.py'}:Stay"))
    assert (played.policy, played.migrations, played.mode) == ("Stay", 1, "honest")


@pytest.mark.parametrize("setting", ["Spare", "Packing", "Brisk", "Tight"])
def test_each_setting_of_the_example_needs_less_than_the_best_baseline(setting: str) -> None:
    task = replace(TASK, hosts=60)
    baseline = carry_out(task)
    example = carry_out(replace(task, policy=f"{ROOT / 'data' / 'policies' / 'packing.py'}:{setting}"))
    assert example.energy_kwh < baseline.energy_kwh
    assert example.migrations < baseline.migrations / 4
    assert example.slatah < baseline.slatah


def test_the_bound_is_all_demand_on_full_hosts_of_the_frugal_kind() -> None:
    workload = even([0.5], [2000])
    assert bound_kwh(workload, fleet_of(2)) == pytest.approx(1000 * 86_400 * (135 / 5320) / 3_600_000)


@pytest.mark.parametrize("name", ["", "thr", "thr-mmt-", "abc-mmt-1", "nowhere.py:Stay", f"{__file__}:Missing"])
def test_a_policy_that_is_not_there_is_named_in_the_error(name: str) -> None:
    with pytest.raises(PolicyError, match=r"there is no"):
        contender(name)


def test_a_generated_day_names_its_seed() -> None:
    assert (carry_out(TASK).seed, TASK.seed) == (3, 3)


def test_npa_counts_every_host_at_full_watts_as_published() -> None:
    played = run(generated(10, 1), contender("npa"), hosts=800, mode=CLOUDSIM)
    assert played.energy_kwh == pytest.approx(2410.80, abs=0.01)
    assert played.hosts_on_mean == 800
