"""Networks of groups: each group has its own, a full one is joined by another, an empty one is given again last."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.holdings import NetworkView
from app.domain.commands import RunInstances
from app.domain.errors import Missing, NoCapacity
from app.domain.instance import Instance
from app.domain.network import Range
from app.domain.ports import Unit
from app.services import addresses, group_networks, groups, holding_views, holdings, instances
from app.store.database import Database
from tests.builders import CountingEntropy, a_caller, a_host, a_mapping

ANA = a_caller()
ROOM = "10.9.0.0/25"  # sixteen networks of eight addresses, numbered from 2; ten to seventeen are to give


@pytest.fixture
async def real(store: Database) -> Database:
    """A store whose only open host is a real one, where each group has networks of eight addresses, five to give."""

    def work(unit: Unit) -> None:
        addresses.configure(unit, addresses.Source(ROOM, 8))
        unit.hosts.remove(a_host("host1"))
        roomy = replace(a_host("real1", cores=640), uri="qemu:///system", memory_mib=1 << 20, disk_gb=10_000)
        unit.hosts.add(roomy)

    await store.write(work)
    return store


async def launch(store: Database, entropy: CountingEntropy, count: int, group: str = "default") -> list[Instance]:
    def work(unit: Unit) -> list[Instance]:
        if group != "default" and not unit.groups.where(name=group):
            groups.create(unit, ANA, group, "d", entropy)
        command = RunInstances(image_id="emi-0a11beef", min_count=count, max_count=count, group_names=(group,))
        return instances.run(unit, ANA, command, entropy, a_mapping())[1]

    return await store.write(work)


async def end(store: Database, gone: list[Instance]) -> None:
    ids = [instance.id for instance in gone]
    await store.write(lambda unit: instances.terminate(unit, ANA, ids))

    def removed(unit: Unit) -> None:
        for row in unit.instances.where(id=ids):
            unit.instances.put(replace(row, removed=True))

    await store.write(removed, writer="reconcile")


def vlans(started: list[Instance]) -> set[int]:
    parts = Range(IPv4Network(ROOM), 8)
    return {parts.vlan_of(instance.private_ip) for instance in started}


async def test_each_group_has_its_own_network_and_keeps_it(real: Database, entropy: CountingEntropy) -> None:
    assert vlans(await launch(real, entropy, 2)) == {10}
    assert vlans(await launch(real, entropy, 1, "web")) == {11}
    assert vlans(await launch(real, entropy, 3)) == {10}
    rows = await real.read(lambda unit: unit.group_networks.where())
    assert [(row.id, row.subnet) for row in rows] == [("vlan10", "10.9.0.64/29"), ("vlan11", "10.9.0.72/29")]


async def test_a_group_whose_network_is_full_gets_another_one(real: Database, entropy: CountingEntropy) -> None:
    assert vlans(await launch(real, entropy, 4)) == {10}
    assert vlans(await launch(real, entropy, 3)) == {10, 11}
    assert vlans(await launch(real, entropy, 1, "web")) == {12}


async def test_a_network_is_given_to_another_group_only_once_nobody_is_on_it(
    real: Database, entropy: CountingEntropy
) -> None:
    first = await launch(real, entropy, 1, "first")
    others = [await launch(real, entropy, 5, f"g{number}") for number in range(7)]
    with pytest.raises(NoCapacity, match="0 addresses free"):
        await launch(real, entropy, 1, "late")
    await end(real, first)
    assert vlans(await launch(real, entropy, 1, "late")) == vlans(first)
    assert vlans([row for group in others for row in group]) == set(range(11, 18))


async def test_a_refused_launch_leaves_no_network(real: Database, entropy: CountingEntropy) -> None:
    with pytest.raises(NoCapacity):
        await launch(real, entropy, 60, "greedy")
    assert await real.read(lambda unit: unit.group_networks.where()) == []


async def test_rehearsal_hosts_share_one_network(store: Database, entropy: CountingEntropy) -> None:
    await store.write(lambda unit: addresses.configure(unit, addresses.Source("", 8)))
    await launch(store, entropy, 1)
    assert await store.read(lambda unit: unit.group_networks.where()) == []


@given(st.integers(2, 8), st.integers(4, 12))
def test_networks_of_a_range_are_apart_and_every_address_tells_its_own(bits: int, host_bits: int) -> None:
    parts = Range(IPv4Network(f"10.0.0.0/{32 - bits - host_bits}"), 1 << bits)
    seen: set[IPv4Address] = set()
    for vlan in parts.vlans:
        subnet = parts.subnet(vlan).network
        assert subnet.subnet_of(parts.network)
        assert subnet.num_addresses == 1 << bits
        assert {parts.vlan_of(str(subnet[0])), parts.vlan_of(str(subnet[-1]))} == {vlan}
        assert not seen & {subnet[0], subnet[-1]}
        seen |= {subnet[0], subnet[-1]}


async def test_a_network_is_shown_with_its_group_its_account_and_how_much_of_it_is_taken(
    real: Database, entropy: CountingEntropy
) -> None:
    gone = await launch(real, entropy, 2)
    await launch(real, entropy, 1, "web")

    def shown(unit: Unit) -> list[NetworkView]:
        return holding_views.network_views(unit, holdings.NETWORKS.rows(unit))

    first, second = await real.read(shown)
    assert (first.id, first.group, first.account_id, first.subnet) == (
        "vlan10",
        "default",
        ANA.account_id,
        "10.9.0.64/29",
    )
    assert (first.gateway, first.bridge, first.taken, first.size) == ("10.9.0.65", "eucabr10", 2, 5)
    assert (second.id, second.group, second.taken) == ("vlan11", "web", 1)
    before = await real.read(lambda unit: unit.cursor())
    await real.write(lambda unit: unit.instances.put(replace(gone[0], removed=True)), writer="reconcile")
    told = await real.read(lambda unit: group_networks.stirred(unit, unit.entries(before, 100)))
    assert (set(told), (await real.read(shown))[0].taken) == ({"vlan10"}, 1)


async def test_a_network_that_no_group_has_is_missing(real: Database) -> None:
    with pytest.raises(Missing, match="vlan99"):
        await real.read(lambda unit: group_networks.find(unit, "vlan99"))


async def test_behind_each_gateway_groups_have_the_same_numbers_and_addresses_by_themselves(
    real: Database, entropy: CountingEntropy
) -> None:
    here = addresses.Source(ROOM, 8)
    there = replace(here, gateway="one")
    first = await launch(real, entropy, 1)
    await real.write(lambda unit: addresses.configure(unit, here, {"one": there}))
    second = await launch(real, entropy, 6)
    assert [one.gateway for one in (*first, *second)] == ["", *["one"] * 6]
    assert first[0].private_ip in {one.private_ip for one in second}
    rows = await real.read(lambda unit: unit.group_networks.where())
    assert [(row.id, row.vlan) for row in rows] == [("one-vlan10", 10), ("one-vlan11", 11), ("vlan10", 10)]
    assert await real.read(lambda unit: [group_networks.held(unit, row) for row in rows]) == [5, 1, 1]
