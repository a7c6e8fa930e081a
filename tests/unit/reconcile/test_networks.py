"""The loop's hold on the fabric: who is on the network, told whole; what it can not do is tried again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.address import Address
from app.domain.firewall import Passage
from app.domain.group import GroupRule
from app.domain.names import Names
from app.domain.network import Card, Network, NetworkPlan
from app.domain.ports import Unit
from app.domain.rows import Writer
from app.reconcile.networks import Networks, Unwoven
from app.reconcile.traffic import UNKNOWN, wanted
from app.storage.seed import Seeds
from app.store.database import Database
from tests.builders import OURS, THEIRS, FrozenClock, a_host
from tests.unit.reconcile.fabrics import RecordedFabric, Refusing
from tests.unit.server.metadata_cloud import EVERY_BYTE, an_instance, furnish_guests

PLAN = NetworkPlan(bridge="eucabr0", subnet="10.9.0.0/24", dns=("10.9.0.1",))
REAL = replace(a_host("real1"), uri="qemu:///system")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(furnish_guests)
        yield store


def end_first(unit: Unit) -> None:
    row = unit.instances.get("i-00000001")
    assert row is not None
    unit.instances.put(replace(row, removed=True))


async def test_all_who_hold_an_address_on_a_real_host_are_on_the_network_and_nobody_else(store: Database) -> None:
    fabric, networks = RecordedFabric(), Networks(store, resync_s=60)
    networks.connect(fabric, PLAN)
    await networks.ready(REAL)
    (network,) = fabric.networks
    assert (network.bridge, network.gateway, network.dns) == ("eucabr0", "10.9.0.1/24", ("10.9.0.1",))
    assert [(m.instance_id, m.address, m.hostname) for m in network.members] == [
        ("i-00000001", "10.9.0.5", "ip-10-9-0-5"),
        ("i-00000002", "10.9.0.6", "ip-10-9-0-6"),
    ]
    await store.write(end_first, writer="reconcile")
    await networks.ready(REAL)
    assert [m.instance_id for m in fabric.networks[0].members] == ["i-00000002"]


async def test_with_names_the_gateway_is_told_to_answer_and_hosts_are_called_by_them(store: Database) -> None:
    fabric, networks = RecordedFabric(), Networks(store, resync_s=60)
    networks.connect(fabric, replace(PLAN, dns=("192.0.2.53",), names=Names("cloud.example")))
    await networks.ready(REAL)
    (network,) = fabric.networks
    assert (network.dns, network.domain) == (("10.9.0.1",), "eucalyptus.internal")
    assert [m.hostname for m in network.members] == ["euca-10-9-0-5", "euca-10-9-0-6"]


async def test_what_the_groups_of_members_let_pass_is_told_and_their_public_addresses(store: Database) -> None:
    rule = GroupRule(
        id="sgr-1",
        group_id="sg-00000001",
        account_id=OURS,
        egress=False,
        protocol="tcp",
        from_port=22,
        to_port=22,
        peer="0.0.0.0/0",
    )
    elsewhere = replace(rule, id="sgr-2", group_id="sg-00000077")
    address = Address(
        id="eipalloc-1", ip="203.0.113.7", account_id=OURS, pool="p", instance_id="i-00000001", created_at_ms=0
    )

    def write(unit: Unit) -> None:
        unit.group_rules.add(rule)
        unit.group_rules.add(elsewhere)
        unit.addresses.add(address)

    await store.write(write)
    fabric, networks = RecordedFabric(), Networks(store, resync_s=60)
    networks.connect(fabric, PLAN)
    await networks.ready(REAL)
    assert [(m.groups, m.public) for m in fabric.networks[0].members] == [
        (("sg-00000001",), "203.0.113.7"),
        (("sg-00000002",), ""),
    ]
    passage = Passage(egress=False, permission=rule.permission)
    assert fabric.firewall.rules == {"sg-00000001": (passage,), "sg-00000002": ()}


async def test_of_a_list_of_pairs_the_fabric_is_told_leases_and_the_site_s_way_out(store: Database) -> None:
    fabric, networks = RecordedFabric(), Networks(store, resync_s=60)
    pairs = (Card("10.9.0.5", "d0:0d:00:00:00:01"),)
    networks.connect(fabric, replace(PLAN, bridge="xenbr0", pairs=pairs, router="10.9.0.254"))
    await networks.ready(REAL)
    (network,) = fabric.networks
    assert (network.bridge, network.gateway, network.of_site) == ("xenbr0", "10.9.0.254/24", True)


async def test_a_cluster_with_keys_of_its_own_has_its_own_network(store: Database) -> None:
    fabric, networks = RecordedFabric(), Networks(store, resync_s=60)
    own = NetworkPlan(bridge="br-two", subnet="10.8.0.0/24", pairs=(Card("10.9.0.6", "x"),), router="10.8.0.1")
    networks.connect(fabric, replace(PLAN, of_clusters={"two": own, "three": NetworkPlan(bridge="xenbr0")}))

    def spread(unit: Unit) -> None:
        row = unit.instances.get("i-00000002")
        assert row is not None
        unit.instances.put(replace(row, cluster="two"))

    await store.write(spread)
    await networks.ready(REAL)
    told = [(network.bridge, [member.address for member in network.members]) for network in fabric.networks]
    assert told == [("eucabr0", ["10.9.0.5"]), ("br-two", ["10.9.0.6"])]
    bridges = [networks.bridge_of(replace(REAL, cluster=name), "10.9.0.5") for name in ("one", "two", "three")]
    assert bridges == ["eucabr0", "br-two", "xenbr0"]


async def test_whether_private_addresses_are_hidden_is_told_with_the_rules(store: Database) -> None:
    fabric, networks = RecordedFabric(), Networks(store, resync_s=60)
    for hidden in (True, False):
        networks.connect(fabric, replace(PLAN, hidden=hidden))
        await networks.ready(REAL)
        assert fabric.firewall.hidden is hidden


async def test_without_a_network_of_ours_nobody_waits_and_what_was_left_goes(store: Database) -> None:
    fabric, networks = Refusing(0), Networks(store, resync_s=60)
    networks.connect(fabric, NetworkPlan(bridge="xenbr0"))
    fabric.networks = (Network(name="old", bridge="old", gateway="10.0.0.1/24"),)
    await networks.ready(REAL)
    assert fabric.networks
    await until(networks, lambda: not fabric.networks)
    assert (networks.bridge_of(REAL, "10.9.0.5"), networks.bridge_of(replace(REAL, bridge="br7"), "")) == (
        "xenbr0",
        "br7",
    )


def test_a_disk_tells_the_instances_of_real_hosts_where_the_network_is_the_sites(
    store: Database, tmp_path: Path
) -> None:
    networks, seeds = Networks(store, resync_s=60), Seeds(tmp_path / "seeds")
    static = replace(PLAN, bridge="xenbr0", pairs=(Card("10.9.0.5", "d0:0d:00:00:00:01"),), router="10.9.0.254")
    for plan, silent in ((PLAN, False), (NetworkPlan(bridge="xenbr0"), True), (static, True)):
        networks.connect(RecordedFabric(), plan, seeds)
        assert networks.is_silent(REAL) is silent
        assert not networks.is_silent(a_host("pretended"))


async def test_a_start_is_told_what_the_fabric_can_not_do(store: Database) -> None:
    networks = Networks(store, resync_s=60)
    networks.connect(Refusing(1), PLAN)
    with pytest.raises(Unwoven, match="network: busy"):
        await networks.ready(REAL)
    await networks.ready(REAL)


async def test_drift_is_repaired_without_any_news(store: Database) -> None:
    fabric, networks = Refusing(2), Networks(store, resync_s=0.01)
    networks.connect(fabric, PLAN)
    await until(networks, lambda: bool(fabric.networks))
    assert fabric.left == 0


async def test_rehearsal_hosts_hang_on_nothing_and_never_wait(store: Database) -> None:
    networks = Networks(store, resync_s=60)
    networks.connect(Refusing(1), PLAN)
    await networks.ready(a_host("host1"))
    assert networks.bridge_of(a_host("host1"), "10.9.0.5") == ""


async def until(networks: Networks, check: Callable[[], bool]) -> None:
    """Let it run until `check` holds."""
    task = asyncio.create_task(networks.run())
    try:
        async with asyncio.timeout(60):
            while not check():  # noqa: ASYNC110 - what is waited for is told to a port, not to us
                await asyncio.sleep(0.005)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_was_found_broken_is_said_in_the_journal_once(store: Database) -> None:
    fabric, networks = RecordedFabric(), Networks(store, resync_s=60)
    networks.connect(fabric, PLAN)
    fabric.broken = ["bridge eucabr0 was gone", "eucabr1 had lost its address 10.9.0.1/24"]
    before = await store.read(lambda unit: unit.cursor())
    for _ in range(2):
        await networks.ready(REAL)
    entries = await store.read(lambda unit: unit.entries(before, 10))
    assert [(entry.event, entry.kind, entry.text) for entry in entries] == [
        ("network.repaired", "network", "bridge eucabr0 was gone; that is put right"),
        ("network.repaired", "network", "eucabr1 had lost its address 10.9.0.1/24; that is put right"),
    ]


async def test_what_is_read_by_and_by_is_what_is_read_at_once(store: Database) -> None:
    rule = GroupRule(
        id="sgr-1",
        group_id="sg-00000001",
        account_id=OURS,
        egress=False,
        protocol="tcp",
        from_port=22,
        to_port=22,
        peer="0.0.0.0/0",
    )
    other = replace(rule, id="sgr-2", group_id="sg-00000002")
    address = Address(id="eipalloc-1", ip="203.0.113.9", account_id=OURS, pool="p", created_at_ms=0)
    joins = replace(an_instance(1, OURS, "ana", EVERY_BYTE), group_ids=("sg-00000001", "sg-00000002"))
    leaves = replace(an_instance(2, THEIRS, "eve", b""), removed=True)
    changes: list[tuple[Callable[[Unit], object], Writer]] = [
        (lambda unit: unit.group_rules.add(rule), "services"),
        (lambda unit: unit.addresses.add(replace(address, instance_id="i-00000001")), "services"),
        (lambda unit: unit.group_rules.add(other), "services"),
        (lambda unit: unit.instances.put(joins), "services"),
        (lambda unit: unit.instances.put(leaves), "reconcile"),
        (lambda unit: unit.addresses.put(replace(address, instance_id="")), "services"),
        (lambda unit: unit.group_rules.remove(other), "services"),
        (lambda unit: unit.group_rules.put(replace(rule, peer="10.0.0.0/8")), "services"),
        (lambda unit: unit.hosts.put(replace(REAL, uri="test:///default")), "services"),
        (lambda unit: unit.hosts.put(REAL), "services"),
        (lambda unit: unit.group_rules.remove(rule), "services"),
    ]
    known = UNKNOWN
    for work, writer in changes:
        await store.write(work, writer)
        known = await store.read(lambda unit, known=known: wanted(unit, known))  # type: ignore[misc]
        assert known == await store.read(wanted)
