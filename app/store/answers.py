"""What was answered to requests that carried a key of idempotency, so that a repeated one is not done twice."""

from app.domain.answer import Answer
from app.store.session import Session


class Answers:
    """The port `Answers` on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, user_id: str, operation: str, key: str) -> Answer | None:
        row = self._session.query(
            "SELECT sha256, body, made_at_ms FROM answers WHERE user_id = ? AND operation = ? AND key = ?",
            (user_id, operation, key),
        ).fetchone()
        return None if row is None else Answer(sha256=row[0], body=row[1], made_at_ms=row[2])

    def keep(self, user_id: str, operation: str, key: str, answer: Answer) -> None:
        self._session.change(
            "INSERT OR REPLACE INTO answers (user_id, operation, key, sha256, body, made_at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (user_id, operation, key, answer.sha256, answer.body, answer.made_at_ms),
        )

    def prune(self, before_ms: int) -> None:
        self._session.change("DELETE FROM answers WHERE made_at_ms < ?", (before_ms,))
