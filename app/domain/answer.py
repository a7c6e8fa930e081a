"""What a request with a key of idempotency was answered, kept for a day so that it can be answered so again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`sha256` is of the request; `body` is empty if the answer was a secret, which is shown once."""

    sha256: str
    body: bytes
    made_at_ms: int
