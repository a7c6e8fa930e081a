"""Requests placed by files of rules: the engine sees the hosts of the simulation as it would see a cloud's."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from app.simulate.admission import Admission, Ask, admit, chooser
from app.simulate.residence import PolicyError
from tests.house.tree import ROOT

RULES = ROOT / "data" / "rules"
CAPACITY = "rule room { require host.cpu.promised + vm.vcpus <= host.cpu.cores && host.mem.free >= vm.mem }\n"


def played(policy: str, hosts: int = 20) -> Admission:
    return admit(Ask(policy=policy, requests="generated", hosts=hosts, seed=4, traces=None, until_h=24))


def text(folder: Path, rules: str, use: str) -> str:
    path = folder / "mine.rules"
    path.write_text(f"{CAPACITY}{rules}\npolicy mine {{ use room {use} }}\n")
    return str(path)


def figures(run: Admission) -> dict[str, object]:
    return asdict(replace(run, policy="", decision_s=0.0, wall_s=0.0))


def test_round_robin_by_rules_is_round_robin() -> None:
    assert figures(played(str(RULES / "roundrobin.rules"))) == figures(played("roundrobin"))


def test_the_first_host_with_room_by_rules_is_greedy(tmp_path: Path) -> None:
    rules = text(tmp_path, "rule first { prefer -host.index }", "use first")
    assert figures(played(rules)) == figures(played("greedy"))


def test_rules_see_which_machines_belong_together(tmp_path: Path) -> None:
    apart = text(tmp_path, "rule apart { forbid count(host, vm.group) >= 1 }", "use apart")
    assert played(apart).groups_on_one_host == 0
    together = played(str(RULES / "locality.rules"))
    assert together.groups_on_one_rack >= played("emptiest").groups_on_one_rack


def test_rules_see_which_hosts_are_on(tmp_path: Path) -> None:
    on_first = 'rule on { prefer host.power == "on" ? 1 : 0 }'
    off_first = 'rule on { prefer host.power == "on" ? 0 : 1 }'
    few, many = (played(text(tmp_path, rule, "use on")).hosts_on_mean for rule in (on_first, off_first))
    assert few < many


def test_rules_see_what_a_machine_would_draw(tmp_path: Path) -> None:
    least = played(text(tmp_path, "rule least { prefer -watts_with(host, vm) }", "use least"))
    most = played(text(tmp_path, "rule most { prefer watts_with(host, vm) }", "use most"))
    assert most.hosts_on_mean < least.hosts_on_mean


@pytest.mark.parametrize("path", sorted(RULES.glob("*.rules")), ids=lambda path: path.stem)
def test_every_shipped_policy_serves_all_requests(path: Path) -> None:
    run = played(str(path))
    assert (run.policy, run.refused) == (path.stem, 0)


def test_a_faulty_file_is_refused_with_its_first_fault(tmp_path: Path) -> None:
    (tmp_path / "bad.rules").write_text("rule room { requir true }\n")
    with pytest.raises(PolicyError, match=r"bad\.rules:1"):
        chooser(str(tmp_path / "bad.rules"))


@pytest.mark.parametrize(("name", "content"), [("none.rules", None), ("empty.rules", CAPACITY)])
def test_a_file_without_a_policy_is_named(tmp_path: Path, name: str, content: str | None) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(PolicyError, match=name):
        chooser(str(tmp_path / name))
