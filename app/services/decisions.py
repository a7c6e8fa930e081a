"""Decisions about instances: written in the transaction that they led to, told in words long after."""

from app.domain.decision import Decision, Deed
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.services import rulesets
from app.services.mapping import Choice


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


def moved(unit: Unit, instance: Instance, told: bytes, *reasons: str) -> None:
    """Write down why an instance moves; `told` is what was said of every host just before."""
    active = rulesets.active(unit)
    unit.decisions.add(
        Decision(
            instance_id=instance.id,
            at_ms=unit.now_ms,
            kind=Deed.MOVED,
            policy=active.policy,
            ruleset_id=active.ruleset.id if active.ruleset else "",
            host=instance.host,
            origin=instance.moving_from,
            reasons=reasons,
            verdicts=told,
        )
    )
