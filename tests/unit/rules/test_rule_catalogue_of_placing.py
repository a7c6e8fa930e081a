"""Every kind of rule that placing offers, by an example; the names are those of the table of kinds."""

import pytest

from app.rules.moment import Value, Vm
from app.rules.table import HostTable
from tests.unit.rules.small_cloud import GIB, candidates, cloud, placed, show, vm


@pytest.fixture
def table() -> HostTable:
    return cloud()


def put(table: HostTable, row: int, **own: Value) -> Vm:
    machine = vm(**own)
    table.add(machine, row)
    return machine


def test_capacity_filter_cpu_mem_disk(table: HostTable) -> None:
    show(table, "host.mem.free", GIB, 4 * GIB, 4 * GIB, 4 * GIB)
    show(table, "host.disk.free", 20 * GIB, GIB, 20 * GIB, 20 * GIB)
    show(table, "host.cpu.promised", 0.0, 0.0, 7.0, 6.0)
    memory = "require host.mem.free >= vm.mem && host.disk.free >= vm.disk"
    assert candidates(table, vm(), memory, "require host.cpu.promised + vm.vcpus <= host.cpu.cores") == ["n3"]


def test_overcommit_ratio_per_host_or_cluster(table: HostTable) -> None:
    show(table, "host.cpu.promised", 8.0, 8.0, 8.0, 8.0)
    show(table, "host.cpu.ratio", 1.0, 1.25, 1.2, 2.0)
    clause = "require host.cpu.promised + vm.vcpus <= host.cpu.cores * host.cpu.ratio"
    assert candidates(table, vm(), clause) == ["n1", "n3"]


def test_free_boolean_filter_expression_over_vm_and_host(table: HostTable) -> None:
    show(table, "host.cpu.load", 0.5, 3.0, 5.0, 7.0)
    assert candidates(table, vm(), "require vm.vcpus < 2 || host.cpu.load < 4 && host.cpu.load > 1") == ["n1"]


def test_free_rank_expression(table: HostTable) -> None:
    show(table, "host.cpu.load", 3.0, 1.0, 2.0, 0.0)
    show(table, "host.cpu.mips", 1.0, 1.0, 9.0, 1.0)
    assert placed(table, vm(), "prefer host.cpu.mips * host.cpu.load").host == "n2"


def test_weighted_sum_of_normalised_scores(table: HostTable) -> None:
    """Bytes do not outvote cores: each term is stretched over 0..1 before its weight counts."""
    show(table, "host.mem.free", 16 * GIB, 8 * GIB, 4 * GIB, 0.0)
    show(table, "host.cpu.load", 4.0, 2.0, 1.0, 0.0)
    even = placed(table, vm(), "prefer host.mem.free", "prefer -host.cpu.load weight 2")
    assert even.host == "n3"
    assert even.scores == pytest.approx([1.0, 0.5 + 1.0, 0.25 + 1.5, 2.0])
    assert placed(table, vm(), "prefer host.mem.free weight 3", "prefer -host.cpu.load weight 2").host == "n0"


def test_vm_vm_affinity_anti_affinity_hard(table: HostTable) -> None:
    put(table, 1, group="web")
    assert candidates(table, vm(group="web"), "require same(host, vm.group)") == ["n1"]
    assert candidates(table, vm(group="web"), "forbid count(host, vm.group) >= 1") == ["n0", "n2", "n3"]
    assert candidates(table, vm(group="new"), "require same(host, vm.group)") == ["n0", "n1", "n2", "n3"]


def test_vm_vm_affinity_anti_affinity_soft(table: HostTable) -> None:
    put(table, 1, group="web")
    put(table, 2, group="web")
    put(table, 2, group="web")
    assert placed(table, vm(group="web"), "prefer share(host, vm.group)").host == "n2"
    assert placed(table, vm(group="web"), "prefer -count(host, vm.group)").host == "n0"


def test_at_most_k_of_a_group_per_host_or_rack(table: HostTable) -> None:
    for row in (0, 0, 2):
        put(table, row, group="ha")
    assert candidates(table, vm(group="ha"), "forbid count(host, vm.group) >= 2") == ["n1", "n2", "n3"]
    assert candidates(table, vm(group="ha"), "forbid count(rack, vm.group) >= 2") == ["n2", "n3"]


def test_affinity_at_rack_or_zone_level(table: HostTable) -> None:
    show(table, "host.cluster", "one", "one", "one", "two")
    put(table, 2, group="db")
    assert candidates(table, vm(group="db"), "require same(rack, vm.group)") == ["n2", "n3"]
    assert candidates(table, vm(group="db"), "require same(cluster, vm.group)") == ["n0", "n1", "n2"]


def test_vm_host_group_must_should_not(table: HostTable) -> None:
    show(table, "host.tags", frozenset({"gpu"}), frozenset({"gpu", "old"}), frozenset({"old"}), frozenset())
    about = 'applies to vm where "cuda" in vm.tags'
    cuda = vm(tags=frozenset({"cuda"}))
    assert candidates(table, cuda, about, 'require "gpu" in host.tags') == ["n0", "n1"]
    assert candidates(table, cuda, about, 'forbid "old" in host.tags') == ["n0", "n3"]
    assert placed(table, cuda, about, 'prefer "gpu" in host.tags && "old" in host.tags ? 1 : 0').host == "n1"
    assert candidates(table, vm(), about, 'require "gpu" in host.tags') == ["n0", "n1", "n2", "n3"]


def test_tenant_fence_dedicated_host(table: HostTable) -> None:
    show(table, "host.tags", frozenset({"lab"}), frozenset(), frozenset(), frozenset())
    fence = 'require vm.account in host.tags || !("lab" in host.tags)'
    assert candidates(table, vm(account="other"), fence) == ["n1", "n2", "n3"]
    assert candidates(table, vm(), "require vm.account in host.tags") == ["n0"]


def test_image_cached_data_near(table: HostTable) -> None:
    table.hold(2, "emi-1")
    assert placed(table, vm(), "prefer cached(host, vm.image) ? 1 : 0").host == "n2"
    assert placed(table, vm(image="emi-2"), "prefer cached(host, vm.image) ? 1 : 0").host == "n0"


def test_a_rule_in_mode_observe_is_reported_and_changes_nothing(table: HostTable) -> None:
    seen = placed(table, vm(), "mode observe", 'forbid host.name == "n0"')
    assert (seen.host, seen.observed) == ("n0", ('example: forbid host.name == "n0"',))


def test_a_clause_with_when_counts_while_its_condition_holds(table: HostTable) -> None:
    assert candidates(table, vm(), 'when now.hour >= 12 forbid host.rack == "r0"') == ["n2", "n3"]
    assert candidates(table, vm(), 'when now.hour < 12 forbid host.rack == "r0"') == ["n0", "n1", "n2", "n3"]
    assert candidates(table, vm(), 'when now.hour >= 12 require host.rack == "r0"') == ["n0", "n1"]
    assert candidates(table, vm(), 'when now.hour < 12 require host.rack == "r0"') == ["n0", "n1", "n2", "n3"]
    assert placed(table, vm(), 'when host.rack == "r1" prefer host.vms + 1').host == "n2"


def test_of_hosts_alike_the_first_to_have_joined_is_taken(table: HostTable) -> None:
    show(table, "host.index", 3.0, 1.0, 0.0, 2.0)
    assert placed(table, vm(), "prefer host.vms").host == "n2"
    assert placed(table, vm(), 'forbid host.name == "n2"').host == "n1"


def test_a_machine_that_fits_nowhere_is_placed_nowhere(table: HostTable) -> None:
    nowhere = placed(table, vm(), "require host.vms > 0", "prefer host.index")
    assert (nowhere.host, nowhere.row, nowhere.points) == ("", -1, ())
    assert nowhere.refusals() == {"example: require host.vms > 0": 4}
