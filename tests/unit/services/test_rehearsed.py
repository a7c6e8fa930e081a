"""What was rehearsed counts for a minute, and only until something happens that makes it another list."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.domain.errors import Conflict
from app.domain.ports import Unit
from app.rules.plan import Memory, Move, Plan, Power
from app.services import hosts, instances, rehearsed, rulesets
from app.services.rehearsed import Rehearsed
from app.store.database import Database
from tests.unit.services.ruled_cloud import ANA, CAPACITY, Launch, apply

DIGEST = rehearsed.digest("text", "policy")
Work = Callable[[Unit], object]


async def of(cloud: Database, *named: str, hosts: tuple[str, ...] = ("n1", "n2")) -> Rehearsed:
    cursor = await cloud.read(lambda unit: unit.cursor())
    return Rehearsed(digest=DIGEST, cursor=cursor, at_s=0.0, instances=frozenset(named), hosts=frozenset(hosts))


async def checked(cloud: Database, found: Rehearsed, *, digest: str = DIGEST, now_s: float = 1.0) -> None:
    await cloud.write(lambda unit: rehearsed.check(unit, found, "abc", digest, now_s))


async def test_it_counts_for_a_minute_and_for_the_rules_that_it_was_made_of(cloud: Database) -> None:
    found = await of(cloud)
    await checked(cloud, found, now_s=60.0)
    with pytest.raises(Conflict, match="is 61 s old and counts for 60 s: rehearse again"):
        await checked(cloud, found, now_s=61.0)
    with pytest.raises(Conflict, match="is one of other rules"):
        await checked(cloud, found, digest=rehearsed.digest("text", "other"))


@pytest.mark.parametrize(
    ("news", "said"),
    [
        (lambda unit: rulesets.activate(unit, "GREEDY", "ben"), "GREEDY"),
        (lambda unit: hosts.drain(unit, "n4"), "n4"),
        (lambda unit: unit.hosts.remove(hosts.get(unit, "n3")), "n3"),
    ],
)
async def test_another_policy_or_a_host_that_changes_overtakes_it(cloud: Database, news: Work, said: str) -> None:
    found = await of(cloud)
    await cloud.write(news)
    with pytest.raises(Conflict, match=f"was overtaken by .*{said}.*: rehearse again"):
        await checked(cloud, found)


async def test_a_launch_overtakes_it_on_a_host_that_it_names_and_on_no_other(cloud: Database, launch: Launch) -> None:
    await cloud.write(
        lambda unit: apply(unit, CAPACITY + 'rule one { require host.name == "n3" } policy p { use one }')
    )
    elsewhere, there = await of(cloud), await of(cloud, hosts=("n3",))
    (made,) = await launch()
    assert made.host == "n3"
    await checked(cloud, elsewhere)
    with pytest.raises(Conflict, match="was overtaken by"):
        await checked(cloud, there)


async def test_the_end_of_an_instance_that_it_names_overtakes_it_and_what_a_host_shows_does_not(
    cloud: Database, launch: Launch
) -> None:
    await cloud.write(lambda unit: rulesets.activate(unit, "GREEDY", "ana"))
    one, other = await launch(2)
    found = await of(cloud, one.id, hosts=())
    await cloud.write(lambda unit: unit.hosts.put(replace(hosts.get(unit, "n1"), seen_at_ms=5)), "reconcile")
    await cloud.write(lambda unit: instances.terminate(unit, ANA, [other.id]))
    await checked(cloud, found)
    await cloud.write(lambda unit: instances.terminate(unit, ANA, [one.id]))
    with pytest.raises(Conflict, match=one.id):
        await checked(cloud, found)


def test_a_list_names_whom_it_moves_and_all_hosts_that_take_part() -> None:
    move = Move(vm="i-1", source="a", target="b", why="r: c", points=(), downtime_s=0.0)
    plan = Plan(memory=Memory(), moves=(move,), powers=(Power(host="c", on=False, why=""),))
    assert rehearsed.named_in(plan) == (frozenset({"i-1"}), frozenset({"a", "b", "c"}))
