"""Accounts and their users as REST writes them, and the secrets that are handed out once.

The trap: whatever stands in `Credentials` may be kept nowhere.
"""

import msgspec

from app.api.quotas import QuotaView


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    enabled: bool
    users: int
    created_at_ms: int
    usage: list[QuotaView] | None = None
    """Told to who asks, not by the stream."""


class UserView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    account_id: str
    name: str
    admin: bool
    enabled: bool
    access_keys: list[str]
    created_at_ms: int
    account: str = ""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Handed out to the user themself or an admin, never journalled."""

    account_id: str
    user_name: str
    access_key_id: str
    secret_access_key: str
    token: str


class CreateAccount(msgspec.Struct, frozen=True, kw_only=True):
    name: str


class CreateUser(msgspec.Struct, frozen=True, kw_only=True):
    """`role` (admin, operator or viewer) makes an operator's token too; empty: the user has access keys only."""

    account: str
    name: str
    role: str = ""


class IssueCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a user's key pair and, with a `role`, for a new operator's token."""

    role: str = ""
