"""What a placement group promises holds under every policy: at launch, at a move, at a start, in a plan."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.domain.errors import Combination, InUse, Invalid, Missing, NoCapacity
from app.domain.placement_group import PlacementGroup, SpreadLevel
from app.domain.ports import Unit
from app.domain.states import Seen
from app.rules.plan import Memory, Plan
from app.rules.prepared import prepare
from app.rules.reading import read
from app.rules.remap import remap
from app.rules.tree import Phase
from app.services import instances, moves, placement_groups, rulesets
from app.services.mapping import Mapping
from app.services.placement_groups import Shape
from app.store.database import Database
from tests.builders import CountingEntropy
from tests.unit.services.ruled_cloud import ANA, CAPACITY, Launch, apply

Make = Callable[..., Awaitable[PlacementGroup]]
PACKED = CAPACITY + "rule packed { prefer -host.index } policy p { use capacity use packed }"
POLICIES = ("GREEDY", "ROUNDROBIN", "POWERSAVE", "RULES")


@pytest.fixture
def make(cloud: Database, entropy: CountingEntropy) -> Make:
    async def go(name: str, strategy: str, **more: object) -> PlacementGroup:
        shape = Shape(strategy=strategy, **more)  # type: ignore[arg-type]
        return await cloud.write(lambda unit: placement_groups.create(unit, ANA, name, shape, entropy))

    return go


@pytest.fixture(params=POLICIES)
async def policy(request: pytest.FixtureRequest, cloud: Database) -> str:
    chosen = str(request.param)
    if chosen == "RULES":
        await cloud.write(lambda unit: apply(unit, PACKED))
    else:
        await cloud.write(lambda unit: rulesets.activate(unit, chosen, "a test"))
    return chosen


async def seen(cloud: Database, state: Seen = Seen.RUNNING, *, removed: bool = False) -> None:
    """Let all instances be seen in a state, as the loop would."""

    def work(unit: Unit) -> None:
        for one in unit.instances.where():
            unit.instances.put(replace(one, seen=state, launched=one.launches, removed=removed))

    await cloud.write(work, "reconcile")


async def test_spread_instances_share_no_host(policy: str, launch: Launch, make: Make) -> None:
    await make("web", "spread")
    started = [*await launch(3, placement_group="web"), *await launch(1, placement_group="web")]
    assert sorted(one.host for one in started) == ["n1", "n2", "n3", "n4"]
    with pytest.raises(NoCapacity, match="has an instance of web"):
        await launch(1, placement_group="web")
    assert len(await launch(1)) == 1


async def test_spread_over_racks_counts_a_host_without_one_as_its_own(policy: str, launch: Launch, make: Make) -> None:
    group = await make("web", "spread", spread_level="rack")
    assert group.spread_level is SpreadLevel.RACK
    started = await launch(3, placement_group="web")
    assert {one.host for one in started} in ({"n1", "n3", "n4"}, {"n2", "n3", "n4"})
    with pytest.raises(NoCapacity):
        await launch(1, placement_group="web")


async def test_no_host_has_instances_of_two_partitions(policy: str, launch: Launch, make: Make) -> None:
    await make("hdfs", "partition", partitions=3)
    started = await launch(9, placement_group="hdfs")
    by_host: dict[str, set[int]] = {}
    for one in started:
        by_host.setdefault(one.host, set()).add(one.partition_number)
    assert {one.partition_number for one in started} == {1, 2, 3}
    assert [len(found) for found in by_host.values()] == [1] * len(by_host)
    sizes = [sum(one.partition_number == number for one in started) for number in (1, 2, 3)]
    assert sizes == [3, 3, 3]


async def test_a_partition_may_be_chosen(policy: str, launch: Launch, make: Make) -> None:
    await make("hdfs", "partition", partitions=2)
    first, second = await launch(3, placement_group="hdfs", partition_number=2), await launch(placement_group="hdfs")
    assert {one.partition_number for one in first} == {2}
    assert second[0].partition_number == 1
    assert second[0].host not in {one.host for one in first}
    for number in (3, -1):
        with pytest.raises(Invalid, match="has 2 partitions"):
            await launch(placement_group="hdfs", partition_number=number)
    with pytest.raises(Combination):
        await launch(partition_number=1)


async def test_a_cluster_group_is_near_and_in_one_zone(policy: str, launch: Launch, make: Make) -> None:
    await make("mpi", "cluster")
    first = await launch(5, placement_group="mpi", vmtype="m1.small")
    assert len({one.host for one in first}) == 1
    (zone,) = {one.cluster for one in first}
    more = await launch(8, placement_group="mpi")
    assert {one.cluster for one in more} == {zone}
    assert sum(one.host == first[0].host for one in more) == 3
    with pytest.raises(NoCapacity, match="is not in the zone of mpi"):
        await launch(placement_group="mpi", cluster="two" if zone == "one" else "one")


async def test_a_cluster_group_begins_where_there_is_room_for_all(launch: Launch, make: Make, cloud: Database) -> None:
    """Rules prefer n4, alone in its zone, which has room for eight."""
    await cloud.write(lambda unit: apply(unit, PACKED.replace("-host.index", "host.index")))
    await make("mpi", "cluster")
    started = await launch(20, placement_group="mpi")
    assert {one.cluster for one in started} == {"one"}


async def test_a_move_by_hand_keeps_the_promise(cloud: Database, launch: Launch, make: Make) -> None:
    await make("web", "spread")
    first, second = await launch(2, placement_group="web")
    await seen(cloud)
    with pytest.raises(NoCapacity, match=f"{second.host} has an instance of web"):
        await cloud.write(lambda unit: moves.begin(unit, first.id, second.host, "a test"))
    free = next(name for name in ("n1", "n2", "n3", "n4") if name not in (first.host, second.host))
    await cloud.write(lambda unit: moves.begin(unit, first.id, free, "a test"))
    hosts = {one.host for one in await launch(1, placement_group="web")}
    assert hosts.isdisjoint({first.host, second.host, free})  # the one it leaves is held until it has left


async def test_one_at_rest_keeps_its_host(cloud: Database, launch: Launch, make: Make, mapping: Mapping) -> None:
    await make("web", "spread")
    started = await launch(4, placement_group="web")
    await seen(cloud)
    await cloud.write(lambda unit: instances.stop(unit, ANA, [started[0].id]))
    await seen(cloud, Seen.OFF)
    with pytest.raises(NoCapacity):
        await launch(1, placement_group="web")
    await cloud.write(lambda unit: instances.start(unit, ANA, [started[0].id], mapping))


EMPTIED = """
rule drain { at remap  when host.maintenance  evacuate host }
rule capacity { require host.cpu.promised + vm.vcpus <= host.cpu.cores  forbid host.maintenance }
policy p { use drain use capacity remap every 60s }
"""


async def planned(cloud: Database, mapping: Mapping, drained: str) -> Plan:
    def work(unit: Unit) -> Plan:
        state, now = mapping.fleet.snapshot(unit), mapping.fleet.now(unit)
        state.table.put(state.table.rows[drained], "host.maintenance", True)
        policy = prepare(read(EMPTIED, "t.rules").ruleset, "p", Phase.REMAP)
        return remap(state, policy, Memory(), now)

    return await cloud.write(work)


async def test_a_plan_brings_no_two_together(cloud: Database, launch: Launch, make: Make, mapping: Mapping) -> None:
    await make("web", "spread")
    first, second = await launch(2, placement_group="web", cluster="one")
    await seen(cloud)
    plan = await planned(cloud, mapping, first.host)
    free = next(name for name in ("n1", "n2", "n3") if name not in (first.host, second.host))
    assert [(move.vm, move.target) for move in plan.moves] == [(first.id, free)]
    (third,) = await launch(1, placement_group="web", cluster="one")
    await seen(cloud)
    await cloud.write(lambda unit: instances.stop(unit, ANA, [third.id]))
    assert not (await planned(cloud, mapping, first.host)).moves


async def test_a_group_in_use_stays(cloud: Database, launch: Launch, make: Make) -> None:
    await make("web", "spread")
    (one,) = await launch(1, placement_group="web")
    with pytest.raises(InUse):
        await cloud.write(lambda unit: placement_groups.delete(unit, placement_groups.named(unit, ANA, "web")))
    await cloud.write(lambda unit: instances.terminate(unit, ANA, [one.id]))
    await seen(cloud, Seen.NOTHING, removed=True)
    await cloud.write(lambda unit: placement_groups.delete(unit, placement_groups.named(unit, ANA, "web")))
    with pytest.raises(Missing):
        await launch(1, placement_group="web")
