"""What REST takes and answers about quotas: what an account may have at most, and what it has."""

import msgspec


class QuotaView(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of one account. `most` null: as much as there is room for; `own`: set for this account.

    Instances and their cores count until they have ended. The default for addresses does not count for administrators.
    """

    account_id: str
    account: str
    resource: str
    used: int
    most: int | None
    own: bool


class SetQuota(msgspec.Struct, frozen=True, kw_only=True):
    """`most` null: as by default again. What an account has above it already stays."""

    most: int | None
