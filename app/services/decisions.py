"""Decisions about instances: written in the transaction that they led to, told in words long after.

The trap: whoever may not see hosts is told that and when something was decided, and nothing of where or why.
"""

from dataclasses import asdict

from app.api.resources import DecisionView, HostVerdict
from app.domain import ids
from app.domain.account import Caller
from app.domain.decision import Decision, Deed
from app.domain.errors import Broken, Missing
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.rules.evidence import Evidence
from app.rules.tree import Phase
from app.services import rulesets, verdicts
from app.services.access import owns, sees_hosts
from app.services.mapping import Choice
from app.services.rooms import rooms
from app.services.rules_in_force import RulesInForce


def placed(unit: Unit, instance: Instance, choice: Choice) -> None:
    """Write down why a new instance is on its host, and why on no other."""
    unit.decisions.add(
        Decision(
            instance_id=instance.id,
            at_ms=unit.now_ms,
            kind=Deed.PLACED,
            policy=choice.policy,
            ruleset_id=choice.ruleset_id,
            host=instance.host,
            reasons=instance.placement_reasons,
            verdicts=choice.verdicts[instance.launch_index],
        )
    )


def moved(unit: Unit, instance: Instance, said: bytes, *reasons: str) -> None:
    """Write down why an instance moves; `said` is what was said of every host just before."""
    _went(unit, instance, Deed.MOVED, instance.moving_from, said, reasons)


def restarted(unit: Unit, instance: Instance, origin: str, said: bytes, *reasons: str) -> None:
    """Write down why an instance of a fenced host starts elsewhere."""
    _went(unit, instance, Deed.RESTARTED, origin, said, reasons)


def moved_by_hand(unit: Unit, instance: Instance, why: str) -> None:
    """Write down that somebody, and no policy, has an instance moved."""
    unit.decisions.add(
        Decision(
            instance_id=instance.id,
            at_ms=unit.now_ms,
            kind=Deed.MOVED,
            policy="",
            host=instance.host,
            origin=instance.moving_from,
            reasons=(why,),
            verdicts=verdicts.by_order("", rooms(unit, unit.hosts.where()), instance.size, instance.host),
        )
    )


def stayed(unit: Unit, instance: Instance, target: str, reason: str) -> None:
    """Write down that an instance is still where it was, since its move to a host failed."""
    said = f"it did not move to {target}: {reason}"
    unit.decisions.add(
        Decision(
            instance_id=instance.id,
            at_ms=unit.now_ms,
            kind=Deed.KEPT,
            policy="",
            host=instance.host,
            reasons=(said,),
        )
    )


def told(unit: Unit, caller: Caller, instance_id: str, rules: RulesInForce, number: int = 0) -> list[DecisionView]:
    """Tell all decisions about an instance, also one that ended, oldest first.

    The newest, and the one of a `number`, tell of every host; Missing if the caller may not know the instance.
    """
    instance = unit.instances.get(ids.parse(instance_id, "instance"))
    if instance is None or not owns(caller, instance):
        raise Missing("instance", instance_id)
    kept = _kept(unit, instance)
    if not sees_hosts(caller):
        return [DecisionView(number=each.number, at_ms=each.at_ms, kind=each.kind) for each in kept]
    whole = {number, kept[-1].number}
    return [_view(unit, each, rules, whole=each.number in whole) for each in kept]


def newest(unit: Unit, instance: Instance) -> Decision:
    """Return the last decision about an instance."""
    return _kept(unit, instance)[-1]


def _kept(unit: Unit, instance: Instance) -> list[Decision]:
    return unit.decisions.of(instance.id) or [_from_row(instance)]


def _went(unit: Unit, instance: Instance, kind: Deed, origin: str, said: bytes, reasons: tuple[str, ...]) -> None:
    active = rulesets.active(unit)
    unit.decisions.add(
        Decision(
            instance_id=instance.id,
            at_ms=unit.now_ms,
            kind=kind,
            policy=active.policy,
            ruleset_id=active.ruleset.id if active.ruleset else "",
            host=instance.host,
            origin=origin,
            reasons=reasons,
            verdicts=said,
        )
    )


def _view(unit: Unit, decision: Decision, rules: RulesInForce, *, whole: bool) -> DecisionView:
    ruleset = unit.rulesets.get(decision.ruleset_id) if decision.ruleset_id else None
    found = verdicts.read(decision.verdicts, _evidence(unit, decision, rules)) if whole else []
    return DecisionView(
        number=decision.number,
        at_ms=decision.at_ms,
        kind=decision.kind,
        policy=decision.policy,
        ruleset_id=decision.ruleset_id,
        ruleset_number=ruleset.number if ruleset else 0,
        host=decision.host,
        origin=decision.origin,
        reasons=list(decision.reasons),
        hosts=[HostVerdict(**asdict(each)) for each in found],
    )


def _evidence(unit: Unit, decision: Decision, rules: RulesInForce) -> Evidence | None:
    """Return the rules of that time; None if there were none, or this program can not read them any more."""
    ruleset = unit.rulesets.get(decision.ruleset_id) if decision.ruleset_id else None
    if ruleset is None:
        return None
    phase = Phase.PLACE if decision.kind is Deed.PLACED else Phase.REMAP
    try:
        return rules.ready(ruleset, decision.policy, phase).evidence
    except Broken:
        return None


def _from_row(instance: Instance) -> Decision:
    """Tell what is known of an instance that is older than decisions, or was found on its host."""
    return Decision(
        instance_id=instance.id,
        at_ms=instance.created_at_ms,
        kind=Deed.PLACED,
        policy="",
        host=instance.host,
        reasons=instance.placement_reasons,
    )
