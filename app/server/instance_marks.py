"""REST: what is marked on many instances at once: tags, and that nobody ends or stops them by an interface."""

from litestar import Controller, put

from app.api.jobs import ProtectInstances, TagInstances
from app.api.resources import Collection, InstanceView
from app.domain.account import Role
from app.domain.errors import OverLimit
from app.domain.ports import Unit
from app.server.desk import At, named, needs
from app.services import instance_attributes, instances, tags
from app.services.protection import NO_STOP, NO_TERMINATION
from app.services.views import instance_views

_OPERATOR = needs(Role.OPERATOR)
MOST_MARKED = 1000


class InstanceMarksController(Controller):
    tags = ("instances",)
    opt = _OPERATOR

    @put("/instances/tags", operation_id="TagInstances", summary="Set and take away tags of instances, all or none")
    async def tag(self, desk: At, data: TagInstances) -> Collection[InstanceView]:
        def work(unit: Unit) -> Collection[InstanceView]:
            _check_many(data.ids)
            rows = instances.find(unit, desk.caller, data.ids)
            given = [row.id for row in rows]
            if data.remove:
                tags.remove_from(unit, desk.caller, given, [(name, None) for name in data.remove])
            tags.set_on(unit, desk.caller, given, data.tags)
            return Collection(items=instance_views(unit, rows), cursor=str(unit.cursor()))

        return await desk.change("TagInstances", named(data.ids), work, about=data.ids)

    @put("/instances/protection", operation_id="ProtectInstances", summary="Forbid that they are ended or stopped")
    async def protect(self, desk: At, data: ProtectInstances) -> Collection[InstanceView]:
        def work(unit: Unit) -> Collection[InstanceView]:
            _check_many(data.ids)
            for attribute, on in ((NO_TERMINATION, data.from_termination), (NO_STOP, data.from_stop)):
                for given in data.ids if on is not None else ():
                    instance_attributes.modify(unit, desk.caller, given, attribute, on)
            rows = instances.find(unit, desk.caller, data.ids)
            return Collection(items=instance_views(unit, rows), cursor=str(unit.cursor()))

        return await desk.change("ProtectInstances", named(data.ids), work, about=data.ids)


def _check_many(ids: list[str]) -> None:
    if len(ids) > MOST_MARKED:
        raise OverLimit("instances per request", len(ids), MOST_MARKED)
