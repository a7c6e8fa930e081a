"""Requests that are done once, however often they are sent: those that make something and carry an Idempotency-Key.

What was answered is written down in the transaction that made the thing, so that neither is there without the other.
The trap: an answer that holds a secret is not kept; a repeated request is told so, for it may not be done again either.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler

from app.domain.answer import Answer
from app.domain.errors import Conflict, Invalid, Mismatch
from app.domain.ports import Unit
from app.services.expiry import ANSWERS_KEPT_MS

HEADER = "Idempotency-Key"
SHOWN_ONCE = "shown_once"
"""Key of a route's `opt`: its answer holds a secret."""
MAKING = (201, 202)
LONGEST_KEY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One request that is to be done once; `sha256` tells it from another one with the same key."""

    user_id: str
    operation: str
    key: str
    sha256: str
    answers: Any
    shown_once: bool

    def kept(self, unit: Unit) -> Any:
        """Return what the same request was answered, None if it was not done yet; Mismatch, or Conflict for secrets."""
        found = unit.answers.get(self.user_id, self.operation, self.key)
        if found is None or found.made_at_ms < unit.now_ms - ANSWERS_KEPT_MS:
            return None
        if found.sha256 != self.sha256:
            raise Mismatch(self.key, "Idempotency-Key")
        if not found.body:
            raise Conflict("Idempotency-Key", self.key, "was used already, and its answer was a secret, shown once")
        return msgspec.json.decode(found.body, type=self.answers)

    def keep(self, unit: Unit, answer: object) -> None:
        """Write the answer down."""
        body = b"" if self.shown_once else msgspec.json.encode(answer)
        kept = Answer(sha256=self.sha256, body=body, made_at_ms=unit.now_ms)
        unit.answers.keep(self.user_id, self.operation, self.key, kept)


async def promised(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler, user_id: str
) -> Promise | None:
    """Read what a request asks to be done once, None if it does not; Invalid for a key that can not be one."""
    key = connection.headers.get(HEADER, "")
    if not key or not isinstance(handler, HTTPRouteHandler) or handler.status_code not in MAKING:
        return None
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(HEADER, ascii(key)[:80], f"It has at most {LONGEST_KEY} printable ASCII characters.")
    body = await connection.body() if isinstance(connection, Request) else b""
    return Promise(
        user_id=user_id,
        operation=str(handler.operation_id),
        key=key,
        sha256=sha256(f"{connection.url.path}?{connection.url.query}\n".encode() + body).hexdigest(),
        answers=handler.parsed_fn_signature.return_type.annotation,
        shown_once=bool(handler.opt.get(SHOWN_ONCE)),
    )
