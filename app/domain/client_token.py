"""Client tokens: what makes a repeated request give what the first one made, instead of one more."""

from dataclasses import dataclass

from app.domain.rows import key


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToken:
    """One token of an account for one operation. `sha256` tells a repeat from a reuse with another request;
    `made` is the id of what was made."""

    account_id: str = key()
    operation: str = key()
    token: str = key()
    sha256: str
    made: str
    created_at_ms: int
