"""Private addresses: unique while held, kept over stop and start, given again last, refused when there are no more."""

from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.commands import RunInstances
from app.domain.errors import Conflict, NoCapacity
from app.domain.instance import Instance
from app.domain.network import Subnet, dns_name, host_name
from app.domain.ports import Unit
from app.services import addresses, instances, keypairs
from app.store.database import Database
from tests.builders import CountingEntropy, a_caller, a_host, a_mapping

ANA = a_caller()
SMALL = "10.9.0.0/29"  # five addresses to give


@pytest.fixture
async def real(store: Database) -> Database:
    """A store whose only open host is a real one with a small subnet."""

    def work(unit: Unit) -> None:
        addresses.configure(unit, SMALL)
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
    def work(unit: Unit) -> list[str]:
        unit.hosts.add(replace(a_host("real1", ordinal=2), uri="qemu:///system"))
        addresses.configure(unit, "10.128.0.0/16")
        return addresses.give(unit, ["host1", "real1", "host1"])

    assert await store.write(work) == ["172.16.0.2", "10.128.0.2", "172.16.0.3"]


async def test_where_the_site_gives_addresses_we_give_none(store: Database) -> None:
    def work(unit: Unit) -> list[str]:
        unit.hosts.add(replace(a_host("real1", ordinal=2), uri="qemu:///system"))
        return addresses.give(unit, ["real1", "host1"])

    assert await store.write(work) == ["", "10.128.0.2"]


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
    assert dns_name("10.0.0.5") == "ip-10-0-0-5.eucalyptus.internal"
    assert dns_name("") == ""
