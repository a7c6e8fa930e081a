"""The loop's hold on the fabric: who is on the network, told whole; what it can not do is tried again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.network import Network, NetworkPlan
from app.domain.ports import Unit
from app.reconcile.networks import Networks, Unwoven
from app.storage.seed import Seeds
from app.store.database import Database
from tests.builders import FrozenClock, a_host
from tests.unit.reconcile.fabrics import RecordedFabric, Refusing
from tests.unit.server.metadata_cloud import furnish_guests

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


async def test_without_a_network_of_ours_nobody_waits_and_what_was_left_goes(store: Database) -> None:
    fabric, networks = Refusing(0), Networks(store, resync_s=60)
    networks.connect(fabric, NetworkPlan(bridge="xenbr0"))
    fabric.networks = (Network(name="old", bridge="old", gateway="10.0.0.1/24"),)
    await networks.ready(REAL)
    assert fabric.networks
    await until(networks, lambda: not fabric.networks)
    assert (networks.bridge_of(REAL), networks.bridge_of(replace(REAL, bridge="br7"))) == ("xenbr0", "br7")


def test_a_disk_tells_the_instances_of_real_hosts_where_the_network_is_the_sites(
    store: Database, tmp_path: Path
) -> None:
    rehearsal, seeds = a_host("pretended"), Seeds(tmp_path / "seeds")
    ours, theirs = Networks(store, resync_s=60), Networks(store, resync_s=60)
    ours.connect(RecordedFabric(), PLAN, seeds)
    theirs.connect(RecordedFabric(), NetworkPlan(bridge="xenbr0"), seeds)
    assert [network.is_silent(host) for network in (ours, theirs) for host in (REAL, rehearsal)] == [
        False,
        False,
        True,
        False,
    ]


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
    assert networks.bridge_of(a_host("host1")) == ""


async def until(networks: Networks, check: Callable[[], bool]) -> None:
    """Let it run until `check` holds, at most a few seconds."""
    task = asyncio.create_task(networks.run())
    try:
        async with asyncio.timeout(5):
            while not check():  # noqa: ASYNC110 - what is waited for is told to a port, not to us
                await asyncio.sleep(0.005)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
