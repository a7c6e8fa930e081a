"""What a request with a key of idempotency was answered, kept for a day so that it can be answered so again."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`sha256` is of the request; `body` is empty if the answer was a secret, which is shown once."""

    sha256: str
    body: bytes
    made_at_ms: int


class Answers(Protocol):
    """What requests with a key of idempotency were answered. Not journalled: it was, as the change itself."""

    def get(self, user_id: str, operation: str, key: str) -> Answer | None: ...

    def keep(self, user_id: str, operation: str, key: str, answer: Answer) -> None:
        """Remember one, instead of an older one of the same key."""
        ...

    def prune(self, before_ms: int) -> None:
        """Forget those that are older."""
        ...
