"""REST: what the page of a host shows beside its lists: why instances are there, and their domains.

The trap: a definition is asked of the host itself, so it takes as long as that, and fails as it fails.
"""

from litestar import Controller, get

from app.api.host_pages import DefinitionView, HereBecauseView
from app.api.resources import Collection
from app.domain.account import Role
from app.domain.errors import Missing, Unsupported
from app.domain.ports import NOT_SUPPORTED, Unit
from app.server.desk import At, needs
from app.services import instances
from app.services.here_because import here_because


class HereBecauseController(Controller):
    path = "/hosts"
    tags = ("hosts",)
    opt = needs(Role.VIEWER)

    @get("/{name:str}/reasons", operation_id="ListHostReasons", summary="Why its instances are there")
    async def reasons(self, desk: At, name: str) -> Collection[HereBecauseView]:
        """The newest decision about each instance on the host, in a line; ended ones as long as they are remembered."""

        def work(unit: Unit) -> Collection[HereBecauseView]:
            return Collection(items=here_because(unit, desk.caller, name), cursor=str(unit.cursor()))

        return await desk.read(work)


class DefinitionController(Controller):
    path = "/instances"
    tags = ("instances",)

    @get(
        "/{instance_id:str}/definition",
        operation_id="GetDefinition",
        summary="Its domain as libvirt describes it now",
        opt=needs(Role.OPERATOR, 501, 502, 504, now_only=True),
    )
    async def definition(self, desk: At, instance_id: str) -> DefinitionView:
        """Asked of the host; passwords are left out. Missing (404) while it is on no host."""
        instance = await desk.read(lambda unit: instances.find(unit, desk.caller, [instance_id])[0])
        host = instance.moving_from or instance.host  # where it is until it has moved
        xml = await desk.cloud.hypervisors.host(host).described(instance.id) if host else ""
        if xml is NOT_SUPPORTED:
            raise Unsupported("A definition", f"the hypervisor of host {host} keeps none")
        if not xml:
            raise Missing("domain", instance.id)
        return DefinitionView(instance_id=instance.id, host=host, at_ms=desk.cloud.clock.now_ms(), xml=xml)
