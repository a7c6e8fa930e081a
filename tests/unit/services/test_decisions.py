"""Why here and why not there, in words, for the decisions of rules and of 1.6.1's policies; long after, and by whom."""

import asyncio
from dataclasses import replace

import pytest

from app.api.resources import DecisionView
from app.domain.errors import Missing, WrongState
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted, Seen, Wanted
from app.rules.plan import Move
from app.services import decisions, expiry, instances, moves, remapping, rulesets
from app.services.mapping import Mapping
from app.store.database import Database
from tests.builders import THEIRS, FrozenClock, a_caller
from tests.unit.services.ruled_cloud import ANA, CAPACITY, Launch, apply, hosts

RULES = CAPACITY + (
    'rule gpu { applies to vm where "cuda" in vm.tags  require "gpu" in host.tags }'
    " rule fast { prefer host.cpu.mips } policy p { use capacity use gpu use fast }"
)


async def told(store: Database, mapping: Mapping, instance_id: str) -> DecisionView:
    found = await store.read(lambda unit: decisions.told(unit, ANA, instance_id, mapping.rules))
    return found[-1]


def words(decision: DecisionView) -> dict[str, str]:
    return {each.host: each.words for each in decision.hosts}


def in_trouble(unit: Unit) -> None:
    first, second, third, fourth = hosts()
    unit.hosts.put(replace(first, wanted=HostWanted.DRAINING, tags=("gpu",)))
    unit.hosts.put(replace(second, tags=("gpu",), mips=9000.0))
    unit.hosts.put(replace(third, tags=("gpu",), mips=12000.0, max_memory_mib=64))
    unit.hosts.put(fourth)


def as_they_were(unit: Unit) -> None:
    for host in hosts():
        unit.hosts.put(host)


async def test_every_host_has_its_reason(cloud: Database, launch: Launch, mapping: Mapping) -> None:
    await cloud.write(in_trouble)
    await cloud.write(lambda unit: apply(unit, RULES))
    (one,) = await launch(tags={"cuda": "12"})
    found = await told(cloud, mapping, one.id)
    assert (found.kind, found.host, found.policy, found.ruleset_number) == ("placed", "n2", "p", 1)
    assert found.reasons == ["p: fast: prefer host.cpu.mips: 0 of 1 points"]
    assert words(found) == {
        "n1": 'refused by capacity: forbid host.state in ["down", "lost"] || host.maintenance'
        " (host.maintenance is yes)",
        "n2": "scored 0 of 0 points",
        "n3": "refused by capacity: require host.mem.free >= vm.mem && host.disk.free >= vm.disk"
        " (host.mem.free is 64 MiB, vm.mem is 128 MiB)",
        "n4": 'refused by gpu: require "gpu" in host.tags (host.tags is none)',
    }


async def test_what_was_said_stays_when_hosts_and_rules_have_changed(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    await cloud.write(in_trouble)
    await cloud.write(lambda unit: apply(unit, RULES))
    (one,) = await launch(tags={"cuda": "12"})
    before = await told(cloud, mapping, one.id)
    await cloud.write(as_they_were)
    await cloud.write(lambda unit: apply(unit, CAPACITY + "policy p { use capacity }", 2))
    await cloud.write(lambda unit: unit.instances.put(replace(one, wanted=Wanted.TERMINATED, ended_at_ms=1)))
    assert await told(cloud, Mapping(mapping.fleet), one.id) == before


async def test_the_policies_of_161_explain_themselves_too(cloud: Database, launch: Launch, mapping: Mapping) -> None:
    await cloud.write(in_trouble)
    await cloud.write(lambda unit: unit.hosts.put(replace(hosts()[3], state=HostState.LOST)), "reconcile")
    (one,) = await launch()
    found = await told(cloud, mapping, one.id)
    assert found.host == "n2"
    assert words(found) == {
        "n1": "is draining",
        "n2": "has room and was the first in the order of ROUNDROBIN",
        "n3": "has 8 cores, 64 MiB, 200 GB free, 1 cores, 128 MiB, 10 GB asked",
        "n4": "is lost",
    }


async def test_of_several_at_once_each_is_explained_as_it_was_placed(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    await cloud.write(lambda unit: apply(unit, CAPACITY + "policy p { use capacity }"))
    started = await launch(9)
    first, last = [await told(cloud, mapping, one.id) for one in (started[0], started[-1])]
    assert words(first)["n1"] == "scored 0 of 0 points"
    assert "host.cpu.promised is 8" in words(last)["n1"]


async def test_two_requests_at_once_see_one_another(cloud: Database, launch: Launch, mapping: Mapping) -> None:
    await cloud.write(lambda unit: apply(unit, CAPACITY + "policy p { use capacity }"))
    both = await asyncio.gather(launch(8), launch(8), launch(16))
    placed = sorted(one.host for started in both for one in started)
    assert placed == ["n1"] * 8 + ["n2"] * 8 + ["n3"] * 8 + ["n4"] * 8


async def test_a_stranger_learns_nothing_and_an_owner_no_hosts(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    (one,) = await launch()
    owner = replace(ANA, admin=False)
    (mine,) = await cloud.read(lambda unit: decisions.told(unit, owner, one.id, mapping.rules))
    assert (mine.host, mine.hosts, mine.reasons, mine.policy) == ("", [], [], "")
    with pytest.raises(Missing):
        await cloud.read(lambda unit: decisions.told(unit, a_caller(account_id=THEIRS), one.id, mapping.rules))


async def test_decisions_go_with_their_instance(cloud: Database, launch: Launch, clock: FrozenClock) -> None:
    (one,) = await launch()
    await cloud.write(lambda unit: unit.instances.put(replace(one, wanted=Wanted.TERMINATED, ended_at_ms=clock.at_ms)))
    await cloud.write(lambda unit: see_removed(unit, one.id), "reconcile")
    clock.at_ms += 1001
    assert await cloud.write(lambda unit: expiry.drop_ended(unit, 1000)) == 1
    assert await cloud.read(lambda unit: unit.decisions.of(one.id)) == []


def see_removed(unit: Unit, instance_id: str) -> None:
    row = unit.instances.get(instance_id)
    assert row is not None
    unit.instances.put(replace(row, removed=True))


async def test_a_move_is_explained_as_its_instance_saw_the_hosts(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    text = CAPACITY + "rule low { prefer -host.vms } policy p { use capacity use low }"
    await cloud.write(lambda unit: apply(unit, text))
    (one,) = await launch()
    await cloud.write(lambda unit: unit.instances.put(replace(one, seen=Seen.RUNNING, launched=1)), "reconcile")
    await cloud.write(lambda unit: unit.hosts.put(replace(hosts()[2], wanted=HostWanted.DRAINING)))

    def move(unit: Unit) -> None:
        said = mapping.told(unit, instances.get(unit, one.id), "n2")
        decisions.moved(unit, moves.begin(unit, one.id, "n2", "more room"), said, "more room")

    await cloud.write(move)
    found = await told(cloud, mapping, one.id)
    assert (found.number, found.kind, found.origin, found.host) == (2, "moved", "n1", "n2")
    assert words(found)["n1"] == words(found)["n2"] == "scored 0 of 0 points"
    assert words(found)["n3"].startswith("refused by capacity: forbid host.state")
    assert words(found)["n4"] == "is in another zone"
    state = await cloud.read(mapping.fleet.snapshot)
    assert [state.table.crowds.others(vm, "vm.image") for vm in state.vms] == [{0: 1, 1: 0}]
    await cloud.write(lambda unit: moves.failed(unit, one.id, "the link broke"))
    found = await told(cloud, mapping, one.id)
    assert (found.number, found.kind, found.host, found.reasons) == (
        3,
        "kept",
        "n1",
        ["it did not move to n2: the link broke"],
    )


async def test_a_planned_move_of_what_ended_meanwhile_is_refused_in_words(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    await cloud.write(lambda unit: apply(unit, CAPACITY + "policy p { use capacity }"))
    (one,) = await launch()
    await cloud.write(lambda unit: unit.instances.put(replace(one, wanted=Wanted.TERMINATED)))
    await cloud.write(lambda unit: see_removed(unit, one.id), "reconcile")
    active_id = await cloud.read(rulesets.active_id)
    step = Move(vm=one.id, source="n1", target="n2", why="more room", points=(), downtime_s=0.0)
    with pytest.raises(WrongState, match=one.id):
        await cloud.write(lambda unit: remapping.begin_move(unit, mapping, active_id, step))
