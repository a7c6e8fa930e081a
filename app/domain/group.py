"""Security groups as records; their rules and what enforces them come with the network."""

from dataclasses import dataclass

from app.domain.rows import key


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    id: str = key()
    account_id: str
    name: str
    description: str
    created_at_ms: int
