"""Private addresses: unique while held, kept over stop and start, given again last, refused when there are no more."""

import asyncio
from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.commands import RunInstances
from app.domain.errors import Conflict, NoCapacity
from app.domain.group import SecurityGroup
from app.domain.instance import Instance
from app.domain.names import Names, address_in
from app.domain.network import Card, Subnet, host_name
from app.domain.ports import Unit
from app.services import addresses, instances, keypairs
from app.services.addresses import Source
from app.store.database import Database
from tests.builders import CountingEntropy, a_caller, a_host, a_mapping

ANA = a_caller()
GROUP = SecurityGroup(id="sg-1", account_id="a", name="default", description="d", created_at_ms=0)
SMALL = "10.9.0.0/29"  # five addresses to give


@pytest.fixture
async def real(store: Database) -> Database:
    """A store whose only open host is a real one with a small subnet."""

    def work(unit: Unit) -> None:
        addresses.configure(unit, Source(SMALL))
        unit.hosts.remove(a_host("host1"))
        unit.hosts.add(replace(a_host("real1", cores=64), uri="qemu:///system"))

    await store.write(work)
    return store


async def launch(store: Database, entropy: CountingEntropy, least: int, most: int) -> list[Instance]:
    command = RunInstances(image_id="emi-0a11beef", min_count=least, max_count=most)
    _, started = await store.write(lambda unit: instances.run(unit, ANA, command, entropy, a_mapping()))
    return started


async def end(store: Database, *gone: Instance) -> None:
    ids = [instance.id for instance in gone]
    await store.write(lambda unit: instances.terminate(unit, ANA, ids))

    def removed(unit: Unit) -> None:
        for row in unit.instances.where(id=ids):
            unit.instances.put(replace(row, removed=True))

    await store.write(removed, writer="reconcile")


async def test_each_instance_gets_an_address_of_its_own_and_the_full_subnet_refuses(
    real: Database, entropy: CountingEntropy
) -> None:
    started = await launch(real, entropy, 2, 9)
    assert [instance.private_ip for instance in started] == [f"10.9.0.{number}" for number in range(2, 7)]
    with pytest.raises(NoCapacity, match="addresses free"):
        await launch(real, entropy, 1, 1)


async def test_an_address_is_free_again_at_the_end_and_not_before(real: Database, entropy: CountingEntropy) -> None:
    started = await launch(real, entropy, 5, 5)
    await real.write(lambda unit: instances.terminate(unit, ANA, [started[1].id]))
    with pytest.raises(NoCapacity):
        await launch(real, entropy, 1, 1)
    await end(real, started[1])
    (again,) = await launch(real, entropy, 1, 1)
    assert again.private_ip == started[1].private_ip
    gone = await real.read(lambda unit: unit.instances.get(started[1].id))
    assert gone is not None
    assert gone.address == ""


async def test_an_address_that_just_became_free_comes_last(real: Database, entropy: CountingEntropy) -> None:
    (first,) = await launch(real, entropy, 1, 1)
    await end(real, first)
    (second,) = await launch(real, entropy, 1, 1)
    assert second.private_ip != first.private_ip


async def test_rehearsal_hosts_and_real_ones_have_subnets_that_do_not_touch(store: Database) -> None:
    def work(unit: Unit) -> list[Card]:
        unit.hosts.add(replace(a_host("real1", ordinal=2), uri="qemu:///system"))
        addresses.configure(unit, Source("10.128.0.0/16"))
        return addresses.give(unit, ["host1", "real1", "host1"], GROUP)

    assert await store.write(work) == [Card("172.16.0.2"), Card("10.128.0.2"), Card("172.16.0.3")]


async def test_a_cluster_may_have_a_source_of_its_own(store: Database) -> None:
    def work(unit: Unit) -> list[Card]:
        for number, cluster in enumerate(("one", "two", "three")):
            unit.hosts.add(replace(a_host(cluster, cluster=cluster, ordinal=number + 2), uri="qemu:///system"))
        addresses.configure(unit, Source("10.1.0.0/24"), {"two": Source(SMALL, 0, PAIRS), "three": Source()})
        return addresses.give(unit, ["one", "two", "three", "one"], GROUP)

    given = [Card("10.1.0.2"), PAIRS[0], Card(), Card("10.1.0.3")]
    assert await store.write(work) == given
    await store.write(lambda unit: addresses.configure(unit, Source("10.1.0.0/24")))
    assert await store.read(lambda unit: addresses.source_of(unit, "two")) == Source("10.1.0.0/24")


async def test_where_the_site_gives_addresses_we_give_none(store: Database) -> None:
    def work(unit: Unit) -> list[Card]:
        unit.hosts.add(replace(a_host("real1", ordinal=2), uri="qemu:///system"))
        return addresses.give(unit, ["real1", "host1"], GROUP)

    assert await store.write(work) == [Card(), Card("10.128.0.2")]


async def test_the_store_itself_refuses_an_address_that_is_held(real: Database, entropy: CountingEntropy) -> None:
    (one,) = await launch(real, entropy, 1, 1)
    with pytest.raises(Conflict):
        await real.write(lambda unit: unit.instances.add(replace(one, id="i-0badcafe")))


async def test_an_instance_keeps_the_key_of_its_launch(store: Database, entropy: CountingEntropy) -> None:
    made = keypairs.generate("ed25519")
    await store.write(lambda unit: keypairs.add(unit, ANA, "mine", made, entropy))
    command = RunInstances(image_id="emi-0a11beef", key_name="mine")
    _, (started,) = await store.write(lambda unit: instances.run(unit, ANA, command, entropy, a_mapping()))
    assert started.public_key == f"{made.public_key} mine"
    assert made.public_key not in repr(started)


PAIRS = (Card("10.9.0.4", "d0:0d:00:00:00:04"), Card("10.9.0.2", "d0:0d:00:00:00:02"))


async def test_the_first_free_pair_of_a_list_is_given_and_their_number_is_the_most(
    real: Database, entropy: CountingEntropy
) -> None:
    await real.write(lambda unit: addresses.configure(unit, Source(SMALL, 0, PAIRS)))
    first, second = await launch(real, entropy, 2, 9)
    assert [Card(one.private_ip, one.mac) for one in (first, second)] == list(PAIRS)
    with pytest.raises(NoCapacity, match="VNET_MACMAP has 0 pairs free"):
        await launch(real, entropy, 1, 1)
    await end(real, first)
    (again,) = await launch(real, entropy, 1, 1)
    assert Card(again.private_ip, again.mac) == PAIRS[0]


async def test_a_pair_is_one_instance_s_whoever_asks_at_once(real: Database, entropy: CountingEntropy) -> None:
    await real.write(lambda unit: addresses.configure(unit, Source(SMALL, 0, PAIRS)))
    told = await asyncio.gather(*(launch(real, entropy, 1, 1) for _ in range(5)), return_exceptions=True)
    got = [one for each in told if isinstance(each, list) for one in each]
    assert sorted(one.private_ip for one in got) == ["10.9.0.2", "10.9.0.4"]
    assert [type(each) for each in told if not isinstance(each, list)] == [NoCapacity] * 3


async def test_a_pair_with_a_half_that_somebody_has_is_not_given(real: Database, entropy: CountingEntropy) -> None:
    (old,) = await launch(real, entropy, 1, 1)
    assert old.private_ip == "10.9.0.2"
    taken = Card("10.9.0.5", old.mac)
    await real.write(lambda unit: addresses.configure(unit, Source(SMALL, 0, (taken, *PAIRS))))
    (new,) = await launch(real, entropy, 1, 5)
    assert new.private_ip == "10.9.0.4"


@given(st.integers(3, 29), st.integers(0, 2**32 - 1), st.data())
def test_going_round_a_subnet_meets_every_address_once(length: int, start: int, data: st.DataObject) -> None:
    network = IPv4Network((start, max(length, 22)), strict=False)
    subnet = Subnet(network)
    cursor = data.draw(st.integers(0, subnet.size))
    walked = list(subnet.after(cursor))
    hosts = {str(address) for address in network.hosts()} - {subnet.gateway.partition("/")[0]}
    assert len(walked) == len(hosts) == subnet.size
    assert {address for _, address in walked} == hosts
    number, first = walked[0]
    assert next(subnet.after(number - 1)) == (number, first)


def test_names_are_formed_from_addresses() -> None:
    assert host_name("10.0.0.5") == "ip-10-0-0-5"
    assert Names().private("10.0.0.5") == "ip-10-0-0-5.eucalyptus.internal"
    assert (Names().private(""), Names().public("203.0.113.9")) == ("", "203.0.113.9")


def test_names_of_a_cloud_that_answers_for_them_are_those_of_1_6_1() -> None:
    names = Names("cloud.example")
    assert names.private("10.0.0.5") == "euca-10-0-0-5.eucalyptus.internal"
    assert names.public("203.0.113.9") == "euca-203-0-113-9.eucalyptus.cloud.example"
    assert (names.private(""), names.public("")) == ("", "")


@pytest.mark.parametrize("name", ["euca-10-0-0-5", "ip-10-0-0-5.eucalyptus.internal"])
def test_a_name_tells_its_address(name: str) -> None:
    assert address_in(name) == "10.0.0.5"


@pytest.mark.parametrize(
    "name", ["", "euca-10-0-0", "euca-10-0-0-256", "euca-10-0-0-05", "x-euca-10-0-0-5", "euca-1-1-1-1x"]
)
def test_a_name_that_is_not_quite_right_tells_none(name: str) -> None:
    assert address_in(name) == ""
