"""Requests about quotas of accounts."""

from app.api.quotas import QuotaView, SetQuota
from app.api.resources import Collection
from app.client.calls import Call, at


def quotas(filter_text: str = "") -> Call[Collection[QuotaView]]:
    return Call(path="/quotas", query={"filter": filter_text} if filter_text else {}, answer=Collection[QuotaView])


def of_account(account: str) -> Call[Collection[QuotaView]]:
    return Call(path=at("accounts", account, "quotas"), answer=Collection[QuotaView])


def change(account: str, resource: str, most: int | None, command: str = "") -> Call[QuotaView]:
    """Set a quota; None: as by default."""
    return Call(
        method="PUT",
        path=at("accounts", account, "quotas", resource),
        body=SetQuota(most=most),
        answer=QuotaView,
        command=command,
    )
