"""Names: what they lead to depends on who asks, and is right in the transaction that changes it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.address import Address
from app.domain.directory import Services
from app.domain.dns import NameAnswer, NameQuestion, Verdict
from app.domain.ports import Unit
from app.services import dns, public_addresses
from app.store.database import Database
from tests.builders import OURS, FrozenClock
from tests.unit.server.metadata_cloud import furnish_guests

GUEST, PEER, MACHINE, STRANGER = "10.9.0.5", "10.9.0.6", "127.0.0.1", "192.0.2.9"
PUBLIC, CLOUD, SERVER = "203.0.113.9", "203.0.113.1", "203.0.113.2"
PUBLIC_NAME, ZONE = "euca-203-0-113-9.eucalyptus.cloud.example", "eucalyptus.cloud.example"
PRIVATE_NAME, INTERNAL = "euca-10-9-0-5.eucalyptus.internal", "eucalyptus.internal"
REVERSE_PRIVATE, REVERSE_PUBLIC = "5.0.9.10.in-addr.arpa", "9.113.0.203.in-addr.arpa"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    """Two guests, `10.9.0.5` with a public address and `10.9.0.6` with none."""

    def work(unit: Unit) -> None:
        guest = furnish_guests(unit)[0]
        dns.configure(unit, "cloud.example", ["10.9.0.0/24"])
        address = Address(id="eipalloc-1", ip=PUBLIC, account_id=OURS, pool="eucalyptus", created_at_ms=0)
        unit.addresses.add(replace(address, instance_id=guest.id))

    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as database:
        await database.write(work)
        yield database


def told(store: Database, name: str, source: str) -> NameAnswer:
    services = Services(cloud=CLOUD, server=SERVER)
    return store.glance(lambda unit: dns.look_up(unit, services, NameQuestion(name=name, source=source)))


@pytest.mark.parametrize(("source", "address"), [(GUEST, GUEST), (PEER, GUEST), (MACHINE, PUBLIC), (STRANGER, PUBLIC)])
async def test_a_public_name_leads_inside_to_the_private_address(store: Database, source: str, address: str) -> None:
    answer = told(store, PUBLIC_NAME, source)
    assert (answer.verdict, answer.address, answer.zone) == (Verdict.KNOWN, address, ZONE)


async def test_a_private_name_is_there_for_instances_and_this_machine_only(store: Database) -> None:
    for source in (PEER, MACHINE, SERVER):
        assert told(store, PRIVATE_NAME, source).address == GUEST
        assert told(store, "ip-10-9-0-5.eucalyptus.internal", source).address == GUEST
        assert told(store, REVERSE_PRIVATE, source).pointer == PRIVATE_NAME
    for name in (PRIVATE_NAME, REVERSE_PRIVATE, INTERNAL):
        assert told(store, name, STRANGER).verdict is Verdict.REFUSED


@pytest.mark.parametrize("source", [GUEST, MACHINE, STRANGER])
async def test_a_public_address_is_called_by_its_public_name(store: Database, source: str) -> None:
    assert told(store, REVERSE_PUBLIC, source).pointer == PUBLIC_NAME


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("euca-203-0-113-8.eucalyptus.cloud.example", ZONE),
        ("euca-10-9-0-5.eucalyptus.cloud.example", ZONE),
        ("euca-203-0-113-9.x.eucalyptus.cloud.example", ZONE),
        ("www.eucalyptus.cloud.example", ZONE),
        ("euca-10-9-0-9.eucalyptus.internal", INTERNAL),
        ("euca-203-0-113-9.eucalyptus.internal", INTERNAL),
        ("77.0.9.10.in-addr.arpa", "0.9.10.in-addr.arpa"),
    ],
)
async def test_what_is_not_there_is_unknown_in_its_zone(store: Database, name: str, zone: str) -> None:
    answer = told(store, name, GUEST)
    assert (answer.verdict, answer.zone, answer.address) == (Verdict.UNKNOWN, zone, "")


@pytest.mark.parametrize(
    "name", ["example.org", "cloud.example", "xeucalyptus.internal", "8.8.8.8.in-addr.arpa", "", "."]
)
async def test_names_of_others_are_asked_for_instances_and_this_machine_only(store: Database, name: str) -> None:
    assert told(store, name, GUEST) == told(store, name, MACHINE) == NameAnswer(verdict=Verdict.FOREIGN, served=True)
    assert told(store, name, STRANGER) == NameAnswer(verdict=Verdict.REFUSED)


@pytest.mark.parametrize("name", ["a.b.c.d.in-addr.arpa", "1.in-addr.arpa", "in-addr.arpa", "-1.0.9.10.in-addr.arpa"])
async def test_what_is_no_address_turned_round_is_nobody_s_name_of_ours(store: Database, name: str) -> None:
    assert told(store, name, GUEST).verdict is Verdict.FOREIGN


async def test_buckets_and_the_cloud_lead_to_its_listener(store: Database) -> None:
    for name in ("photos.walrus.cloud.example", "my.photos.walrus.cloud.example", "walrus.cloud.example", ZONE):
        assert told(store, name, STRANGER).address == CLOUD
    assert told(store, f"ns.{ZONE}", STRANGER).address == SERVER


async def test_a_name_goes_with_the_address_at_once(store: Database) -> None:
    def move(unit: Unit) -> None:
        (address,) = unit.addresses.where(ip=PUBLIC)
        unit.addresses.put(replace(address, instance_id="i-00000002"))

    await store.write(move)
    assert told(store, PUBLIC_NAME, GUEST).address == PEER
    await store.write(lambda unit: public_addresses.disassociate(unit, unit.addresses.where(ip=PUBLIC)[0]))
    assert told(store, PUBLIC_NAME, STRANGER).verdict is Verdict.UNKNOWN
    assert told(store, REVERSE_PUBLIC, STRANGER).verdict is Verdict.REFUSED


async def test_an_instance_that_is_gone_has_no_name_and_asks_as_a_stranger(store: Database) -> None:
    def end(unit: Unit) -> None:
        (row,) = unit.instances.where(private_ip=GUEST)
        unit.instances.put(replace(row, removed=True))

    await store.write(end, writer="reconcile")
    assert told(store, PRIVATE_NAME, PEER).verdict is Verdict.UNKNOWN
    assert told(store, "example.org", GUEST).verdict is Verdict.REFUSED


async def test_the_address_of_a_rehearsed_instance_makes_nobody_an_insider(store: Database) -> None:
    def rehearse(unit: Unit) -> None:
        (host,) = unit.hosts.where(name="real1")
        unit.hosts.put(replace(host, uri="test:///rehearsal"))

    await store.write(rehearse)
    assert told(store, "example.org", GUEST).verdict is Verdict.REFUSED
    assert told(store, PRIVATE_NAME, MACHINE).address == GUEST


@pytest.mark.parametrize(
    ("listener", "cloud"),
    [("198.51.100.4", "198.51.100.4"), ("0.0.0.0", SERVER), ("::", SERVER), ("localhost", SERVER)],
)
def test_services_are_where_the_listener_is_or_else_on_the_name_server_s_machine(listener: str, cloud: str) -> None:
    assert dns.services_at(listener, SERVER) == Services(cloud=cloud, server=SERVER)
