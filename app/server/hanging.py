"""REST: what hangs on things that somebody is about to let go. What lets them go takes the versions back."""

from litestar import Controller, post

from app.api.hanging import AskHanging, HangingView, HangingViews, TieView
from app.domain.account import Role
from app.domain.errors import OverLimit
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.services import hanging
from app.services.access import need_role
from app.services.jobs import MOST_TARGETS
from app.services.ties import Found

MOST_TIES = 20
IDENTITIES = ("user", "account")
"""Ids of tokens are told to who may end them."""


class HangingController(Controller):
    path = "/hanging"
    tags = ("overview",)
    opt = needs(Role.VIEWER)

    @post(operation_id="AskWhatHangs", summary="What hangs on things, and what becomes of it", status_code=200)
    async def ask(self, desk: At, data: AskHanging) -> HangingViews:
        """Ask before you let something go, and send the `version` with it. Of users and accounts: administrators."""
        if not 1 <= len(data.ids) <= MOST_TARGETS:
            raise OverLimit("things per request (and at least 1)", len(data.ids), MOST_TARGETS)
        if data.kind in IDENTITIES:
            need_role(desk.caller, Role.ADMIN, f"Asking what hangs on a {data.kind}")

        def work(unit: Unit) -> HangingViews:
            found = hanging.of(unit, data.kind, data.ids)
            return HangingViews(
                items=[_view(given, one) for given, one in found.items()],
                in_use=sum(one.in_use for one in found.values()),
                sums=hanging.sums(found),
            )

        return await desk.read(work)


def _view(given: str, found: Found) -> HangingView:
    return HangingView(
        id=given,
        ties=[TieView(kind=tie.kind, id=tie.id, fate=tie.fate, detail=tie.detail) for tie in found.ties[:MOST_TIES]],
        more=max(0, len(found.ties) - MOST_TIES),
        notes=list(found.notes),
        in_use=found.in_use,
        version=hanging.version(found),
    )
