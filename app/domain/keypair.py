"""Key pairs: we keep the public half only."""

from dataclasses import dataclass

from app.domain.rows import key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    id: str = key()
    account_id: str
    name: str
    kind: str
    public_key: str
    fingerprint: str
    created_at_ms: int
