"""Why the instances of one host are there, a line each, for lists; `reasons.py` tells the whole of one instance."""

from app.api.host_pages import HereBecauseView
from app.domain.account import Caller
from app.domain.errors import Missing
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.services import hosts
from app.services.access import sees_hosts
from app.services.decisions import newest


def here_because(unit: Unit, caller: Caller, name: str) -> list[HereBecauseView]:
    """Tell of every instance that is on a host or moves from or to it; Missing if the caller may not know hosts."""
    if not sees_hosts(caller):
        raise Missing("host", name)
    host = hosts.get(unit, name).name
    there = [*unit.instances.where(host=host), *unit.instances.where(moving_from=host)]
    return [_line(unit, instance) for instance in there if not instance.hidden(unit.now_ms)]


def _line(unit: Unit, instance: Instance) -> HereBecauseView:
    decision = newest(unit, instance)
    return HereBecauseView(
        instance_id=instance.id,
        at_ms=decision.at_ms,
        kind=decision.kind,
        text="; ".join(decision.reasons),
    )
