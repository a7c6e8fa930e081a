"""REST: who may be the gateway of a cluster that has it elsewhere."""

from litestar import Controller, delete, post

from app.api.gateways import GatewayInvitation
from app.domain.account import Role
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.services import gateways


class GatewayController(Controller):
    path = "/clusters"
    tags = ("hosts",)

    @post(
        "/{name:str}/gateway",
        operation_id="InviteGateway",
        summary="Let a machine join as the gateway of a cluster",
        opt=needs(Role.ADMIN, shown_once=True),
    )
    async def invite(self, desk: At, name: str) -> GatewayInvitation:
        """The token holds for 15 minutes and for one machine. Whoever is the gateway stays it until then."""

        def work(unit: Unit) -> GatewayInvitation:
            row, token = gateways.invite(unit, name, desk.cloud.entropy)
            listen, ends_ms = gateways.listened_at(unit), row.token_expires_at_ms
            return GatewayInvitation(cluster=name, token=token, expires_at_ms=ends_ms, listen=listen)

        return await desk.change("InviteGateway", name, work)

    @delete(
        "/{name:str}/gateway",
        operation_id="ForgetGateway",
        summary="Let nobody be the gateway of a cluster",
        opt=needs(Role.ADMIN),
    )
    async def forget(self, desk: At, name: str) -> None:
        """Its certificate and its token are worth nothing from now on; networks that it has made stay as they are."""
        await desk.change("ForgetGateway", name, lambda unit: gateways.forget(unit, name))
