"""REST: versions of mapping rules, and which of them decides."""

import asyncio
from hashlib import sha256
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import Parameter
from msgspec import structs

from app.api.resources import Collection
from app.api.rulesets import (
    ActivationView,
    ActiveView,
    AddRuleset,
    CheckedView,
    CheckRules,
    DiffView,
    FaultView,
    RulesetView,
)
from app.domain.account import Role
from app.domain.errors import CloudError, Invalid
from app.domain.ports import Unit
from app.domain.ruleset import Ruleset
from app.rules.comparing import compare
from app.server.desk import At, Desk, needs
from app.server.listing import AskedFor, Listing, from_rows
from app.server.rehearsals import rules_of
from app.server.rule_views import fault_view, impossible
from app.services import rule_texts, rulesets

_OPERATOR = needs(Role.OPERATOR)
FILE = "rules"
Against = Annotated[str, Parameter(description="Id of the version to compare with; by default the active one.")]

Shown = Annotated[str, Parameter(description="Apply only if this rehearsal, by its name, still tells what happens.")]


class RulesetController(Controller):
    path = "/rulesets"
    tags = ("rules",)
    opt = needs(Role.VIEWER)

    @get(operation_id="ListRulesets", summary="Versions of rules")
    async def index(self, desk: At, asked: AskedFor) -> Collection[RulesetView]:
        """Without their texts. Versions are never changed: new rules are a new version."""
        return await _RULESETS.answer(desk, asked)

    @get("/active", operation_id="GetActiveRuleset", summary="What decides now")
    async def active(self, desk: At) -> ActiveView:
        """A version of rules, or a policy of 1.6.1 by its name."""
        return await desk.read(_active)

    @get("/history", operation_id="ListActivations", summary="What decided when, the newest first")
    async def history(self, desk: At) -> Collection[ActivationView]:
        """One entry each time that something else began to decide, with who asked."""

        def work(unit: Unit) -> Collection[ActivationView]:
            shown = [
                ActivationView(number=int(row.id), id=row.active, policy=row.policy, who=row.who, at_ms=row.at_ms)
                for row in rulesets.history(unit)
            ]
            return Collection(items=shown, cursor=str(unit.cursor()))

        return await desk.read(work)

    @get("/{name:str}", operation_id="GetRuleset", summary="One version, with its text")
    async def show(self, desk: At, name: str) -> RulesetView:
        """With its text; a policy of 1.6.1 as the rules that say the same."""

        def work(unit: Unit) -> RulesetView:
            return _built_in(unit, name) if name in rulesets.BUILT_IN else _view(unit, rulesets.get(unit, name), True)

        return await desk.read(work)

    @get("/{name:str}/diff", operation_id="DiffRulesets", summary="A version compared with another one")
    async def diff(self, desk: At, name: str, against: Against = "") -> DiffView:
        """Lines as a unified diff, and which rules and policies mean something else."""
        old, new = await desk.read(lambda unit: _pair(unit, name, against))
        found = await asyncio.to_thread(compare, (old.id, old.text), (new.id, new.text))
        return DiffView(
            old=old.id,
            new=new.id,
            lines=found.lines,
            added=list(found.added),
            changed=list(found.changed),
            removed=list(found.removed),
        )

    @post("/check", operation_id="CheckRules", summary="What is wrong with a text of rules", status_code=200)
    async def check(self, desk: At, data: CheckRules) -> CheckedView:
        """Faults as a compiler tells them: line, column, what was met, what could stand there."""
        outcome = await asyncio.to_thread(rule_texts.read_all, {FILE: data.text})
        return CheckedView(
            sound=outcome.sound,
            rules=list(outcome.ruleset.rules),
            policies=list(outcome.ruleset.policies),
            faults=[fault_view(fault) for fault in outcome.faults],
        )

    @post(operation_id="AddRuleset", summary="Keep rules as a version; nothing is activated", opt=_OPERATOR)
    async def add(self, desk: At, data: AddRuleset) -> RulesetView:
        """Refused (422) with all faults if it is not sound. Apply it to let it decide."""

        def work(unit: Unit) -> RulesetView:
            return _view(unit, rulesets.add(unit, rules, desk.caller.user_name), True)

        try:
            rules = await asyncio.to_thread(rule_texts.draft, data.name, {FILE: data.text}, data.policy)
        except CloudError as error:
            await desk.refused("AddRuleset", data.name, error)
            raise
        return await desk.change("AddRuleset", data.name, work)

    @post("/{name:str}/apply", operation_id="ApplyRuleset", summary="Let it decide", opt=_OPERATOR, status_code=200)
    async def apply(self, desk: At, name: str, rehearsed: Shown = "") -> ActiveView:
        """It decides from the next launch and round on. `warnings` names types that could run nowhere by it."""

        def work(unit: Unit) -> ActiveView:
            if rehearsed:
                desk.cloud.rehearsals.check(unit, rehearsed, name)
            rulesets.activate(unit, name, _by(desk))
            return _active(unit)

        active = await desk.change("ApplyRuleset", name, work)
        return structs.replace(active, warnings=await _warnings(desk, name))

    @post(
        "/rollback", operation_id="RollBackRules", summary="Let decide what did before", opt=_OPERATOR, status_code=200
    )
    async def rollback(self, desk: At) -> ActiveView:
        """What decided before the last change decides again."""

        def work(unit: Unit) -> ActiveView:
            rulesets.rollback(unit, _by(desk))
            return _active(unit)

        return await desk.change("RollBackRules", "", work)


def _by(desk: Desk) -> str:
    return f"asked by {desk.caller.user_name}"


async def _warnings(desk: Desk, name: str) -> list[FaultView]:
    if name in rulesets.BUILT_IN:
        return []
    row = await desk.read(lambda unit: rulesets.get(unit, name))
    return await impossible(desk, row.text, row.policy, row.id)


def _active(unit: Unit) -> ActiveView:
    return ActiveView(id=rulesets.active_id(unit), policy=rulesets.active(unit).policy)


def _pair(unit: Unit, name: str, against: str) -> tuple[Ruleset, Ruleset]:
    new, other = rulesets.get(unit, name), against or rulesets.active_id(unit)
    if other in rulesets.BUILT_IN:
        raise Invalid("against", against, f"{other} has no text; name a version.")
    return rulesets.get(unit, other), new


def _built_in(unit: Unit, name: str) -> RulesetView:
    """Show a policy of 1.6.1 as the rules that say the same."""
    text, policy = rules_of(unit, name)
    return RulesetView(
        id=name,
        number=0,
        name=policy,
        policy=policy,
        author="1.6.1",
        created_at_ms=0,
        sha256=sha256(text.encode()).hexdigest(),
        active=name == rulesets.active_id(unit),
        text=text,
    )


def _number(row: Ruleset) -> str:
    return f"{row.number:08}"


_RULESETS: Listing[Ruleset, RulesetView] = Listing(
    view=RulesetView,
    key=_number,
    first=from_rows(lambda unit, desk: unit.rulesets.where(), _number),
    views=lambda unit, desk, rows: [_view(unit, row) for row in rows],
)


def _view(unit: Unit, row: Ruleset, text: bool = False) -> RulesetView:
    return RulesetView(
        id=row.id,
        number=row.number,
        name=row.name,
        policy=row.policy,
        author=row.author,
        created_at_ms=row.created_at_ms,
        sha256=row.sha256,
        active=row.id == rulesets.active_id(unit),
        text=row.text if text else "",
    )
