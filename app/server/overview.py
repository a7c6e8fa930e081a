"""REST: the cloud at a glance, and who the caller is."""

from litestar import Controller, get

from app.api.resources import Me, Overview
from app.domain.account import Role
from app.server.desk import At, needs
from app.services.overview import overview


class OverviewController(Controller):
    tags = ("overview",)
    opt = needs(Role.VIEWER)

    @get("/overview", operation_id="GetOverview", summary="Is the cloud well?")
    async def overview(self, desk: At) -> Overview:
        """One answer to start a day with: clusters, room by instance type, what needs somebody, the newest events."""
        return await desk.read(lambda unit: overview(unit, desk.cloud.version))

    @get("/me", operation_id="GetMe", summary="Whom this token stands for")
    async def me(self, desk: At) -> Me:
        """Tells the user, the account, the role and when the token expires; it never shows the token."""
        caller = desk.caller
        token = await desk.read(lambda unit: unit.tokens.get(caller.token_id))
        return Me(
            user=caller.user_name,
            account_id=caller.account_id,
            role=caller.role or "",
            token_id=caller.token_id,
            expires_at_ms=token.expires_at_ms if token else 0,
        )
