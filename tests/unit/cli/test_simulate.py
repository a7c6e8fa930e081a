"""`euca simulate`: tables for people, JSON and files for programs, one line for mistakes."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.simulate import simulate

KEYS = {
    "policy",
    "day",
    "energy_kwh",
    "migrations",
    "slatah",
    "pdm",
    "slav",
    "esv",
    "hosts_on_mean",
    "decision_s",
    "wall_s",
}


def euca(*arguments: str) -> Result:
    return CliRunner().invoke(simulate, [*arguments, "--hosts", "10"], env={"EUCALYPTUS_TRACES": ""})


def test_the_first_experiment_needs_no_traces() -> None:
    done = euca("--policy", "npa,dvfs")
    assert done.exit_code == 0
    assert [line.split()[:2] for line in done.output.splitlines()[1:]] == [["npa", "generated"], ["dvfs", "generated"]]


def test_json_has_one_object_a_run_with_ratios_as_fractions() -> None:
    runs = json.loads(euca("--policy", "dvfs", "--policy", "thr-mmt-0.8", "--json").stdout)["runs"]
    assert [run["policy"] for run in runs] == ["dvfs", "thr-mmt-0.8"]
    assert runs[1].keys() >= KEYS
    assert 0 < runs[1]["slatah"] < 1


def test_another_seed_is_another_day() -> None:
    one, other = (json.loads(euca("--policy", "dvfs", "--seed", seed, "--json").stdout) for seed in ("1", "2"))
    assert one["runs"][0]["energy_kwh"] != other["runs"][0]["energy_kwh"]


def test_a_run_can_be_shorter_and_things_happen_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "day").write_text("3600 fail 1\n")
    arguments = ("--policy", "dvfs", "--until", "6", "--json")
    plain, eventful = (
        json.loads(euca(*arguments, *more).stdout)["runs"][0] for more in ((), ("--events", str(tmp_path / "day")))
    )
    assert plain["bound_kwh"] == eventful["bound_kwh"]
    assert (plain["restarts"], eventful["restarts"] > 0) == (0, True)
    whole = json.loads(euca("--policy", "dvfs", "--json").stdout)["runs"][0]
    assert plain["energy_kwh"] < whole["energy_kwh"] / 3


def test_requests_are_played_against_four_plain_policies(tmp_path: Path) -> None:
    done = euca("--requests", "generated", "--json", "--out", str(tmp_path))
    runs = json.loads(done.stdout)["runs"]
    assert [run["policy"] for run in runs] == ["greedy", "roundrobin", "fullest", "emptiest"]
    assert {"energy_kwh", "refused", "wait_s_mean", "slowdown_mean", "groups_on_one_rack", "wall_s"} <= runs[0].keys()
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.csv", "command.txt"}
    assert euca("--requests", "generated").output.splitlines()[1].split()[:2] == ["greedy", "generated"]


def test_files_hold_the_metrics_the_series_and_the_command(tmp_path: Path) -> None:
    euca("--policy", "dvfs", "--out", str(tmp_path / "new"))
    with (tmp_path / "new" / "metrics.csv").open() as file:
        assert [row["policy"] for row in csv.DictReader(file)] == ["dvfs"]
    with (tmp_path / "new" / "series-generated-dvfs.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 288
    assert "numpy" in (tmp_path / "new" / "command.txt").read_text()
    pictures = {path.name for path in (tmp_path / "new").iterdir() if path.suffix in {".png", ".svg"}}
    assert pictures == {f"{stem}.{kind}" for stem in ("front", "hosts-on-generated") for kind in ("png", "svg")}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--policy", "fastest"), "there is no policy fastest"),
        (("--traces", "/nowhere"), "there are no PlanetLab traces at /nowhere"),
        (("--day", "20110303"), "--day needs --traces"),
        (("--requests", "generated", "--day", "all"), "not for --requests"),
        (("--requests", "nasa"), "need --traces"),
        (("--requests", "generated", "--policy", "dvfs"), "there is no policy dvfs for requests"),
        (("--compat", "simgrid"), "cloudsim-3.0.3"),
    ],
)
def test_a_mistake_is_answered_in_one_line(arguments: tuple[str, ...], complaint: str) -> None:
    done = euca(*arguments)
    assert done.exit_code != 0
    assert complaint in done.output
