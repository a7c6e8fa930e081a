"""Rules that leave machines of a type without any host are found before they are used; a full cloud is none of them."""

import pytest

from app.domain.vmtype import VmType
from app.rules.possible import check_on
from app.rules.reading import read
from app.rules.table import HostTable
from tests.unit.rules.small_cloud import GIB, cloud, show, vm

SMALL = VmType(name="m1.small", cores=1, memory_mib=128, disk_gb=2)
LARGE = VmType(name="c1.xlarge", cores=4, memory_mib=2048, disk_gb=20)
FITS = "require host.mem.free >= vm.mem && host.cpu.promised + vm.vcpus <= host.cpu.cores * host.cpu.ratio"


@pytest.fixture
def table() -> HostTable:
    """Four hosts: two gold ones in rack r0, two without any tag in r1."""
    made = cloud()
    show(made, "host.tags", *([frozenset({"gold"})] * 2), *([frozenset[str]()] * 2))
    return made


def found(table: HostTable, *clauses: str, types: tuple[VmType, ...] = (SMALL, LARGE)) -> list[str]:
    rules = "".join(f"rule r{number} {{ {clause} }}\n" for number, clause in enumerate(clauses))
    uses = " ".join(f"use r{number}" for number in range(len(clauses)))
    outcome = read(f"{rules}policy p {{ {uses} }}", "day.rules")
    assert outcome.sound, [str(fault) for fault in outcome.faults]
    return [fault.message for fault in check_on(outcome.ruleset, table, types)]


def test_a_require_and_a_forbid_that_are_never_both_satisfied(table: HostTable) -> None:
    (message,) = found(table, 'require "gold" in host.tags', 'forbid host.rack == "r0"')
    assert message == (
        'no host passes this and `r0: require "gold" in host.tags` (day.rules:1) as well, '
        "so m1.small and c1.xlarge could run nowhere; drop one from policy `p`"
    )
    assert found(table, 'require "gold" in host.tags', 'forbid host.name == "n0"') == []


def test_only_the_types_that_suffer_from_it_are_named(table: HostTable) -> None:
    show(table, "host.cpu.cores", 2.0, 2.0, 8.0, 8.0)
    (message,) = found(table, FITS, 'require "gold" in host.tags')
    assert "so c1.xlarge could run nowhere" in message


def test_one_clause_alone_can_refuse_every_host(table: HostTable) -> None:
    assert found(table, 'require "gpu" in host.tags') == [
        "no host passes this, so m1.small and c1.xlarge could run nowhere"
    ]


def test_it_may_take_three_clauses(table: HostTable) -> None:
    three = ('require host.name != "n0"', 'forbid "n1" == host.name', "require host.rack == 'r0'".replace("'", '"'))
    assert found(table, *three) == [
        "by policy `p` m1.small and c1.xlarge could run nowhere: no host passes all of its clauses"
    ]


def test_a_full_or_sleeping_cloud_is_no_conflict(table: HostTable) -> None:
    for row in range(4):
        table.add(vm(group="web", vcpus=8.0, mem=16 * GIB), row)
    show(table, "host.state", *["lost"] * 4)
    show(table, "host.power", *["asleep"] * 4)
    ours = 'forbid host.state == "lost" || host.maintenance || count(host, vm.group) >= 1'
    assert found(table, FITS, ours, 'require host.power == "on"') == []


def test_what_changes_by_the_hour_and_what_nobody_knows_yet_is_no_conflict(table: HostTable) -> None:
    show(table, "host.temp", *[90.0] * 4)
    assert found(table, "forbid host.temp > 75degC", "require now.hour > 23", 'require vm.user == "alice"') == []
    assert found(table, 'applies to vm where vm.user == "alice" require "gpu" in host.tags') == []


def test_without_hosts_or_types_there_is_nothing_to_ask(table: HostTable) -> None:
    assert found(HostTable([]), "require host.vms > 9") == []
    assert found(table, "require host.vms > 9", types=()) == []
