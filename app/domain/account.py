"""Who asks: accounts own things, users of an account hold access keys, operators hold REST tokens."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.rows import key, secret


class Role(StrEnum):
    """What an operator's token allows, from least to most."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The owner of instances, images, keys; `id` is 12 digits."""

    id: str = key()
    name: str
    enabled: bool = True
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or program of an account; `admin` users of the first account see the whole cloud."""

    id: str = key()
    account_id: str
    name: str
    admin: bool = False
    enabled: bool = True
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A pair for signing EC2 requests. The secret must be kept readable: HMAC needs it."""

    id: str = key()
    user_id: str
    secret_key: str = secret()
    enabled: bool = True
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An operator's REST token; only its SHA-256 is kept.

    `name` says what it is for; `expires_at_ms` 0: never; `seen_at_ms`: last used, to the minute, 0 before.
    """

    id: str = key()
    user_id: str
    name: str
    role: Role
    sha256: str = secret()
    enabled: bool = True
    created_at_ms: int
    expires_at_ms: int = 0
    seen_at_ms: int = 0

    def works(self, now_ms: int) -> bool:
        """Tell whether it is neither revoked nor expired."""
        return self.enabled and not self.expired(now_ms)

    def expired(self, now_ms: int) -> bool:
        return 0 < self.expires_at_ms <= now_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The authenticated sender of one request; not a row."""

    account_id: str
    user_id: str
    user_name: str
    admin: bool
    access_key_id: str = ""
    role: Role | None = None
    token_id: str = ""

    @property
    def arn(self) -> str:
        """The name that Amazon's tools know a user by."""
        return f"arn:aws:iam::{self.account_id}:user/{self.user_name}"
