"""Everything that answers "why is it here" and "what does it wait for" about one instance, in one read."""

from app.api.why import LackView, WhyView
from app.domain.account import Caller
from app.domain.decision import Deed
from app.domain.errors import Combination
from app.domain.ports import Unit
from app.services import decisions, instances, remapping, waiting
from app.services.rules_in_force import RulesInForce

_MOVED = frozenset({Deed.MOVED, Deed.RESTARTED})
SOON = "when something changes that the rules look at"


def why(unit: Unit, caller: Caller, instance_id: str, rules: RulesInForce, number: int, mode: str) -> WhyView:
    """Tell it; Missing if the caller may not know the instance. `mode` is how rounds are held; no time is set here."""
    told = decisions.told(unit, caller, instance_id, rules, number)
    instance = instances.get(unit, instance_id)
    reservation = unit.reservations.get(instance.reservation_id)
    user = unit.users.get(reservation.user_id) if reservation else None
    return WhyView(
        instance_id=instance.id,
        state=instance.state,
        asked_by=user.name if user else "",
        asked_at_ms=instance.launched_at_ms,
        lacks=[LackView(missing=each.missing, helps=each.helps) for each in waiting.lacks(unit, instance)],
        decisions=told,
        moves=sum(each.kind in _MOVED for each in told),
        next_review_ms=0,
        review=_review(unit, mode),
    )


def _review(unit: Unit, mode: str) -> str:
    try:
        remapping.check_moves(unit, mode)
    except Combination as never:
        return str(never)
    return SOON
