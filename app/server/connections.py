"""Connections whose requests are bounded while they arrive, since nobody knows yet from whom they are.

The trap: uvicorn bounds neither time nor head, so a client that sends byte by byte, stalls in its body, or never ends
its head would hold a connection or fill the memory; so would one that asks and does not read the answer, for which
uvicorn waits for ever. How long a body may be is decided where it is read.
"""

import asyncio
from enum import Enum, auto
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEAD_BYTES = 128 * 1024
PING_S = 15.0


class _Reading(Enum):
    HEAD = auto()
    BODY = auto()
    NOTHING = auto()  # the request is there whole


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with limits on the head's size and time, the silence of a body, and an answer nobody reads."""

    HEAD_WITHIN_S = 20.0
    BODY_SILENCE_S = 30.0
    UNREAD_S = 30.0
    _reading = _Reading.HEAD
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._hang_up_after(self.HEAD_WITHIN_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        self._forget_unread()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # a WebSocket from now on
            self._forget_deadline()
            return
        match self._reading:
            case _Reading.NOTHING:
                self._forget_deadline()
            case _Reading.BODY:
                self._hang_up_after(self.BODY_SILENCE_S)
            case _Reading.HEAD:
                self._head_bytes += len(data)
                if self._head_bytes > HEAD_BYTES:
                    self.send_400_response("The request line and headers are too long.")
                elif self._deadline is None:
                    self._hang_up_after(self.HEAD_WITHIN_S)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._forget_deadline()
        self._reading, self._head_bytes = _Reading.HEAD, 0

    def on_headers_complete(self) -> None:
        self._reading = _Reading.BODY
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._reading = _Reading.NOTHING
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        self._forget_unread()
        super().resume_writing()

    def _expect_reading(self) -> None:
        """Cut the client off unless it has taken some of what waits for it by the next look."""
        waiting = self.transport.get_write_buffer_size()
        self._unread = self.loop.call_later(self.UNREAD_S, self._look_at_reading, waiting)

    def _look_at_reading(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._expect_reading()
        else:
            self.transport.abort()  # to close would wait for what is not read

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _hang_up_after(self, seconds: float) -> None:
        self._forget_deadline()
        self._deadline = self.loop.call_later(seconds, self._hang_up)

    def _hang_up(self) -> None:
        if self._reading is _Reading.BODY and self.flow.read_paused:  # it is we who do not read
            self._hang_up_after(self.BODY_SILENCE_S)
        else:
            self.transport.close()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's WebSockets, for which a refusal before the upgrade is an answer and no error worth the log."""

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True


def config(app: Any, **more: Any) -> uvicorn.Config:
    """Form how uvicorn serves anything of ours: bounded, silent about itself, believing no header of a proxy."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws=Sockets,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        **more,
    )
