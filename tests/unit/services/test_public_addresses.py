"""Public addresses: whose they are, where they are, and what becomes of them when instances come and go."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.address import REHEARSAL_POOL, Address, Addressing
from app.domain.commands import RunInstances
from app.domain.errors import Conflict, Exhausted, Missing, OverLimit, Unsupported, WrongState
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.quota import Resource
from app.services import addresses, instances, public_addresses, views
from app.services.mapping import Mapping
from app.services.quotas import DEFAULTS
from app.store.database import Database
from tests.builders import THEIRS, CountingEntropy, a_caller, a_host

ANA, EVE, ADMIN = a_caller(), a_caller(account_id=THEIRS), a_caller(admin=True)
POOL = "203.0.113.1-203.0.113.3"


class World:
    """A small cloud and the calls on it, each in a transaction of its own."""

    def __init__(self, store: Database, entropy: CountingEntropy, mapping: Mapping) -> None:
        self.store, self.entropy, self.mapping = store, entropy, mapping

    async def configure(self, pool: str = POOL, addressing: str = "asked") -> None:
        await self.store.write(lambda unit: public_addresses.configure(unit, pool, addressing))

    async def launch(self, count: int = 1, addressing: Addressing = "", least: int = 0) -> list[Instance]:
        asked = RunInstances(image_id="emi-0a11beef", min_count=least or count, max_count=count, addressing=addressing)
        _, started = await self.store.write(lambda unit: instances.run(unit, ANA, asked, self.entropy, self.mapping))
        return started

    async def allocate(self, ip: str = "") -> Address:
        return await self.store.write(lambda unit: public_addresses.allocate(unit, ADMIN, self.entropy, ip=ip))

    async def associate(self, address: Address, instance: Instance, *, may_move: bool = True) -> Address:
        def work(unit: Unit) -> Address:
            now = public_addresses.find(unit, ANA, ip=address.ip)
            there = instances.get(unit, instance.id)
            return public_addresses.associate(unit, now, there, self.entropy, may_move=may_move)

        return await self.store.write(work)

    async def let_go(self, address: Address) -> None:
        def work(unit: Unit) -> None:
            public_addresses.disassociate(unit, public_addresses.find(unit, ANA, ip=address.ip))

        await self.store.write(work)

    async def rows(self) -> dict[str, str]:
        """Tell the instance of each address that is given."""
        return await self.store.read(lambda unit: {row.ip: row.instance_id for row in unit.addresses.where()})


@pytest.fixture
async def world(store: Database, entropy: CountingEntropy, mapping: Mapping) -> World:
    world = World(store, entropy, mapping)
    await world.configure()
    return world


async def test_an_account_has_five_and_an_administrator_as_many_as_there_are(world: World) -> None:
    await world.configure("203.0.113.1-203.0.113.9")

    def five(unit: Unit) -> None:
        for _ in range(DEFAULTS[Resource.ADDRESSES] or 0):
            public_addresses.allocate(unit, ANA, world.entropy)

    await world.store.write(five)
    with pytest.raises(OverLimit, match="limit of addresses is 5"):
        await world.store.write(lambda unit: public_addresses.allocate(unit, ANA, world.entropy))
    await world.store.write(lambda unit: public_addresses.allocate(unit, EVE, world.entropy))
    for _ in range(3):
        await world.allocate()
    with pytest.raises(Exhausted, match="0 of 9 are free"):
        await world.allocate()


async def test_what_a_launch_got_does_not_count_against_the_account(world: World) -> None:
    await world.launch(2, "public")
    await world.store.write(lambda unit: public_addresses.allocate(unit, ANA, world.entropy))
    assert len(await world.rows()) == 3


async def test_one_of_two_gets_the_last_address(world: World) -> None:
    await world.configure("203.0.113.1")
    told = await asyncio.gather(world.allocate(), world.allocate(), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Address", "Exhausted"]


async def test_an_address_is_on_one_instance_whoever_asks_at_once(world: World) -> None:
    first, second = await world.launch(2)
    address = await world.allocate()
    asked = (world.associate(address, one, may_move=False) for one in (first, second))
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Address", "Conflict"]
    assert list((await world.rows()).values()) in ([first.id], [second.id])


async def test_a_released_address_comes_again_last(world: World) -> None:
    given = [(await world.allocate()).ip]
    for _ in range(3):
        await world.store.write(
            lambda unit: public_addresses.release(unit, public_addresses.find(unit, ADMIN, ip=given[-1]))
        )
        given.append((await world.allocate()).ip)
    assert given == ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.1"]


async def test_a_wished_address_is_given_if_it_is_free(world: World) -> None:
    assert (await world.allocate("203.0.113.2")).ip == "203.0.113.2"
    for ip in ("203.0.113.2", "203.0.113.200"):
        with pytest.raises(Missing, match="does not exist"):
            await world.allocate(ip)


async def test_associating_again_changes_nothing_and_elsewhere_moves_it(world: World) -> None:
    first, second = await world.launch(2)
    address = await world.allocate()
    on = await world.associate(address, first)
    assert await world.associate(address, first, may_move=False) == on
    moved = await world.associate(address, second)
    assert (moved.instance_id, moved.association_id != on.association_id) == (second.id, True)
    with pytest.raises(Conflict, match="associated with"):
        await world.associate(address, first, may_move=False)


async def test_an_instance_has_one_address_and_the_one_of_its_launch_goes_back(world: World) -> None:
    (instance,) = await world.launch(1, "public")
    first, second = await world.allocate(), await world.allocate()
    await world.associate(first, instance)
    assert await world.rows() == {first.ip: instance.id, second.ip: ""}
    with pytest.raises(Conflict, match="associated with"):
        await world.associate(second, instance, may_move=False)
    await world.associate(second, instance)
    assert await world.rows() == {first.ip: "", second.ip: instance.id}


async def test_at_the_end_an_account_keeps_its_address_and_a_launch_gives_its_back(world: World) -> None:
    mine, automatic = (await world.launch(1))[0], (await world.launch(1, "public"))[0]
    address = await world.allocate()
    await world.associate(address, mine)
    ids = [mine.id, automatic.id]
    assert set((await world.rows()).values()) == set(ids)
    await world.store.write(lambda unit: instances.terminate(unit, ANA, ids))
    assert await world.rows() == {address.ip: ""}
    with pytest.raises(WrongState, match="shutting-down"):
        await world.associate(address, mine)


async def test_a_stopped_instance_keeps_both_kinds(world: World) -> None:
    mine, automatic = (await world.launch(1))[0], (await world.launch(1, "public"))[0]
    address = await world.allocate()
    await world.associate(address, mine)
    before = await world.rows()

    def ran(unit: Unit) -> None:
        for row in unit.instances.where():
            unit.instances.put(replace(row, launched=1))

    await world.store.write(ran, writer="reconcile")
    await world.store.write(lambda unit: instances.stop(unit, ANA, [mine.id, automatic.id]))
    assert await world.rows() == before


async def test_a_launch_that_is_given_up_gives_its_address_back(world: World) -> None:
    (instance,) = await world.launch(1, "public")
    await world.store.write(lambda unit: instances.gave_up(unit, instance.id, "Server.InternalError", "no"))
    assert await world.rows() == {}


@pytest.mark.parametrize(
    ("rule", "asked", "given"),
    [
        ("asked", "", 0), ("asked", "private", 0), ("asked", "public", 3),
        ("head", "", 1), ("head", "private", 0), ("head", "public", 3),
        ("all", "", 3), ("all", "private", 0), ("all", "public", 3),
    ],
)  # fmt: skip
async def test_a_launch_gets_what_it_asks_for_or_else_what_the_settings_say(
    world: World, rule: str, asked: Addressing, given: int
) -> None:
    await world.configure(addressing=rule)
    started = await world.launch(3, asked)
    assert sorted((await world.rows()).values()) == sorted(one.id for one in started[:given])


async def test_fewer_addresses_are_like_fewer_hosts_and_too_few_refuse_the_launch(world: World) -> None:
    await world.allocate()
    assert len(await world.launch(5, "public", least=1)) == 2
    with pytest.raises(Exhausted, match="PUBLIC_IPS"):
        await world.launch(1, "public")
    assert len(await world.launch(1)) == 1


async def test_without_a_pool_a_rehearsal_has_addresses_that_lead_nowhere(world: World) -> None:
    await world.configure("")
    address = await world.allocate()
    assert (address.pool, address.ip) == (REHEARSAL_POOL, "198.51.100.1")


async def test_without_a_pool_a_cloud_of_real_hosts_has_none(world: World) -> None:
    await world.configure("")
    pretended = await world.allocate()
    real = replace(a_host("real1", ordinal=2), uri="qemu:///system")

    def joined(unit: Unit) -> None:
        unit.hosts.add(real)
        addresses.configure(unit, addresses.Source("10.9.0.0/24"))

    await world.store.write(joined)
    with pytest.raises(Exhausted, match="this cloud has none"):
        await world.allocate()

    def moved(unit: Unit) -> None:
        unit.instances.put(replace(instance, host="real1"))

    (instance,) = await world.launch(1)
    await world.store.write(moved)
    with pytest.raises(Unsupported, match="rehearsal"):
        await world.associate(pretended, instance)


async def test_an_address_that_left_the_pool_stays_with_its_account(world: World) -> None:
    kept = await world.allocate()
    await world.configure("203.0.113.200")
    assert (await world.allocate()).ip == "203.0.113.200"
    assert kept.ip in await world.rows()


async def test_whoever_gets_or_loses_an_address_is_shown_anew(world: World) -> None:
    """The stream shows again what the journal names, so each instance that is concerned has to be named."""
    first, second = await world.launch(2)
    address = await world.allocate()
    told: list[set[str]] = []
    for deed in (world.associate(address, first), world.associate(address, second), world.let_go(address)):
        before = await world.store.read(lambda unit: unit.cursor())
        await deed
        entries = await world.store.read(lambda unit: unit.entries(0, 100))
        told.append({one.resource_id for one in entries if one.kind == "instance" and one.cursor > before})
        shown = await world.store.read(lambda unit: views.instance_views(unit, unit.instances.where()))
        assert {view.id: view.public_ip for view in shown if view.public_ip} == {
            given: ip for ip, given in (await world.rows()).items() if given
        }
    assert told == [{first.id}, {first.id, second.id}, {second.id}]
