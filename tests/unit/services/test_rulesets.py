"""Versions of rules: kept unchanged, activated, rolled back; what a file says counts once."""

from collections.abc import Callable

import pytest

from app.domain.errors import Invalid, Missing, Unsound, WrongState
from app.domain.ports import Unit
from app.services import rulesets
from app.services.rulesets import Said
from app.store.database import Database

FILL = "rule fill { prefer -host.index }\npolicy fill { use fill }\n"
SPREAD = "rule spread { prefer host.index }\npolicy spread { use spread }\n"
TWO = FILL + SPREAD


def add(text: str, policy: str = "") -> Callable[[Unit], str]:
    return lambda unit: rulesets.add(unit, "mine", {"f.rules": text}, "ana", policy).id


async def test_the_same_rules_and_policy_again_are_the_version_that_is_there(store: Database) -> None:
    first, second = await store.write(add(TWO, "fill")), await store.write(add(TWO, "spread"))
    assert (first, second) == ("rules-1", "rules-2")
    assert await store.write(add(TWO, "fill")) == first
    kept = await store.read(lambda unit: unit.rulesets.where())
    assert [(row.policy, row.text, row.author) for row in kept] == [("fill", TWO, "ana"), ("spread", TWO, "ana")]


async def test_faulty_rules_are_refused_whole_with_every_place(store: Database) -> None:
    with pytest.raises(Unsound) as refused:
        await store.write(add("rule a { prefre host.index }\nrule b { prefer host.indx }\n"))
    assert [place for place, _ in refused.value.faults] == ["f.rules:1:10", "f.rules:2:17"]
    assert "^" in str(refused.value)
    assert not await store.read(lambda unit: unit.rulesets.where())


async def test_a_policy_must_be_named_where_there_are_several_and_none_is_the_default(store: Database) -> None:
    with pytest.raises(Invalid, match="fill and spread"):
        await store.write(add(TWO))
    with pytest.raises(Invalid, match="fill and spread"):
        await store.write(add(TWO, "fil"))
    titled = TWO.replace("policy spread {", 'policy spread "default" {')
    await store.write(add(titled))
    assert (await store.read(lambda unit: rulesets.get(unit, "rules-1"))).policy == "spread"


async def test_rolling_back_goes_to_what_decided_before(store: Database) -> None:
    await store.write(add(FILL))
    for chosen in ("rules-1", "GREEDY"):
        await store.write(lambda unit, name=chosen: rulesets.activate(unit, name, "ana"))  # type: ignore[misc]
    assert (await store.write(lambda unit: rulesets.rollback(unit, "bob"))).policy == "fill"
    past = await store.read(rulesets.history)
    assert [(row.active, row.who) for row in past] == [("rules-1", "bob"), ("GREEDY", "ana"), ("rules-1", "ana")]


async def test_there_is_nothing_to_roll_back_to_at_first(store: Database) -> None:
    with pytest.raises(WrongState, match="nothing was before"):
        await store.write(lambda unit: rulesets.rollback(unit, "ana"))


async def test_the_default_is_what_was_before_the_first_activation(store: Database) -> None:
    await store.write(lambda unit: rulesets.activate(unit, "GREEDY", "ana"))
    assert (await store.write(lambda unit: rulesets.rollback(unit, "ana"))).policy == rulesets.DEFAULT


async def test_what_is_not_there_can_not_be_activated(store: Database) -> None:
    with pytest.raises(Missing, match="rules-9"):
        await store.write(lambda unit: rulesets.activate(unit, "rules-9", "ana"))
    assert await store.read(rulesets.active_id) == rulesets.DEFAULT


async def test_what_the_file_says_counts_once_and_then_gives_way_to_what_is_applied(store: Database) -> None:
    said = Said(policy="", texts={"a.rules": FILL})
    await store.write(lambda unit: rulesets.take_over(unit, said))
    assert (await store.read(rulesets.active)).policy == "fill"
    await store.write(lambda unit: rulesets.activate(unit, "POWERSAVE", "ana"))
    await store.write(lambda unit: rulesets.take_over(unit, said))
    assert (await store.read(rulesets.active)).policy == "POWERSAVE"
    changed = Said(policy="", texts={"a.rules": SPREAD})
    await store.write(lambda unit: rulesets.take_over(unit, changed))
    assert (await store.read(rulesets.active)).policy == "spread"


async def test_a_faulty_file_changes_nothing_and_is_taken_once_it_is_sound(store: Database) -> None:
    await store.write(lambda unit: rulesets.take_over(unit, Said(policy="GREEDY")))
    with pytest.raises(Unsound):
        await store.write(lambda unit: rulesets.take_over(unit, Said(policy="", texts={"a.rules": "rule {"})))
    assert await store.read(rulesets.active_id) == "GREEDY"
    await store.write(lambda unit: rulesets.take_over(unit, Said(policy="", texts={"a.rules": FILL})))
    assert (await store.read(rulesets.active)).policy == "fill"


async def test_two_versions_are_compared_line_by_line(store: Database) -> None:
    await store.write(add(FILL))
    await store.write(add(FILL.replace("-host.index", "-host.vms")))
    first, second = await store.read(lambda unit: unit.rulesets.where())
    assert "+rule fill { prefer -host.vms }" in rulesets.diff(first, second).splitlines()
    assert not rulesets.diff(first, first)
