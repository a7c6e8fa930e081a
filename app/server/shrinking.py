"""Large answers of REST, compressed for who asks for it: ten thousand instances are 8 MB, on a slow link a minute.

The trap: compressing takes as long as making the answer, so it happens in a thread. What comes in pieces (the live
stream, a backup) passes as it is, for its pieces must not wait for each other.
"""

import asyncio
import gzip
from typing import Any

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

LEAST_BYTES = 16 * 1024
LEVEL = 1
"""The fastest; views are so alike that more gains little."""


class Shrinking(ASGIMiddleware):
    """Compresses with gzip."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if "gzip" not in Headers.from_scope(scope).get("accept-encoding", ""):
            await next_app(scope, receive, send)
            return
        held: list[Any] = []

        async def shrink(message: Any) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
                return
            if held:
                start = held.pop()
                if not message.get("more_body") and len(message["body"]) >= LEAST_BYTES:
                    message = {**message, "body": await asyncio.to_thread(gzip.compress, message["body"], LEVEL)}
                    headers = MutableScopeHeaders.from_message(start)
                    headers["content-encoding"], headers["content-length"] = "gzip", str(len(message["body"]))
                    headers["vary"] = "Accept-Encoding"
                await send(start)
            await send(message)

        await next_app(scope, receive, shrink)
