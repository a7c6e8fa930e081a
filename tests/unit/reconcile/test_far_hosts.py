"""Hosts that are other machines have their networks each by itself: who is told what, and whom a dead one holds up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import Broken, TimedOut
from app.domain.far import Shell, shell_of
from app.domain.network import SEALED, SEALED_MTU, TUNNEL_MTU, Network, NetworkPlan
from app.domain.ports import Unit
from app.reconcile.networks import Networks, Unwoven
from app.store.database import Database
from tests.builders import FrozenClock, a_host
from tests.unit.reconcile.fabrics import RecordedFabric
from tests.unit.reconcile.reaches import RecordedReach
from tests.unit.server.metadata_cloud import furnish_guests

PLAN = NetworkPlan(bridge="eucabr0", subnet="10.9.0.0/24", tunnels="trusted")
FAR = replace(a_host("real1"), uri="qemu+ssh://ops@hyp7:2222/system?keyfile=/etc/euca/key")
EMPTY = replace(a_host("far2"), uri="xen+tls://hyp8/", ordinal=70)
ASKED = Shell(name="hyp7", user="ops", port=2222, key_file="/etc/euca/key")
ASKED_TOO = Shell(name="hyp8", user="root")


def far_away(unit: Unit) -> None:
    furnish_guests(unit)
    unit.hosts.put(FAR)
    unit.hosts.add(EMPTY)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(far_away)
        yield store


def networks_of(store: Database, reach: RecordedReach, fabric: RecordedFabric | None = None) -> Networks:
    networks = Networks(store, resync_s=60)
    networks.connect(fabric or RecordedFabric(), PLAN, reach=reach)
    return networks


async def test_who_starts_a_guest_waits_until_its_host_has_its_networks_and_only_its_own(store: Database) -> None:
    reach, fabric = RecordedReach(), RecordedFabric()
    networks = networks_of(store, reach, fabric)
    await networks.ready(FAR)
    assert [(one.bridge, one.mtu, len(one.members)) for one in reach.told[ASKED]] == [("eucabr0", TUNNEL_MTU, 2)]
    assert [one.mtu for one in fabric.networks] == [TUNNEL_MTU]
    await networks.ready(EMPTY)
    assert reach.told[ASKED_TOO] == []


async def test_a_dead_host_holds_up_neither_another_one_nor_the_gateway(store: Database) -> None:
    reach = RecordedReach()
    reach.dead = {ASKED}
    networks = networks_of(store, reach)
    running = asyncio.create_task(networks.run())
    for times in (1, 2):
        networks.poke(EMPTY.name)
        await reach.comes(times)
    assert set(reach.told) == {ASKED_TOO}
    running.cancel()
    networks.close()


async def test_a_changed_rule_asks_no_host(store: Database) -> None:
    reach = RecordedReach()
    networks = networks_of(store, reach)
    running = asyncio.create_task(networks.run())
    await reach.comes(2)
    networks.poke()
    networks.poke(EMPTY.name)
    await reach.comes(3)
    await networks.ready(FAR)
    assert reach.times == 4
    running.cancel()
    networks.close()


async def test_a_host_that_left_gives_back_what_it_had_and_is_not_asked_again(store: Database) -> None:
    reach = RecordedReach()
    networks = networks_of(store, reach)
    await networks.ready(EMPTY)
    await store.write(lambda unit: unit.hosts.remove(EMPTY))
    running = asyncio.create_task(networks.run())
    await reach.comes(3)
    assert reach.told.pop(ASKED_TOO) == []
    networks.poke(FAR.name)
    await reach.comes(4)
    assert ASKED_TOO not in reach.told
    running.cancel()
    networks.close()


async def test_who_moves_away_keeps_the_network_of_the_old_host_until_it_has_left(store: Database) -> None:
    def move(unit: Unit) -> None:
        row = unit.instances.get("i-00000001")
        assert row is not None
        unit.instances.put(replace(row, host=EMPTY.name, moving_from=FAR.name))

    await store.write(move)
    reach = RecordedReach()
    networks = networks_of(store, reach)
    await networks.ready(EMPTY)
    await networks.ready(FAR)
    assert {shell: len(told[0].members) for shell, told in reach.told.items()} == {ASKED: 2, ASKED_TOO: 1}


async def test_a_host_that_can_not_be_reached_is_told_as_no_fault_of_the_instance(store: Database) -> None:
    class Silent(RecordedReach):
        async def reach(self, shell: Shell, networks: Sequence[Network]) -> Sequence[str]:
            raise TimedOut("network", f"ssh to {shell}", 10)

    with pytest.raises(Unwoven, match="ops@hyp7"):
        await networks_of(store, Silent()).ready(FAR)


async def test_what_somebody_broke_there_is_in_the_journal(store: Database) -> None:
    reach = RecordedReach()
    reach.broken = ["ops@hyp7: bridge eucabr0 was gone"]
    before = await store.read(lambda unit: unit.cursor())
    await networks_of(store, reach).ready(FAR)
    entries = await store.read(lambda unit: unit.entries(before, 10))
    assert [(entry.event, entry.text) for entry in entries] == [
        ("network.repaired", "ops@hyp7: bridge eucabr0 was gone; that is put right")
    ]


async def test_a_wire_that_nobody_trusts_carries_nothing_and_the_way_out_is_named(store: Database) -> None:
    reach = RecordedReach()
    networks = Networks(store, resync_s=60)
    networks.connect(RecordedFabric(), replace(PLAN, tunnels=""), reach=reach)
    with pytest.raises(Broken, match='another machine: VNET_TUNNELS="wireguard" encrypts'):
        await networks.ready(FAR)
    assert not reach.told


async def test_guests_are_told_a_frame_size_that_fits_into_encrypted_tunnels(store: Database) -> None:
    reach = RecordedReach()
    networks = Networks(store, resync_s=60)
    networks.connect(RecordedFabric(), replace(PLAN, tunnels=SEALED), reach=reach)
    await networks.ready(FAR)
    assert [(one.mtu, one.sealed) for one in reach.told[ASKED]] == [(SEALED_MTU, True)]


async def test_a_vlan_needs_no_tunnels_and_takes_whole_frames(store: Database) -> None:
    reach = RecordedReach()
    networks = Networks(store, resync_s=60)
    managed = NetworkPlan(bridge="eucabr", subnet="10.9.0.0/16", each=32, trunk="eth1")
    networks.connect(RecordedFabric(), managed, reach=reach)
    await networks.ready(FAR)
    assert [(one.mtu, one.tagged) for one in reach.told[ASKED]] == [(0, "eth1.2")]


@pytest.mark.parametrize(
    ("uri", "shell"),
    [
        ("qemu:///system", None),
        ("qemu+unix:///system?socket=/run/x", None),
        ("qemu+ssh://localhost/system", None),
        ("test+ssh://hyp7/default", None),
        ("scripted://hyp7/", None),
        ("xen+ssh://hyp7/", Shell(name="hyp7", user="root")),
        ("xen+tls://hyp7:16514/", Shell(name="hyp7", user="root")),
        ("qemu+libssh2://me@hyp7:23/system", Shell(name="hyp7", user="me", port=23)),
    ],
)
def test_a_host_is_asked_where_its_uri_leads(uri: str, shell: Shell | None) -> None:
    assert shell_of(uri) == shell
