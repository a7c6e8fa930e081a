"""The HTTP edge of the Query interface: what came on the wire goes to `QueryApi` unchanged.

The trap is the signature: it covers the raw path, query string and body, so nothing is taken from what a framework
made of them. Bodies are bounded, since they are read before the sender is known.
"""

from typing import Any

from litestar import asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from app.domain.errors import OverLimit
from app.server.query import QueryApi, form_params
from app.wire.signatures import SignedRequest

EC2_PATH = "/services/Eucalyptus"
BODY_BYTES = 1 << 20


def query_route(api: QueryApi) -> ASGIRouteHandler:
    """Make the handler of `/` and `/services/Eucalyptus` (with and without a closing slash)."""

    @asgi(["/", EC2_PATH], opt={"exclude_from_auth": True})
    async def answer_query(scope: Scope, receive: Receive, send: Send) -> None:
        request_id = str(scope.get("request_id", ""))
        body = await _body(receive)
        if body is None:
            reply = api.refuse(OverLimit("bytes per request", BODY_BYTES + 1, BODY_BYTES), request_id)
            await _send(send, reply.status, reply.body)
            return
        request = signed_request(scope, body)
        source = scope["client"][0] if scope["client"] else ""
        reply = await api.reply(request, source, request_id)
        await _send(send, reply.status, reply.body)

    return answer_query


def signed_request(scope: Any, body: bytes) -> SignedRequest:
    """Form what the signature covers from an ASGI scope, undecoded."""
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    fields = dict(headers)
    query = scope["query_string"].decode("latin-1")
    return SignedRequest(
        method=scope["method"],
        scheme=scope["scheme"],
        host=fields.get("host", ""),
        path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0],
        query=query,
        headers=headers,
        body=body,
        params=form_params(query, body, fields.get("content-type", "")),
    )


async def _body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message: Any = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/xml;charset=UTF-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
