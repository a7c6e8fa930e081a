"""Versions of rules: kept unchanged, activated, rolled back; what a file says counts once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import CloudError, Invalid, Missing, Unsound, WrongState
from app.domain.ports import Unit
from app.rules.comparing import compare
from app.services import rulesets
from app.services.rule_texts import chosen_policy, draft, read_all
from app.services.rulesets import Said
from app.store.database import Database

FILL = "rule fill { prefer -host.index }\npolicy fill { use fill }\n"
SPREAD = "rule spread { prefer host.index }\npolicy spread { use spread }\n"
TWO = FILL + SPREAD


def add(text: str, policy: str = "") -> Callable[[Unit], str]:
    return lambda unit: rulesets.add(unit, draft("mine", {"f.rules": text}, policy), "ana").id


def said(text: str) -> Said:
    return Said(rules=draft("a", {"a.rules": text}))


def take(what: Said) -> Callable[[Unit], None]:
    return lambda unit: rulesets.take_over(unit, what)


async def test_the_same_rules_and_policy_again_are_the_version_that_is_there(store: Database) -> None:
    first, second = await store.write(add(TWO, "fill")), await store.write(add(TWO, "spread"))
    assert (first, second) == ("rules-1", "rules-2")
    assert await store.write(add(TWO, "fill")) == first
    kept = await store.read(lambda unit: unit.rulesets.where())
    assert [(row.policy, row.text, row.author) for row in kept] == [("fill", TWO, "ana"), ("spread", TWO, "ana")]


@pytest.mark.parametrize("table", ["rulesets", "activations"])
@pytest.mark.parametrize("change", ["put", "remove"])
async def test_versions_and_what_was_active_never_change(store: Database, table: str, change: str) -> None:
    await store.write(add(FILL))
    await store.write(lambda unit: rulesets.activate(unit, "rules-1", "ana"))

    def work(unit: Unit) -> None:
        rows: Any = getattr(unit, table)
        getattr(rows, change)(replace(rows.where()[0], policy="other"))

    with pytest.raises(ValueError, match=f"{table} never change"):
        await store.write(work)


def test_faulty_rules_are_refused_whole_with_every_place() -> None:
    with pytest.raises(Unsound) as refused:
        draft("mine", {"f.rules": "rule a { prefre host.index }\nrule b { prefer host.indx }\n"})
    assert [place for place, _ in refused.value.faults] == ["f.rules:1:10", "f.rules:2:17"]
    assert "^" in str(refused.value)


def test_a_policy_must_be_named_where_there_are_several_and_none_is_the_default() -> None:
    for named in ("", "fil"):
        with pytest.raises(Invalid, match="fill and spread"):
            draft("mine", {"f.rules": TWO}, named)
    titled = TWO.replace("policy spread {", 'policy spread "default" {')
    assert draft("mine", {"f.rules": titled}).policy == "spread"


@given(st.text(max_size=200))
def test_any_text_is_a_draft_or_refused_in_words(text: str) -> None:
    try:
        made = draft("mine", {"f.rules": text, "g.rules": FILL}, "fill")
    except CloudError as error:
        assert str(error)
    else:
        assert chosen_policy(read_all({"all": made.text}).ruleset, "fill") == "fill"


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


async def test_policies_of_161_are_known_in_any_case_of_letters(store: Database) -> None:
    active = await store.write(lambda unit: rulesets.activate(unit, "Greedy", "ana"))
    assert (active.policy, active.ruleset) == ("GREEDY", None)


async def test_what_is_not_there_can_not_be_activated(store: Database) -> None:
    with pytest.raises(Missing, match="rules-9"):
        await store.write(lambda unit: rulesets.activate(unit, "rules-9", "ana"))
    assert await store.read(rulesets.active_id) == rulesets.DEFAULT


async def test_what_the_file_says_counts_once_and_then_gives_way_to_what_is_applied(store: Database) -> None:
    await store.write(take(said(FILL)))
    assert (await store.read(rulesets.active)).policy == "fill"
    await store.write(lambda unit: rulesets.activate(unit, "POWERSAVE", "ana"))
    await store.write(take(said(FILL)))
    assert (await store.read(rulesets.active)).policy == "POWERSAVE"
    await store.write(take(said(SPREAD)))
    assert (await store.read(rulesets.active)).policy == "spread"


async def test_a_faulty_file_changes_nothing_and_is_told_once_for_each_content(store: Database) -> None:
    async def told() -> list[str]:
        entries = await store.read(lambda unit: unit.entries(0, 1000))
        return [entry.text for entry in entries if entry.event == "mapping.refused"]

    faulty = Said(refused=Unsound([("a:1:1", "a:1:1: error: no\n  rule\n  ^"), ("a:2:1", "")]), content="one")
    with pytest.raises(Unsound):
        await store.write(take(faulty))
    await store.write(take(Said(policy="GREEDY")))
    await store.write(take(faulty))
    await store.write(take(faulty))
    assert await told() == ["what changed is not used: a:1:1: error: no (and 1 more); GREEDY goes on deciding"]
    await store.write(take(replace(faulty, content="two")))
    assert len(await told()) == 2
    assert await store.read(rulesets.active_id) == "GREEDY"
    await store.write(take(said(FILL)))
    assert (await store.read(rulesets.active)).policy == "fill"
    await store.write(take(faulty))
    assert len(await told()) == 3


def test_two_texts_are_compared_by_line_and_by_what_rules_mean() -> None:
    new = "# a comment\n" + FILL.replace("-host.index", "-host.vms") + "rule more { prefer host.index }\n"
    found = compare(("a", TWO), ("b", new))
    assert "+rule fill { prefer -host.vms }" in found.lines.splitlines()
    assert (found.added, found.changed, found.removed) == (
        ("rule more",),
        ("rule fill",),
        ("rule spread", "policy spread"),
    )
    assert compare(("a", TWO), ("b", TWO)).lines == ""
    assert compare(("a", TWO), ("b", SPREAD + FILL)).changed == ()
