"""What every request meets first: an id, and HEAD for whatever answers GET.

The trap: Litestar's own middleware runs after routing, so answers to unknown paths would carry no id. Paths whose
requests are no business of Litestar's (the signed ones, of which every byte counts) are told apart here, too.
"""

import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from app.domain.ports import Entropy

REQUEST_ID = b"x-request-id"
UNDO = b"x-undo"
_WATCHED = frozenset({"/healthz", "/metrics", "/services/Heartbeat"})
_FIT_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class Front:
    """An ASGI application around another one."""

    def __init__(
        self,
        inner: ASGIApp,
        entropy: Entropy,
        *,
        apart: Mapping[str, ASGIApp] | None = None,
        observe: Callable[[str, int], None] | None = None,
    ) -> None:
        self._inner, self._entropy, self._observe = inner, entropy, observe
        self._apart = apart or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        request_id = _given_id(scope["headers"]) or self._entropy(12).hex()

        async def send_with_id(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    (REQUEST_ID, request_id.encode()),
                    *_undone_by(changed),
                ]
                if self._observe:
                    self._observe(str(cast("Any", scope)["method"]), message["status"])
            await send(message)

        changed = cast("MutableMapping[str, Any]", dict(scope))
        changed["request_id"] = request_id
        if changed["method"] == "HEAD" and _is_ours(changed["path"]):
            changed["method"] = "GET"  # the server below drops the body, since its own scope says HEAD
        answer = self._apart.get(changed["path"].rstrip("/") or "/", self._inner)
        await answer(cast("Scope", changed), receive, send_with_id)


def _is_ours(path: str) -> bool:
    """Tell whether a path is the operators', where no signature covers the method."""
    return path.startswith("/api/") or path in _WATCHED


def _undone_by(scope: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """Name the audit entry by which what a request changed can be undone, if it can."""
    number = getattr(scope.get("desk"), "undo", 0)
    return [(UNDO, str(number).encode())] if number else []


def _given_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = next((value for name, value in headers if name == REQUEST_ID), b"")
    return given.decode() if _FIT_ID.fullmatch(given) else ""
