"""What every request meets first: an id, a limit on how slowly it may arrive, and HEAD for whatever answers GET.

The trap: Litestar's own middleware runs after routing, so answers to unknown paths would carry no id.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

from app.domain.ports import Entropy

BODY_SILENCE_S = 30.0
REQUEST_ID = b"x-request-id"
_WATCHED = frozenset({"/healthz", "/metrics", "/services/Heartbeat"})
_FIT_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class Front:
    """An ASGI application around another one."""

    def __init__(
        self,
        inner: ASGIApp,
        entropy: Entropy,
        *,
        body_silence_s: float = BODY_SILENCE_S,
        observe: Callable[[str, int], None] | None = None,
    ) -> None:
        self._inner, self._entropy, self._body_silence_s, self._observe = inner, entropy, body_silence_s, observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        request_id = _given_id(scope["headers"]) or self._entropy(12).hex()

        async def send_with_id(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (REQUEST_ID, request_id.encode())]
                if self._observe:
                    self._observe(str(cast("Any", scope)["method"]), message["status"])
            await send(message)

        changed = cast("MutableMapping[str, Any]", dict(scope))
        changed["request_id"] = request_id
        if changed["method"] == "HEAD" and _is_ours(changed["path"]):
            changed["method"] = "GET"  # the server below drops the body, since its own scope says HEAD
        await self._inner(cast("Scope", changed), _Impatient(receive, self._body_silence_s), send_with_id)


class _Impatient:
    """A `receive` that takes a body which stalls for a client that went away."""

    def __init__(self, receive: Receive, silence_s: float) -> None:
        self._receive, self._silence_s, self._complete = receive, silence_s, False

    async def __call__(self) -> ReceiveMessage:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(self._silence_s):
                message = await self._receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message


def _is_ours(path: str) -> bool:
    """Tell whether a path is the operators', where no signature covers the method."""
    return path.startswith("/api/") or path in _WATCHED


def _given_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = next((value for name, value in headers if name == REQUEST_ID), b"")
    return given.decode() if _FIT_ID.fullmatch(given) else ""
