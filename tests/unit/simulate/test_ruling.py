"""Days played by files of rules: machines move and hosts are switched as the cloud's own engine plans it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from app.simulate.baselines import Contender, contender
from app.simulate.engine import CLOUDSIM, HONEST, LONG_AGO_S, Engine, Mode
from app.simulate.experiment import Run, run
from app.simulate.happenings import Happening
from app.simulate.policy import Move
from app.simulate.residence import PolicyError
from app.simulate.workload import Workload, generated
from tests.house.tree import ROOT
from tests.unit.simulate.stage import Scripted, even, plain_fleet

RULES = ROOT / "data" / "rules"
ENERGY = str(RULES / "energy.rules")
PACK = "prefer host.cpu.util_with_vm  when host.cpu.util < 30pct && host.vms > 0 evacuate host"
SWITCH = "when host.vms == 0 {} power off host  when cluster.pending > 0 power on host"
FULL = "forbid host.cpu.util_with_vm > 90pct && host.vms > 0"


def rules(folder: Path, *clauses: str, placing: str = "prefer -host.vms") -> str:
    """Write two rules, one for the beginning, when machines spread if not said otherwise, and one for rounds."""
    path = folder / "mine.rules"
    path.write_text(
        f"rule first {{ at place  {placing} }}\nrule mine {{ at remap  {' '.join(clauses)} }}\n"
        "policy p { use first  use mine  remap every 300s }\n"
    )
    return str(path)


def played(
    workload: Workload, policy: Contender, hosts: int, mode: Mode = HONEST, happenings: Sequence[Happening] = ()
) -> Engine:
    engine = Engine(workload, plain_fleet(hosts), policy, mode, happenings)
    engine.play(lambda done: None)
    return engine


def figures(played: Run) -> dict[str, object]:
    return asdict(replace(played, policy="", decision_s=0.0, wall_s=0.0, series=()))


@pytest.fixture(scope="module")
def dvfs() -> Run:
    return run(generated(60, seed=3), contender("dvfs"), hosts=40)


@pytest.mark.parametrize("mode", [HONEST, CLOUDSIM], ids=lambda mode: mode.name)
def test_the_shipped_energy_rules_need_less_than_the_baseline(mode: Mode) -> None:
    baseline, energy = (
        run(generated(60, seed=3), contender(name), hosts=40, mode=mode) for name in ("lr-mmt-1.2", ENERGY)
    )
    assert (energy.policy, energy.refused) == ("energy", 0)
    assert energy.energy_kwh < baseline.energy_kwh
    assert energy.migrations < 0.4 * baseline.migrations


@pytest.mark.parametrize("path", sorted(RULES.glob("*.rules")), ids=lambda path: path.stem)
def test_every_shipped_policy_plays_a_day(path: Path, dvfs: Run) -> None:
    day = run(generated(60, seed=3).until(3), contender(str(path)), hosts=40)
    assert (day.policy, day.refused) == (path.stem, 0)
    assert day.energy_kwh < dvfs.energy_kwh


def test_the_same_seed_gives_the_same_day() -> None:
    one, other = (run(generated(40, seed=5).until(4), contender(ENERGY), hosts=30) for _ in range(2))
    assert figures(one) == figures(other)


def test_an_evacuated_host_is_off_when_its_machines_have_left(tmp_path: Path) -> None:
    """625 MB take 10 s; until then the target keeps a tenth of the machine's 400 MIPS free, 2 W."""
    name = rules(tmp_path, PACK, SWITCH.format(""))
    engine = played(even([1.0, 0.4], [1000, 1000]), contender(name), 2)
    assert engine.moves == 1
    assert engine.meter.energy_j == pytest.approx(170 * 86_390 + (150 + 2 + 120) * 10)


def test_an_empty_host_that_rules_keep_on_draws_idle_watts(tmp_path: Path) -> None:
    name = rules(tmp_path, PACK, SWITCH.format("for 1h"))
    engine = played(even([1.0, 0.4], [1000, 1000]), contender(name), 2)
    assert engine.meter.energy_j == pytest.approx(170 * 86_390 + (150 + 2 + 120) * 10 + 100 * 3590)
    free = played(even([1.0, 0.4], [1000, 1000]), contender(name), 2, CLOUDSIM)
    assert free.meter.energy_j < engine.meter.energy_j - 100 * 3590


def test_a_host_that_wakes_up_takes_machines_at_once(tmp_path: Path) -> None:
    workload = even([0.5, 0.5], [1000, 1000])
    workload.use[:, 10:] = 1.0
    name = rules(tmp_path, FULL, SWITCH.format(""), placing="prefer host.vms")
    engine = played(workload, contender(name), 2)
    assert engine.moves == 1
    assert [sample.hosts_on for sample in engine.series[8:12]] == [1, 1, 2, 2]


def test_a_policy_sees_how_long_ago_a_machine_came_or_went() -> None:
    policy = Scripted([0, 2], {1: [Move(0, 1)]})
    played(even([0.1, 0.1], [100, 100]).until(1), Contender(name="scripted", policy=policy), 3)
    assert [state.settled_s.tolist() for state in policy.seen[:3]] == [
        [LONG_AGO_S] * 3,
        [LONG_AGO_S] * 3,
        [300.0, 300.0, LONG_AGO_S],
    ]


@pytest.mark.parametrize("second", [ENERGY, "lr-mmt-1.2"])
def test_rules_take_over_and_are_taken_over_from(second: str) -> None:
    first = "lr-mmt-1.2" if second == ENERGY else ENERGY
    happenings = (Happening(at_s=7200, kind="policy", what=second), Happening(at_s=9000, kind="fail", what="1"))
    day = run(generated(40, seed=2).until(6), contender(first), hosts=40, happenings=happenings)
    assert day.migrations > 0
    assert day.refused == 0


def test_a_policy_of_a_file_is_named_behind_a_colon(tmp_path: Path) -> None:
    (tmp_path / "two.rules").write_text(
        'rule some { prefer host.vms }\npolicy one { use some }\npolicy two "default" { use some }\n'
    )
    assert contender(f"{tmp_path}/two.rules:one").name == "one"
    assert contender(f"{tmp_path}/two.rules").name == "two"
    with pytest.raises(PolicyError, match=r"there is no policy three in .*; there are one, two"):
        contender(f"{tmp_path}/two.rules:three")


def test_machines_without_load_are_packed_as_if_they_were_nothing(tmp_path: Path) -> None:
    workload = even([0.0] * 4, [500] * 4)
    assert np.array_equal(workload.use_at(0), np.zeros(4))
    engine = played(workload, contender(rules(tmp_path, PACK, SWITCH.format(""))), 4)
    assert engine.meter.hosts_on() == 1


def test_rules_may_ask_for_means(tmp_path: Path) -> None:
    """From 50 minutes on the second machine asks for next to nothing; its mean over an hour falls below 0.2 later."""
    workload = even([0.5, 1.0], [1000, 1000]).until(3)
    workload.use[1, 10:] = 0.0
    name = rules(tmp_path, "when avg(host.cpu.load, 1h) < 0.2 && host.vms > 0 evacuate host")
    engine = played(workload, contender(name), 2)
    assert [sample.now_s for sample in engine.series if sample.moves] == [300.0 * 19]
