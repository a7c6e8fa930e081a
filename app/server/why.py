"""REST: why an instance is where it is, and what it lacks."""

from litestar import Controller, get
from msgspec import structs

from app.api.why import WhyView
from app.domain.account import Role
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.server.instances import Number
from app.services import reasons


class WhyController(Controller):
    path = "/instances"
    tags = ("instances",)
    opt = needs(Role.VIEWER)

    @get("/{instance_id:str}/why", operation_id="ExplainInstance", summary="Why it is there, and what it lacks")
    async def why(self, desk: At, instance_id: str, number: Number = 0) -> WhyView:
        rounds, rules = desk.cloud.rounds, desk.cloud.mapping.rules
        mode = rounds.mode().mode

        def work(unit: Unit) -> WhyView:
            return reasons.why(unit, desk.caller, instance_id, rules, number, mode)

        found = await desk.read(work)
        due = rounds.next_ms if found.review == reasons.SOON else None
        return structs.replace(found, next_review_ms=due or 0)
