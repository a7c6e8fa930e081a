"""Requests placed by files of rules: the engine sees the hosts of the simulation as it would see a cloud's."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from app.rules.tree import Phase
from app.simulate.admission import Admission, Ask, admit, chooser
from app.simulate.residence import PolicyError
from app.simulate.room import Room
from app.simulate.ruled import Ruled
from app.simulate.rulefile import rule_policy
from tests.house.tree import ROOT

RULES = ROOT / "data" / "rules"
CAPACITY = "rule room { require host.cpu.promised + vm.vcpus <= host.cpu.cores && host.mem.free >= vm.mem }\n"


def played(policy: str, hosts: int = 20) -> Admission:
    return admit(Ask(policy=policy, requests="generated", hosts=hosts, seed=4, traces=None, until_h=24))


def text(folder: Path, rules: str, use: str) -> str:
    path = folder / "mine.rules"
    path.write_text(f"{CAPACITY}{rules}\npolicy mine {{ use room {use} }}\n")
    return str(path)


def ruled(name: str) -> Ruled:
    rules = rule_policy(name)
    assert rules is not None
    return Ruled(rules.prepared(Phase.PLACE))


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


@pytest.mark.parametrize(("worth", "host"), [("1 : 0", 1), ("0 : 1", 0)])
def test_rules_see_which_hosts_are_on_and_when_that_changes(tmp_path: Path, worth: str, host: int) -> None:
    rules = ruled(text(tmp_path, f'rule on {{ prefer host.power == "on" ? {worth} }}', "use on"))
    room, need = Room(np.tile([4.0, 8192.0, 0.0], (2, 1))), np.array([1.0, 1024.0, 0.0])
    assert rules.choose(room, 1, need) == [0]
    room.book(np.array([1]), np.array([1]), need)
    assert rules.choose(room, 1, need) == [host]


def test_rules_see_what_a_machine_would_draw(tmp_path: Path) -> None:
    least = played(text(tmp_path, "rule least { prefer -watts_with(host, vm) }", "use least"))
    most = played(text(tmp_path, "rule most { prefer watts_with(host, vm) }", "use most"))
    assert most.hosts_on_mean < least.hosts_on_mean


def test_a_host_with_too_few_gpus_takes_nothing_that_needs_them() -> None:
    rules = ruled(str(RULES / "greedy.rules"))
    room = Room(np.array([[4.0, 8192.0, 0.5], [4.0, 8192.0, 2.0]]))
    assert rules.choose(room, 1, np.array([1.0, 1024.0, 1.0])) == [1]
    assert rules.choose(room, 1, np.array([1.0, 1024.0, 0.5])) == [0]


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
