"""What there is around the rules themselves, by an example; the names are those of the table of kinds."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.vmtype import VmType
from app.rules.explaining import every_host, why, why_not
from app.rules.placing import place
from app.rules.possible import check_on
from app.rules.prepared import prepare
from app.rules.reading import read
from app.rules.reservation import settle
from app.rules.table import HostTable
from app.rules.walk import Pair
from app.simulate.requests import CORES, MEMORY
from app.simulate.room import Room
from app.simulate.ruled import MIB, Ruled
from tests.unit.rules.small_cloud import GIB, HOSTS, NOW, cloud, placed, policy, show, vm


@pytest.fixture
def table() -> HostTable:
    return cloud()


def test_conflict_check_between_rules(table: HostTable) -> None:
    """Both rules are named: those at odds by their form when they are read, the others when there are hosts to ask."""
    text = """
    rule near { require same(host, vm.group) }
    rule far { forbid count(host, vm.group) >= 1 }
    rule left { require host.rack == "r0" }
    rule right { forbid host.rack == "r0" }
    """
    by_form = read(f"{text} policy p {{ use near use far }}", "day.rules")
    assert not by_form.sound
    assert "`near` keeps them together; drop one from policy `p`" in by_form.faults[0].message
    by_hosts = read(f"{text} policy p {{ use left use right }}", "day.rules")
    assert by_hosts.sound
    small = VmType(name="m1.small", cores=1, memory_mib=128, disk_gb=2)
    (fault,) = check_on(by_hosts.ruleset, table, [small])
    assert "no host passes this and `left: require" in fault.message


def test_why_not_explanation_per_host(table: HostTable) -> None:
    """Every host is told of; each clause that refuses one names the value behind it."""
    show(table, "host.temp", 40.0, 90.0, 40.0, 40.0)
    show(table, "host.mem.free", 4 * GIB, GIB, GIB, 8 * GIB)
    clauses = ("require host.mem.free >= vm.mem", "forbid host.temp > 75degC", "prefer host.mem.free")
    found = placed(table, vm(), *clauses)
    assert (found.host, why(found)) == ("n3", ("example: prefer host.mem.free: 1 of 1 points",))
    assert every_host(found, table) == (
        "n0: 0 of 1 points",
        "n1: refused by example: require host.mem.free >= vm.mem",
        "n2: refused by example: require host.mem.free >= vm.mem",
        "n3: 1 of 1 points",
    )
    assert why_not(policy(*clauses), Pair(table, 1, vm(), NOW)) == (
        "example: require host.mem.free >= vm.mem (host.mem.free is 1 GiB, vm.mem is 2 GiB)",
        "example: forbid host.temp > 75degC (host.temp is 90 degC)",
    )


def test_versions_undo_audit(table: HostTable) -> None:
    """A version is its text: who goes back to it gets the same rules and decisions, and each names its clause."""
    first = "rule order { prefer host.index } policy p { use order }"
    second = first.replace("prefer host.index", "prefer -host.index")
    chosen = []
    for text in (first, second, first):
        found = place(table, vm(), prepare(read(text, "p.rules").ruleset, "p"), NOW)
        chosen.append((found.host, why(found)[0].partition(":")[2]))
    assert chosen == [
        ("n3", " prefer host.index: 1 of 1 points"),
        ("n0", " prefer -host.index: 1 of 1 points"),
        ("n3", " prefer host.index: 1 of 1 points"),
    ]
    assert read(first, "old.rules").ruleset == read(first, "new.rules").ruleset != read(second, "p.rules").ruleset


def test_same_engine_in_a_trace_simulator(table: HostTable, tmp_path: Path) -> None:
    """What a cloud decided, machine by machine, the simulator decides again from the same file."""
    path = tmp_path / "tight.rules"
    path.write_text("""
    rule fits { require host.cpu.promised + vm.vcpus <= host.cpu.cores && host.mem.free >= vm.mem }
    rule tight { prefer host.cpu.util_with_vm  prefer -host.mem.free weight 0.5 }
    rule even { at place  forbid count(rack, vm.type) > 99  prefer host.index < 2 ? 1 : 0 weight 0.1 }
    policy p { use fits use tight use even }
    """)
    rules = prepare(read(path.read_text(), "tight.rules").ruleset, "p")
    played = Ruled(rules)
    room = Room(np.tile([8.0, 16 * 1024.0, 0.0], (len(HOSTS), 1)))
    for cores, gib in [(2, 2), (4, 8), (6, 2), (1, 9), (8, 1), (2, 4), (3, 3), (8, 8), (5, 1)]:
        need = np.zeros(3)
        need[[CORES, MEMORY]] = cores, gib * GIB / MIB
        machine = vm(vcpus=float(cores), mem=gib * GIB, disk=0.0, cpu_used=float(cores), type="")
        decided = place(table, machine, rules, NOW)
        again = played.choose(room, 1, need)
        assert (decided.row if decided.host else None) == (again[0] if again else None)
        if again:
            settle(table, machine, decided.row)
            room.book(np.array(again), np.array([1]), need)
