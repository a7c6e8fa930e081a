"""Names by real packets: guests ask their gateway, which DHCP told them, and get what is right for where they are."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import dns.message
import dns.query
import dns.rrset
import pytest
from dns.message import Message
from dns.rcode import Rcode

from app.domain.address import Address
from app.domain.directory import Services
from app.domain.errors import Unavailable
from app.domain.names import DNS_PORT, Names
from app.domain.network import Member, NetworkPlan
from app.domain.ports import Unit
from app.network.kernel import KernelFabric
from app.network.name_server import NameServer
from app.services import dns as names
from app.store.database import Database
from tests.builders import OURS, FrozenClock
from tests.deadline import PATIENCE_S
from tests.net.conftest import Join
from tests.net.namespaces import Guest, Namespace, make_bridge
from tests.net.probes import Try, passing
from tests.net.small_cloud import WORLD, SmallCloud
from tests.net.yard import silence
from tests.unit.server.metadata_cloud import furnish_guests

pytestmark = pytest.mark.net
GATEWAY, RESOLVER, PUBLIC = "10.9.0.1", "203.0.113.50", "203.0.113.77"
PLAN = NetworkPlan(bridge="eucabr0", subnet="10.9.0.0/24", dns=("203.0.113.53",), names=Names("cloud.example"))


def members(public: str = PUBLIC) -> tuple[Member, ...]:
    first = Member(instance_id="i-00000001", mac="d0:0d:00:00:00:01", address="10.9.0.5", hostname="one", public=public)
    return first, replace(first, instance_id="i-00000002", mac="d0:0d:00:00:00:02", address="10.9.0.6", public="")


def furnish(unit: Unit) -> None:
    names.configure(unit, "cloud.example")
    instance = furnish_guests(unit)[0]
    address = Address(id="eipalloc-1", ip=PUBLIC, account_id=OURS, pool="eucalyptus", created_at_ms=0)
    unit.addresses.add(replace(address, instance_id=instance.id))


@pytest.fixture
async def fabric(inside: Namespace, tmp_path: Path) -> AsyncIterator[KernelFabric]:
    """Two guests on one network, the first with a public address, and a card to the world outside."""
    make_bridge("pub0", "203.0.113.1/24")
    services = Services(cloud="203.0.113.1", server="203.0.113.1")
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(furnish)
        server = NameServer(
            lambda asked: store.glance(lambda unit: names.look_up(unit, services, asked)), [(RESOLVER, DNS_PORT)]
        )
        fabric = KernelFabric("test", silence, "pub0", names=server)
        await fabric.apply(PLAN.networks(members()))
        yield fabric
        await fabric.close()


@pytest.fixture
def outside(fabric: KernelFabric, join: Join) -> Guest:
    guest = join("02:00:00:00:99:01", "pub0")
    guest.inside.run("ip", "address", "add", f"{RESOLVER}/24", "dev", "eth0")
    guest.inside.run("ip", "route", "add", "default", "via", "203.0.113.1")
    return guest


@pytest.fixture
async def guest(fabric: KernelFabric, join: Join, tmp_path: Path) -> Guest:
    joined = join("d0:0d:00:00:00:02")
    lease = await asyncio.to_thread(joined.lease, tmp_path)
    assert lease is not None
    assert (lease["dns"], lease["domain"]) == (GATEWAY, "eucalyptus.internal")
    return joined


async def ask(guest: Guest, name: str, kind: str = "A", *, tcp: bool = False, wait_s: float = PATIENCE_S) -> Message:
    query, way = dns.message.make_query(name, kind), dns.query.tcp if tcp else dns.query.udp
    return await asyncio.to_thread(guest.inside.call, lambda: way(query, GATEWAY, wait_s))


def told(answer: Message) -> list[str]:
    return [str(record) for rrset in answer.answer for record in rrset]


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_guest_resolves_its_peer_through_its_gateway(guest: Guest, tcp: bool) -> None:
    assert told(await ask(guest, "euca-10-9-0-5.eucalyptus.internal", tcp=tcp)) == ["10.9.0.5"]
    assert told(await ask(guest, "euca-203-0-113-77.eucalyptus.cloud.example", tcp=tcp)) == ["10.9.0.5"]
    assert told(await ask(guest, "5.0.9.10.in-addr.arpa", "PTR", tcp=tcp)) == ["euca-10-9-0-5.eucalyptus.internal."]
    assert (await ask(guest, "euca-10-9-0-77.eucalyptus.internal", tcp=tcp)).rcode() == Rcode.NXDOMAIN


async def test_a_guest_s_own_programs_resolve_names(guest: Guest) -> None:
    asked = await asyncio.to_thread(
        guest.inside.run, "busybox", "nslookup", "euca-10-9-0-5.eucalyptus.internal", GATEWAY
    )
    assert "Address: 10.9.0.5" in asked.stdout


async def test_names_of_others_come_from_the_resolver_outside(guest: Guest, outside: Guest) -> None:
    resolver = outside.inside.call(resolving_socket)
    asked = asyncio.create_task(ask(guest, "www.example.org."))
    with resolver:
        question, whence = await asyncio.to_thread(resolver.recvfrom, 2000)
        query = dns.message.from_wire(question)
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text("www.example.org.", 60, "IN", "A", "192.0.2.7"))
        resolver.sendto(answer.to_wire(), whence)
        assert told(await asked) == ["192.0.2.7"]


def resolving_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((RESOLVER, DNS_PORT))
    made.settimeout(PATIENCE_S)
    return made


async def test_only_the_gateway_is_open_to_guests_and_only_to_them(guest: Guest, outside: Guest) -> None:
    tries = [Try("udp", "203.0.113.1", 53), Try("tcp", "203.0.113.1", 53), Try("tcp", GATEWAY, 22)]
    assert await asyncio.to_thread(passing, guest.inside, tries) == set()
    with pytest.raises((TimeoutError, OSError, dns.exception.Timeout)):
        await ask(outside, "euca-10-9-0-5.eucalyptus.internal", wait_s=3.0)


async def test_without_names_a_gateway_is_as_shut_as_ever(fabric: KernelFabric, guest: Guest) -> None:
    await fabric.apply(replace(PLAN, names=Names()).networks(members()))
    tries = [Try("udp", GATEWAY, 53), Try("tcp", GATEWAY, 53)]
    assert await asyncio.to_thread(passing, guest.inside, tries) == set()


async def test_a_name_server_of_somebody_else_s_on_all_addresses_is_told_with_its_port(fabric: KernelFabric) -> None:
    await fabric.apply([])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign:
        foreign.bind(("0.0.0.0", DNS_PORT))
        with pytest.raises(Unavailable, match="no answers on eucabr0: port 53: Address already in use"):
            await fabric.apply(PLAN.networks(members()))
    await fabric.apply(PLAN.networks(members()))


async def test_a_bridge_that_was_made_anew_is_answered_on(fabric: KernelFabric, join: Join, tmp_path: Path) -> None:
    await fabric.apply([])
    await fabric.apply(PLAN.networks(members()))
    joined = join("d0:0d:00:00:00:02")
    assert await asyncio.to_thread(joined.lease, tmp_path) is not None
    assert told(await ask(joined, "euca-10-9-0-5.eucalyptus.internal")) == ["10.9.0.5"]


async def test_instances_reach_the_cloud_where_names_lead_them_and_nothing_else_there(
    inside: Namespace, tmp_path: Path
) -> None:
    keys = {"vnet_mode": "MANAGED", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0", "disable_dns": "N"}
    async with (
        Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store,
        SmallCloud(inside, store, tmp_path, listen=f"{WORLD}:8773", **keys) as cloud,
    ):
        (guest,) = await cloud.launch(1, "web")
        assert await cloud.lease(guest) == [guest.private_ip]
        tries = [Try("tcp", WORLD, port) for port in (8773, 22)] + [Try("tcp", "10.1.1.1", 8773)]
        assert await cloud.passing(guest.id, *tries, due={tries[0]}) == {tries[0]}
