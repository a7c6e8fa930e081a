"""The metadata address's own HTTP: small, since its clients are, and careful, since each of them may be hostile.

A connection says nothing about who it is but by its network and address; that is settled before the first byte. The
trap is IMDSv2's hop limit: once a token was asked for on a connection, everything on it has that as its IP TTL: with
1 it dies at the first router beyond the guest.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from app.domain.network import GuestAnswer, GuestRequest

log = logging.getLogger(__name__)
IDLE_S = 20.0
ANSWER_S = 10.0
MOST_CONNECTIONS = 32
MOST_HEADERS = 64
MOST_BYTES = 16 * 1024
_REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    503: "Service Unavailable",
}  # fmt: skip

Identify = Callable[[str], str | None]
"""Tell whose address it is on this network, or None."""
Answer = Callable[[GuestRequest], Awaitable[GuestAnswer]]


class Listener:
    """What the connections of one network share."""

    def __init__(self, identify: Identify, answer: Answer) -> None:
        self.identify, self.answer = identify, answer
        self.open: dict[str, set[Speech]] = {}

    def close(self) -> None:
        for speeches in list(self.open.values()):
            for speech in list(speeches):
                speech.end()


class Speech(asyncio.Protocol):
    """One connection of a guest; requests are answered one after the other."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._address, self._instance_id = "", ""
        self._path, self._headers, self._bytes = b"", dict[str, str](), 0
        self._busy: asyncio.Task[None] | None = None
        self._last = False
        self._timer: asyncio.TimerHandle | None = None

    # --- what asyncio calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by birth
        self._address = str(transport.get_extra_info("peername")[0])
        owner = self._listener.identify(self._address)
        mine = self._listener.open.setdefault(self._address, set())
        if owner is None or len(mine) >= MOST_CONNECTIONS:
            self._transport.abort()
            return
        self._instance_id = owner
        mine.add(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        mine = self._listener.open.get(self._address, set())
        mine.discard(self)
        if not mine:
            self._listener.open.pop(self._address, None)
        self._stop_waiting()
        if self._busy:
            self._busy.cancel()

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        if self._busy or self._bytes > MOST_BYTES:
            self.end()  # nobody sends the next request before the answer, or one of this size
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._say(GuestAnswer(status=400), last=True)

    def eof_received(self) -> bool:
        """A client that has said all it wants still hears the answer."""
        self._last = True
        return self._busy is not None

    def end(self) -> None:
        self._transport.abort()

    # --- what the parser calls ---

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._headers) < MOST_HEADERS:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_message_complete(self) -> None:
        if self._busy or self._last:
            return
        self._stop_waiting()
        self._last = not self._parser.should_keep_alive()
        asked = GuestRequest(
            instance_id=self._instance_id,
            method=self._parser.get_method().decode("latin-1"),
            path=self._path.decode("latin-1"),
            headers=self._headers,
        )
        self._path, self._headers, self._bytes = b"", {}, 0
        self._busy = asyncio.get_running_loop().create_task(self._answer(asked))

    # --- answers ---

    async def _answer(self, asked: GuestRequest) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                told = await self._listener.answer(asked)
        except Exception:
            log.exception("a guest could not be answered", extra={"fields": {"instance": self._instance_id}})
            told = GuestAnswer(status=503)
        self._busy = None
        self._say(told, last=self._last, bodiless=asked.method == "HEAD")

    def _say(self, told: GuestAnswer, *, last: bool, bodiless: bool = False) -> None:
        if self._transport.is_closing():
            return
        if told.hops:
            bounded: socket.socket = self._transport.get_extra_info("socket")
            bounded.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, told.hops)
        headers = {
            "Content-Type": "text/plain",
            **told.headers,
            "Content-Length": str(len(told.body)),
            "Server": "EC2ws",
            "Connection": "close" if last else "keep-alive",
        }
        lines = [f"HTTP/1.1 {told.status} {_REASONS.get(told.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self._transport.write(head if bodiless else head + told.body)
        if last:
            self._last = True
            self._transport.close()
        else:
            self._wait()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self.end)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
