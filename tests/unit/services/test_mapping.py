"""Launches follow the active rules, and every decision can be explained long after."""

from dataclasses import replace

import pytest

from app.domain.errors import NoCapacity
from app.domain.load import Reading, Sampled
from app.domain.states import HostState, HostWanted, PowerWanted, Seen, Wanted
from app.reconcile.means import Means
from app.services import instances, placement_groups, power, rulesets
from app.services.mapping import Mapping
from app.services.placement_groups import Shape
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock, a_host
from tests.unit.services.ruled_cloud import ANA, CAPACITY, Launch, apply, hosts


async def test_launches_follow_the_active_rules(cloud: Database, launch: Launch) -> None:
    text = CAPACITY + "rule last { prefer host.index } policy p { use capacity use last }"
    await cloud.write(lambda unit: apply(unit, text))
    assert [one.host for one in await launch(9)] == ["n4"] * 8 + ["n3"]
    assert [one.host for one in await launch(1, cluster="one")] == ["n3"]
    await cloud.write(lambda unit: rulesets.activate(unit, "GREEDY", "a test"))
    assert [one.host for one in await launch(1, cluster="one")] == ["n1"]


@pytest.mark.parametrize(
    ("policy", "hosts"), [("GREEDY", "n2 n3 n1"), ("POWERSAVE", "n2 n3 n1"), ("ROUNDROBIN", "n1 n2 n3")]
)
async def test_a_sleeping_host_is_taken_last_or_in_its_turn_and_wakes_up(
    cloud: Database, launch: Launch, policy: str, hosts: str
) -> None:
    await cloud.write(lambda unit: power.sleep(unit, "n1", "a test"))
    await cloud.write(lambda unit: rulesets.activate(unit, policy, "a test"))
    started = [one.host for one in await launch(24, cluster="one")]
    assert [*dict.fromkeys(started)] == hosts.split()
    (woken,) = await cloud.read(lambda unit: unit.hosts.where(name="n1"))
    assert woken.power_wanted is PowerWanted.ON


async def test_one_reservation_is_placed_as_a_whole(cloud: Database, launch: Launch, entropy: CountingEntropy) -> None:
    text = CAPACITY + (
        'rule apart { applies to vm where "ha" in vm.tags  forbid count(host, vm.group) >= 1 }'
        " policy p { use capacity use apart }"
    )
    await cloud.write(lambda unit: apply(unit, text))
    anywhere = Shape(strategy="partition", partitions=1)
    await cloud.write(
        lambda unit: [placement_groups.create(unit, ANA, name, anywhere, entropy) for name in ("web", "mail")]
    )
    started = await launch(4, placement_group="web", tags={"ha": ""})
    assert sorted(one.host for one in started) == ["n1", "n2", "n3", "n4"]
    with pytest.raises(NoCapacity, match=r"refused by apart: .*count\(host, vm.group\) is 1, and so on 3 more|apart"):
        await launch(1, placement_group="web", tags={"ha": ""})
    assert len(await launch(1, placement_group="mail", tags={"ha": "yes"})) == 1
    assert len(await launch(1, placement_group="web")) == 1


async def test_virtual_processors_are_promised_up_to_the_hosts_ratio(cloud: Database, launch: Launch) -> None:
    await cloud.write(lambda unit: unit.hosts.put(replace(hosts()[3], cpu_ratio=2.0)))
    assert len(await launch(16, cluster="two")) == 16
    with pytest.raises(NoCapacity):
        await launch(1, cluster="two")


async def test_a_refused_launch_says_which_rule_and_what_it_read(cloud: Database, launch: Launch) -> None:
    await cloud.write(lambda unit: apply(unit, CAPACITY + "policy p { use capacity }"))
    with pytest.raises(NoCapacity) as refused:
        await launch(40)
    assert refused.value.reasons == (
        "n1: refused by capacity: require host.cpu.promised + vm.vcpus <= host.cpu.cores * host.cpu.ratio"
        " (host.cpu.promised is 8, vm.vcpus is 1, host.cpu.cores is 8, host.cpu.ratio is 1), and so on 3 more",
    )


async def test_a_drained_or_lost_host_takes_nothing_whatever_the_rules_say(cloud: Database, launch: Launch) -> None:
    await cloud.write(lambda unit: apply(unit, "rule any { prefer -host.index } policy p { use any }"))
    await cloud.write(lambda unit: unit.hosts.put(replace(hosts()[0], wanted=HostWanted.DRAINING)))
    await cloud.write(
        lambda unit: unit.hosts.put(replace(hosts()[1], wanted=HostWanted.ENABLED, state=HostState.LOST)), "reconcile"
    )
    assert (await launch())[0].host == "n3"


async def test_a_stopped_instance_starts_only_where_hard_rules_let_it(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    await cloud.write(lambda unit: apply(unit, CAPACITY + "policy p { use capacity }"))
    (one,) = await launch()
    await cloud.write(lambda unit: unit.instances.put(replace(one, wanted=Wanted.STOPPED)))
    await cloud.write(
        lambda unit: unit.instances.put(replace(one, wanted=Wanted.STOPPED, seen=Seen.OFF, launched=1)), "reconcile"
    )
    fenced = CAPACITY + 'rule gold { require "gold" in host.tags } policy p { use capacity use gold }'
    await cloud.write(lambda unit: apply(unit, fenced, 2))
    with pytest.raises(NoCapacity, match="n1 is refused by gold"):
        await cloud.write(lambda unit: instances.start(unit, ANA, [one.id], mapping))
    await cloud.write(lambda unit: unit.hosts.put(replace(hosts()[0], tags=("gold",))))
    assert await cloud.write(lambda unit: instances.start(unit, ANA, [one.id], mapping))


async def test_what_was_measured_is_read_by_rules_and_outlives_a_table_of_other_rows(
    cloud: Database, launch: Launch, mapping: Mapping, clock: FrozenClock
) -> None:
    text = "rule cool { forbid host.cpu.load > 4 } policy p { use cool }"
    await cloud.write(lambda unit: apply(unit, text))
    with pytest.raises(NoCapacity, match=r"host\.cpu\.load is unknown"):
        await launch()
    for host, load in (("n1", 7.0), ("n2", 1.0)):
        mapping.fleet.sense(host, {"host.cpu.load": load}, clock.monotonic_s(), {})
    (one,) = await launch()
    assert one.host == "n2"
    await cloud.write(lambda unit: unit.hosts.add(replace(a_host("n9", ordinal=9), cluster="two")))
    assert (await launch())[0].host == "n2"
    mapping.fleet.sense("n1", {}, clock.monotonic_s(), {one.id: {"vm.cpu.used": 0.25}})
    state = await cloud.read(mapping.fleet.snapshot)
    assert [vm.values["vm.cpu.used"] for vm in state.vms] == [0.25, 1.0]
    clock.at_ms += 31_000
    with pytest.raises(NoCapacity, match=r"host\.cpu\.load is unknown"):
        await launch()


async def test_whoever_plans_knows_which_instances_stand_still_while_they_move(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    (one,) = await launch()
    assert (await cloud.read(mapping.fleet.snapshot)).standing == frozenset()
    [host] = await cloud.read(lambda unit: unit.hosts.where(name=one.host))
    await cloud.write(lambda unit: unit.hosts.put(replace(host, hypervisor="Xen 4.17")), writer="reconcile")
    assert (await cloud.read(mapping.fleet.snapshot)).standing == {one.id}


async def test_means_over_time_are_read_while_they_are_fresh(
    cloud: Database, launch: Launch, mapping: Mapping, clock: FrozenClock
) -> None:
    text = "rule calm { forbid avg(host.cpu.load, 1min) > 4 } policy p { use calm }"
    await cloud.write(lambda unit: apply(unit, text))
    means = Means()
    mapping.fleet.averaged_by(means)
    await cloud.read(mapping.make_ready)
    await cloud.read(mapping.fleet.snapshot)

    def look(host: str, load: float) -> None:
        values = Reading(raw={"host.cpu.load": load}, smooth={"host.cpu.load": load})
        sample = Sampled(host=host, at_s=clock.monotonic_s(), at_ms=clock.at_ms, of_host=values, of_instances={})
        means.sensed(sample)
        mapping.fleet.sensed(sample)

    for _ in range(8):
        look("n1", 7.0)
        look("n2", 1.0)
        clock.at_ms += 10_000
    assert (await launch())[0].host == "n2"
    clock.at_ms += 31_000
    with pytest.raises(NoCapacity, match=r"avg\(host\.cpu\.load, 60s\) is unknown"):
        await launch()
