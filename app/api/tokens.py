"""Operators' tokens as REST takes and shows them. Times are UTC milliseconds."""

import msgspec


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's token, without itself. Times are 0 for never; `last_used_at_ms` is right to the minute.

    `disabled`: its user or account is; `current`: it is the one that this request was sent with.
    """

    id: str
    name: str
    role: str
    state: str
    account_id: str
    user_id: str
    user: str
    created_at_ms: int
    expires_at_ms: int
    last_used_at_ms: int
    current: bool


class CreateToken(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a token; `user` empty: for yourself. `expires_at_ms` 0: it works until it is revoked."""

    role: str
    name: str = "token"
    account: str = "eucalyptus"
    user: str = ""
    expires_at_ms: int = 0


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is shown this once."""

    token: str
    about: TokenView
