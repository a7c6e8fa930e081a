"""REST: quotas of accounts, and what each account has of what they count."""

from collections.abc import Sequence

from litestar import Controller, get, put

from app.api.quotas import QuotaView, SetQuota
from app.api.resources import Collection
from app.domain.account import Role
from app.domain.ports import Unit
from app.server.desk import At, Desk, needs
from app.server.listing import AskedFor, Listing, from_rows
from app.services import accounts, quotas
from app.services.quotas import Usage


class QuotaController(Controller):
    tags = ("identities",)
    opt = needs(Role.VIEWER)

    @get("/quotas", operation_id="ListQuotas", summary="What every account has, and may have at most")
    async def index(self, desk: At, asked: AskedFor) -> Collection[QuotaView]:
        """One entry for each resource of each account."""
        return await _QUOTAS.answer(desk, asked)

    @get("/accounts/{name:str}/quotas", operation_id="ListAccountQuotas", summary="What one account has, and may have")
    async def of_account(self, desk: At, name: str) -> Collection[QuotaView]:
        """By the name or the id of the account."""

        def work(unit: Unit) -> Collection[QuotaView]:
            found = quotas.usage(unit, accounts.find_account(unit, name))
            return Collection(items=[usage_view(one) for one in found], cursor=str(unit.cursor()))

        return await desk.read(work)

    @put(
        "/accounts/{name:str}/quotas/{resource:str}",
        operation_id="SetQuota",
        summary="Limit what an account may have",
        opt=needs(Role.ADMIN),
    )
    async def change(self, desk: At, name: str, resource: str, data: SetQuota) -> QuotaView:
        """It counts from the next request on that wants more; nothing is taken away."""
        what = quotas.named(resource)

        def work(unit: Unit) -> QuotaView:
            account = accounts.find_account(unit, name)
            quotas.change(unit, account, what, data.most)
            return next(usage_view(one) for one in quotas.usage(unit, account) if one.resource is what)

        return await desk.change("SetQuota", f"{name} {what}", work, about=[name])


def usage_view(usage: Usage) -> QuotaView:
    return QuotaView(
        account_id=usage.account.id,
        account=usage.account.name,
        resource=usage.resource,
        used=usage.used,
        most=usage.most,
        own=usage.own,
    )


def _rows(unit: Unit, desk: Desk) -> Sequence[Usage]:
    return [one for account in unit.accounts.where() for one in quotas.usage(unit, account)]


def _key(usage: Usage) -> str:
    return f"{usage.account.name}/{usage.resource}"


_QUOTAS: Listing[Usage, QuotaView] = Listing(
    view=QuotaView,
    key=_key,
    first=from_rows(_rows, _key),
    views=lambda unit, desk, rows: [usage_view(row) for row in rows],
)
