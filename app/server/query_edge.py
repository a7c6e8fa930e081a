"""The HTTP edge of the Query interface: what came on the wire goes to `QueryApi` unchanged.

The trap is the signature: it covers the raw path, query string and body, so nothing is taken from what a framework
made of them. Bodies are bounded, since they are read before the sender is known.
"""

import asyncio
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import CloudError, OverLimit, TimedOut
from app.server.query import QueryApi, form_params
from app.wire.signatures import SignedRequest

EC2_PATH = "/services/Eucalyptus"
PATHS = ("/", EC2_PATH)
BODY_BYTES = 1 << 20
BODY_WITHIN_S = 60.0


def query_app(api: QueryApi) -> ASGIApp:
    """Make the application of PATHS."""

    async def answer_query(scope: Scope, receive: Receive, send: Send) -> None:
        request_id = str(scope.get("request_id", ""))
        source = scope["client"][0] if scope["client"] else ""
        try:
            reply = await api.reply(signed_request(scope, await _body(receive)), source, request_id)
        except CloudError as error:
            reply = api.refuse(error, request_id)
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


async def _body(receive: Receive) -> bytes:
    """Read the whole body; OverLimit or TimedOut if it is too long or takes too long."""
    first: Any = await receive()
    body = bytearray(first.get("body", b""))
    try:
        if first.get("more_body", False):
            async with asyncio.timeout(BODY_WITHIN_S):
                await _rest(receive, body)
    except TimeoutError:
        raise TimedOut("client", "sending the request", BODY_WITHIN_S) from None
    _bound(body)
    return bytes(body)


async def _rest(receive: Receive, body: bytearray) -> None:
    more = True
    while more:
        _bound(body)
        message: Any = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)


def _bound(body: bytearray) -> None:
    if len(body) > BODY_BYTES:
        raise OverLimit("bytes per request", len(body), BODY_BYTES)


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/xml;charset=UTF-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
