"""Operators' REST tokens: made, found by what was sent, revoked, and when they were last used.

The trap: a token leaves this module once, at its making; afterwards only its SHA-256 is known. Revoked ones stay in the
list, so that the audit's entries about them can be read.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

from app.domain.account import Role, Token
from app.domain.errors import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from app.domain.ports import Entropy, Unit
from app.services.names import check_name

State = Literal["working", "expired", "revoked", "disabled"]
SEEN_EVERY_MS = 60_000
MOST_TOKENS = 100
LATEST_MS = 253_402_300_799_000
"""The end of the year 9999, which is the last that dates can be written of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a token is to be; `expires_at_ms` 0: it works until it is revoked."""

    name: str
    role: Role
    expires_at_ms: int = 0


def create(unit: Unit, user_id: str, wish: Wish, entropy: Entropy) -> tuple[Token, str]:
    """Make a token and return what is to be sent, this once; Missing, Invalid, or Conflict if there are too many."""
    user = unit.users.get(user_id)
    if user is None:
        raise Missing("user", user_id)
    if wish.expires_at_ms and not unit.now_ms < wish.expires_at_ms <= LATEST_MS:
        raise Invalid("expires_at_ms", wish.expires_at_ms, "It is a time to come, in milliseconds; 0 means never.")
    if sum(token.works(unit.now_ms) for token in unit.tokens.where(user_id=user_id)) >= MOST_TOKENS:
        raise Conflict("user", user.name, f"has {MOST_TOKENS} tokens that work already")
    token = "euca_" + urlsafe_b64encode(entropy(33)).decode()
    row = Token(
        id=f"tok-{entropy(9).hex()[:17]}",
        user_id=user_id,
        name=check_name("name", wish.name),
        role=wish.role,
        sha256=_digest(token),
        created_at_ms=unit.now_ms,
        expires_at_ms=wish.expires_at_ms,
    )
    unit.tokens.add(row, text=f"Token {row.id} with role {wish.role} of user {user.name} was made")
    return row, token


def revoke(unit: Unit, token_id: str) -> None:
    """Stop a token from working; Missing if there is none, Forbidden if nobody could administrate any more."""
    token = unit.tokens.get(token_id)
    if token is None:
        raise Missing("token", token_id)
    if token.works(unit.now_ms) and token.role is Role.ADMIN and not _other_admin(unit, token_id):
        raise Forbidden("RevokeToken", "it is the last token with the role admin that works")
    unit.tokens.put(replace(token, enabled=False), text=f"Token {token_id} was revoked")


def need_other_admin(unit: Unit, action: str, user_id: str) -> None:
    """Raise Forbidden if nobody could administrate any more without the tokens of a user."""
    working = [row for row in unit.tokens.where(role=Role.ADMIN, enabled=True) if state(unit, row) == "working"]
    if working and all(row.user_id == user_id for row in working):
        raise Forbidden(action, "it has the only tokens with the role admin that work")


def find(unit: Unit, token: str) -> Token:
    """Return the row of what was sent; Unauthenticated if it is unknown, revoked or expired."""
    digest = _digest(token)
    row = next((row for row in unit.tokens.where(sha256=digest) if hmac.compare_digest(row.sha256, digest)), None)
    if row is None:
        raise Unauthenticated("The token is not known.")
    if not row.enabled:
        raise Unauthenticated(f"The token {row.id} was revoked.")
    if row.expired(unit.now_ms):
        when = datetime.fromtimestamp(row.expires_at_ms / 1000, UTC).isoformat(timespec="seconds")
        raise Unauthenticated(f"The token {row.id} expired at {when}; an administrator makes new ones.")
    return row


def seen(unit: Unit, token_id: str) -> None:
    """Note that a token was used."""
    token = unit.tokens.get(token_id)
    if token is not None:
        unit.tokens.put(replace(token, seen_at_ms=unit.now_ms))


def state(unit: Unit, token: Token) -> State:
    """Tell whether a token lets anybody in, and if not, why: `disabled` is its user or account."""
    if not token.enabled:
        return "revoked"
    if token.expired(unit.now_ms):
        return "expired"
    user = unit.users.get(token.user_id)
    account = unit.accounts.get(user.account_id) if user else None
    return "working" if user and user.enabled and account and account.enabled else "disabled"


def _other_admin(unit: Unit, token_id: str) -> bool:
    others = (row for row in unit.tokens.where(role=Role.ADMIN, enabled=True) if row.id != token_id)
    return any(state(unit, row) == "working" for row in others)


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
