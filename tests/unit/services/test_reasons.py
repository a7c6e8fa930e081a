"""What an instance lacks is said in words to act on, with who asked, how it moved and when it is looked at."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.api.why import WhyView
from app.domain.errors import Missing
from app.domain.ports import Unit
from app.domain.rows import Writer
from app.domain.states import HostState, ImageState, Power, Seen
from app.services import hosts, overview, reasons, rulesets, waiting
from app.services.mapping import Mapping
from app.store.database import Database
from tests.builders import THEIRS, FrozenClock, a_caller, an_image
from tests.unit.services.ruled_cloud import ANA, CAPACITY, Launch, apply

Work = Callable[[Unit], object]


async def why(cloud: Database, mapping: Mapping, given: str, mode: str = "auto") -> WhyView:
    return await cloud.read(lambda unit: reasons.why(unit, ANA, given, mapping.rules, 0, mode))


def host(**changes: object) -> Work:
    return lambda unit: unit.hosts.put(replace(hosts.get(unit, "n1"), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("writer", "trouble", "missing", "helps"),
    [
        ("services", lambda unit: None, "nothing: n1 copies the image", "Waiting"),
        (
            "reconcile",
            host(state=HostState.LOST, last_error="timed out"),
            "n1 does not answer: timed out",
            "euca host fence n1",
        ),
        (
            "reconcile",
            host(power=Power.ASLEEP, power_error="no such program"),
            "told to wake; the last try failed: no such",
            "by hand",
        ),
        ("reconcile", host(power=Power.WAKING), "its host n1 wakes up", "by hand"),
        (
            "services",
            lambda unit: unit.images.put(replace(an_image(), state=ImageState.DEREGISTERED)),
            "the image emi-0a11beef is deregistered",
            "Registering its file again",
        ),
    ],
)
async def test_a_pending_instance_says_what_is_missing_and_what_would_help(
    cloud: Database, launch: Launch, mapping: Mapping, writer: Writer, trouble: Work, missing: str, helps: str
) -> None:
    await cloud.write(lambda unit: rulesets.activate(unit, "GREEDY", "ana"))
    (one,) = await launch()
    await cloud.write(trouble, writer)
    (lack,) = (await why(cloud, mapping, one.id)).lacks
    assert missing in lack.missing
    assert helps in lack.helps


async def test_tries_that_failed_are_named_with_their_last_words(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    (one,) = await launch()
    await cloud.write(
        lambda unit: unit.instances.put(replace(one, attempts=2, last_error="no space left")), "reconcile"
    )
    (lack,) = (await why(cloud, mapping, one.id)).lacks
    assert lack.missing == f"2 tries on {one.host} failed, the last one with: no space left"


async def test_one_that_runs_lacks_nothing_one_that_can_not_be_seen_or_is_paused_or_moves_does(
    cloud: Database, launch: Launch
) -> None:
    (one,) = await launch()
    up = replace(one, launched=1, seen=Seen.RUNNING)
    said = [
        await cloud.read(lambda unit, row=row: waiting.lacks(unit, row))  # type: ignore[misc]
        for row in (up, replace(up, impaired_since_ms=5), replace(up, seen=Seen.PAUSED), replace(up, moving_from="n4"))
    ]
    assert [[each.missing.split(" ", 1)[1][:12] for each in lacks] for lacks in said] == [
        [],
        ["was not seen"],
        ["is paused on"],
        ["is on its wa"],
    ]


async def test_it_says_who_asked_how_often_it_moved_and_when_rules_look_at_it_again(
    cloud: Database, launch: Launch, mapping: Mapping
) -> None:
    (one,) = await launch()
    found = await why(cloud, mapping, one.id)
    assert (found.asked_at_ms, found.moves, len(found.decisions)) == (one.launched_at_ms, 0, 1)
    assert "only places new instances" in found.review
    await cloud.write(lambda unit: apply(unit, CAPACITY + "policy p { use capacity remap every 60s }"))
    assert (await why(cloud, mapping, one.id)).review == reasons.SOON
    assert "REMAP_MODE" in (await why(cloud, mapping, one.id, mode="off")).review
    stranger = a_caller(account_id=THEIRS)
    with pytest.raises(Missing):
        await cloud.read(lambda unit: reasons.why(unit, stranger, one.id, mapping.rules, 0, "auto"))


async def test_hosts_that_could_and_could_not_are_told_apart(cloud: Database, launch: Launch, mapping: Mapping) -> None:
    (one,) = await launch()
    by_order = (await why(cloud, mapping, one.id)).decisions[-1].hosts
    assert [each.feasible for each in by_order] == [True] * 4
    await cloud.write(
        lambda unit: apply(
            unit, CAPACITY + 'rule a { forbid host.name == "n2" prefer host.index } policy p { use capacity use a }'
        )
    )
    (other,) = await launch()
    by_rules = {each.host: each for each in (await why(cloud, mapping, other.id)).decisions[-1].hosts}
    assert [by_rules[name].feasible for name in ("n1", "n2", "n3", "n4")] == [True, False, True, True]
    assert (by_rules["n4"].chosen, by_rules["n4"].score, by_rules["n2"].score) == (True, 1.0, None)


async def test_the_overview_says_what_an_instance_that_is_long_pending_lacks(
    cloud: Database, clock: FrozenClock, launch: Launch
) -> None:
    (one,) = await launch()
    await cloud.write(host(state=HostState.LOST, last_error="timed out"), "reconcile")

    async def told() -> list[str]:
        found = await cloud.read(lambda unit: overview.trouble(unit, [], unit.instances.where()))
        return [said for said in found if one.id in said]

    assert await told() == []
    clock.at_ms += 4 * 60_000
    assert await told() == [f"Instance {one.id} pending for 4 min: its host n1 does not answer: timed out"]
