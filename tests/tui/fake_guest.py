"""A cloud's consoles on a real WebSocket, in the test's process: a guest that echoes, and a hand that directs it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from app.api.console import CODES, PROTOCOL, Ended, Ending, FromServer, Standing
from app.api.problems import Problem


class FakeGuest:
    """`typed` is what reached the guest; `heard` are the frames of clients; `writer` types besides the one tested.

    While `speaks` is not set nobody is let in.
    """

    def __init__(self, *, may_write: bool = True) -> None:
        self.may_write, self.writer = may_write, ""
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.typed = b""
        self.heard: list[dict[str, Any]] = []
        self.commands: list[str] = []
        self.visits = 0
        self.refusal: Problem | None = None
        self.greeting = b"web01 login: "
        self._open: ServerConnection | None = None
        self._server: Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"

    @property
    def connected(self) -> bool:
        return self._open is not None

    async def say(self, data: bytes) -> None:
        assert self._open is not None
        await self._open.send(data)

    async def stand(self, writing: bool) -> None:
        """Tell who types now."""
        writer = "ana of 1" if writing else self.writer
        await self._tell(Standing(you="ana of 1", may_write=self.may_write, writing=writing, writer=writer))

    async def end(self, reason: Ending, why: str) -> None:
        assert self._open is not None
        await self._tell(Ended(reason=reason, why=why))
        await self._open.close(CODES[reason], why)

    def cut(self) -> None:
        """Break the connection without a word."""
        assert self._open is not None
        self._open.transport.abort()

    async def _tell(self, frame: FromServer) -> None:
        assert self._open is not None
        await self._open.send(msgspec.json.encode(frame).decode())

    async def _serve(self, socket: ServerConnection) -> None:
        self._open, self.visits = socket, self.visits + 1
        try:
            await self.say(self.greeting)
            await self.stand(writing=False)
            async for message in socket:
                if isinstance(message, bytes):
                    self.typed += message
                    await self.say(message.replace(b"\r", b"\r\n"))
                else:
                    await self._obey(json.loads(message))
        finally:
            self._open = None

    async def _obey(self, frame: dict[str, Any]) -> None:
        self.heard.append(frame)
        if frame["kind"] == "write" and self.may_write and (frame["steal"] or not self.writer):
            await self.stand(writing=True)
        elif frame["kind"] == "release":
            await self.stand(writing=False)

    async def _answer(self, socket: ServerConnection, request: Request) -> Response | None:
        assert request.headers["Authorization"] == "Bearer t"
        self.commands.append(request.headers.get("Euca-Command", ""))
        await self.speaks.wait()
        if self.refusal is None:
            return None
        return socket.respond(HTTPStatus(self.refusal.status), msgspec.json.encode(self.refusal).decode())


@asynccontextmanager
async def a_guest(guest: FakeGuest) -> AsyncIterator[FakeGuest]:
    async with serve(guest._serve, "127.0.0.1", 0, subprotocols=[PROTOCOL], process_request=guest._answer) as server:  # type: ignore[list-item]
        guest._server = server
        yield guest
