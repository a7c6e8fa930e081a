"""REST: rounds of remapping, and what a policy would do if it were active."""

import asyncio
from collections.abc import Callable, Iterable

from litestar import Controller, get, post

from app.api.remapping import (
    AlertView,
    MoveView,
    PlanView,
    PowerView,
    RefusedView,
    RehearsalView,
    RehearseText,
    RoundView,
)
from app.domain.account import Role
from app.domain.ports import Unit
from app.rules.plan import Memory, Move, Plan, Restart
from app.rules.rehearsing import by_rule
from app.server import rule_files
from app.server.desk import At, Desk, needs
from app.server.orders import Order
from app.services import remapping, rule_texts, rulesets

_OPERATOR = needs(Role.OPERATOR)
_PLANNED = needs(Role.VIEWER, 502, 504)
NOTHING = Plan(memory=Memory())


class RemappingController(Controller):
    tags = ("rules",)
    opt = needs(Role.VIEWER)

    @get("/remapping", operation_id="GetRemapping", summary="The newest round of remapping")
    async def newest(self, desk: At) -> RoundView:
        """What it planned, what rules were refused, and how it ended."""
        rounds = desk.cloud.rounds
        held = rounds.latest
        return RoundView(
            mode=rounds.mode().mode,
            policy=held.policy if held else "",
            at_ms=held.at_ms if held else 0,
            took_s=held.took_s if held else 0.0,
            told=held.told if held else "",
            plan=plan_view(held.plan if held else NOTHING),
        )

    @post("/remapping", operation_id="Remap", summary="Hold a round now", opt=_OPERATOR, status_code=202)
    async def remap(self, desk: At) -> None:
        """A round is held as soon as the one that runs has ended; `GET /api/v1/remapping` tells of it."""
        mode = desk.cloud.rounds.mode().mode
        await desk.change("Remap", "round", lambda unit: remapping.check_moves(unit, mode))
        desk.cloud.rounds.poke()

    @post(
        "/rulesets/{name:str}/rehearse",
        operation_id="RehearseRuleset",
        summary="What it would do",
        opt=_PLANNED,
        status_code=200,
    )
    async def rehearse(self, desk: At, name: str) -> RehearsalView:
        """Plans a round on the cloud as it is now and does nothing."""

        def rules(unit: Unit) -> tuple[str, str]:
            if name in rulesets.BUILT_IN:
                return rule_files.shipped_text(name.lower()), name.lower()
            found = rulesets.get(unit, name)
            return found.text, found.policy

        return await _rehearsed(desk, rules)

    @post(
        "/rulesets/rehearse",
        operation_id="RehearseText",
        summary="What rules would do",
        opt=_PLANNED,
        status_code=200,
    )
    async def rehearse_text(self, desk: At, data: RehearseText) -> RehearsalView:
        """Plans a round by rules that are kept nowhere, on the cloud as it is now, and does nothing."""
        policy = (await asyncio.to_thread(rule_texts.draft, "rules", {"rules": data.text}, data.policy)).policy
        return await _rehearsed(desk, lambda unit: (data.text, policy))


async def _rehearsed(desk: Desk, rules: Callable[[Unit], tuple[str, str]]) -> RehearsalView:
    rounds = desk.cloud.rounds
    briefing = await desk.cloud.store.write(lambda unit: remapping.brief_with(unit, rounds.mapping.fleet, rules))
    found = await rounds.planner.rehearse(
        Order(text=briefing.text, policy=briefing.policy, state=briefing.state, now=briefing.now)
    )
    return RehearsalView(
        policy=briefing.policy,
        plan=plan_view(found.plan),
        hosts_on_before=found.before.hosts_on,
        hosts_on_after=found.after.hosts_on,
        watts_before=found.before.watts,
        watts_after=found.after.watts,
    )


def plan_view(plan: Plan) -> PlanView:
    """Show a plan."""
    return PlanView(
        moves=_moves(plan.moves),
        restarts=_moves(plan.restarts),
        powers=[PowerView(host=each.host, on=each.on, why=each.why) for each in plan.powers],
        alerts=[AlertView(about=each.about, message=each.message, why=each.why) for each in plan.alerts],
        refused=[RefusedView(what=each.what, why=each.why) for each in plan.refused],
        observed=list(plan.observed),
        by_rule=dict(by_rule(plan)),
    )


def _moves(steps: Iterable[Move | Restart]) -> list[MoveView]:
    return [
        MoveView(
            instance=each.vm,
            source=each.source,
            target=each.target,
            why=each.why,
            gain=each.gain if isinstance(each, Move) else None,
            downtime_s=each.downtime_s if isinstance(each, Move) else 0.0,
        )
        for each in steps
    ]
