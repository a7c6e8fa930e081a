"""Launches of the past taken again by other rules: each on the cloud as it was then."""

from dataclasses import replace

import pytest

from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import Seen, Wanted
from app.rules.prepared import Prepared, prepare, strict
from app.rules.reading import read
from app.services import decisions, moves, yesterday
from app.services.yesterday import Past, Taken
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.services.ruled_cloud import CAPACITY, Launch, apply

HOUR_MS = 3_600_000
FIRST = CAPACITY + "rule first { prefer -host.index }"
LAST = CAPACITY + "rule last { prefer host.index }"


def policy(text: str, *uses: str) -> Prepared:
    named = "".join(f" use {each}" for each in uses)
    outcome = read(f"{text} policy p {{ use capacity{named} }}", "t")
    assert outcome.sound, [str(fault) for fault in outcome.faults]
    return strict(prepare(outcome.ruleset, "p"))


async def past(cloud: Database, since_ms: int = 0) -> Past:
    return await cloud.read(lambda unit: yesterday.remembered(unit, since_ms))


async def taken(cloud: Database, prepared: Prepared) -> list[Taken]:
    return yesterday.taken_again(await past(cloud), prepared)


def ended(unit: Unit, row: Instance, at_ms: int) -> None:
    unit.instances.put(replace(row, wanted=Wanted.TERMINATED, ended_at_ms=at_ms))


@pytest.fixture(autouse=True)
async def _first_decides(cloud: Database) -> None:
    await cloud.write(lambda unit: apply(unit, FIRST + " policy p { use capacity use first }"))


async def test_the_rules_that_decided_choose_the_same_again_and_others_do_not(cloud: Database, launch: Launch) -> None:
    for _ in range(10):  # eight of one core fill the first host
        await launch()
    assert [each.would == each.host for each in await taken(cloud, policy(FIRST, "first"))] == [True] * 10
    assert {each.would for each in await taken(cloud, policy(LAST, "last"))} == {"n4"}


async def test_a_launch_that_no_host_would_have_taken_says_why(cloud: Database, launch: Launch) -> None:
    await launch()
    (one,) = await taken(cloud, policy(FIRST + "rule never { require host.vms > 5 }", "first", "never"))
    assert (one.host, one.would) == ("n1", "")
    assert "4 refused by never: require host.vms > 5" in one.why[0]


async def test_who_had_ended_or_moved_before_is_not_in_the_way(
    cloud: Database, launch: Launch, clock: FrozenClock
) -> None:
    (gone,) = await launch()
    (moved,) = await launch()
    clock.at_ms += HOUR_MS

    def happened(unit: Unit) -> None:
        ended(unit, gone, clock.at_ms)

    await cloud.write(happened)
    await cloud.write(lambda unit: unit.instances.put(replace(_row(unit, gone), removed=True)), "reconcile")
    await cloud.write(lambda unit: unit.instances.put(replace(moved, launched=1, seen=Seen.RUNNING)), "reconcile")

    def move(unit: Unit) -> None:
        decisions.moved_by_hand(unit, moves.begin(unit, moved.id, "n2", "by hand"), "by hand")

    await cloud.write(move)
    clock.at_ms += HOUR_MS
    (late,) = await launch()
    lonely = policy(CAPACITY + "rule lonely { prefer -host.vms - host.index / 100 }", "lonely")
    found = {each.instance_id: each for each in await taken(cloud, lonely)}
    assert [found[one.id].host for one in (gone, moved, late)] == ["n1", "n1", "n1"]
    assert [found[one.id].would for one in (gone, moved, late)] == ["n1", "n2", "n1"]


async def test_only_launches_since_then_are_asked_about(cloud: Database, launch: Launch, clock: FrozenClock) -> None:
    await launch()
    clock.at_ms += HOUR_MS
    (late,) = await launch()
    found = yesterday.taken_again(await past(cloud, clock.at_ms), policy(FIRST, "first"))
    assert [each.instance_id for each in found] == [late.id]


def test_what_is_not_remembered_is_named() -> None:
    text = CAPACITY + "rule cool { forbid host.temp > 75degC  prefer avg(host.cpu.load, 5min) }"
    said = yesterday.assumed(policy(text, "cool"))
    assert "host.temp is not remembered, so it was unknown" in said
    assert "avg(host.cpu.load, 300s) is not remembered, so it was unknown" in said
    assert not any("host.mem.free" in each for each in said)


def _row(unit: Unit, instance: Instance) -> Instance:
    found = unit.instances.get(instance.id)
    assert found is not None
    return found
