"""The console of an instance from afar: one WebSocket, bytes both ways, and frames that say how things stand.

The token goes into a header and never into the address. The trap: a WebSocket that is refused answers with a problem
document like any other request, and is told like any other refusal.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from app.api.console import CODES, MOST_FRAME_BYTES, PROTOCOL, Ended, FromClient, FromServer
from app.api.problems import Problem
from app.client.calls import at
from app.client.errors import Garbled, Refused, Unauthorized, Unreachable
from app.client.http import LOOPBACK, ROOT, telling

MOST_MESSAGE_BYTES = 1024 * 1024
OPEN_S = 30.0  # the server answers once it has connected to the host, which by ssh takes seconds
PING_S = 10.0
_DECODER: msgspec.json.Decoder[FromServer] = msgspec.json.Decoder(FromServer)
_ENCODER = msgspec.json.Encoder()
_REASONS: Final = {code: reason for reason, code in CODES.items()}


class Console:
    """One open console. Iterate over it for bytes and frames; the last one is `Ended`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def type(self, data: bytes) -> None:
        """Send bytes to the guest; Unreachable if the connection is gone."""
        for start in range(0, len(data), MOST_FRAME_BYTES):
            await self._send(data[start : start + MOST_FRAME_BYTES])

    async def ask(self, frame: FromClient) -> None:
        """Send a frame; what is refused is answered by a frame, too."""
        await self._send(_ENCODER.encode(frame).decode())

    async def __aiter__(self) -> AsyncIterator[bytes | FromServer]:
        """Yield until the console ends; Unreachable if the connection breaks instead."""
        try:
            async for message in self._socket:
                item = message if isinstance(message, bytes) else _DECODER.decode(message)
                yield item
                if isinstance(item, Ended):
                    return
        except ConnectionClosed as error:
            raise Unreachable(_why(error)) from error
        except msgspec.DecodeError as error:
            raise Garbled(f"console frame: {error}") from error
        yield self._end()

    def _end(self) -> Ended:
        """Tell by the close code alone why it ended."""
        reason = _REASONS.get(self._socket.close_code or 0, "closed")
        return Ended(reason=reason, why=self._socket.close_reason or "the connection was closed")

    async def _send(self, data: bytes | str) -> None:
        try:
            await self._socket.send(data)
        except ConnectionClosed as error:
            raise Unreachable(_why(error)) from error


@asynccontextmanager
async def open_console(url: str, token: str, instance_id: str, *, command: str = "") -> AsyncIterator[Console]:
    """Open the console of an instance, audited as `command`; raises Refused, Unauthorized or Unreachable."""
    parts = urlsplit(url)
    address = f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}{parts.path.rstrip('/')}"
    opening = connect(
        address + ROOT + at("instances", instance_id, "console"),
        additional_headers={"Authorization": f"Bearer {token}", **_told(command)},
        user_agent_header="eucalyptus-client",
        subprotocols=[Subprotocol(PROTOCOL)],
        open_timeout=OPEN_S,
        ping_interval=PING_S,
        ping_timeout=PING_S,
        close_timeout=1.0,
        max_size=MOST_MESSAGE_BYTES,
        compression=None,
        proxy=None if parts.hostname in LOOPBACK else True,
    )
    try:
        socket = await opening
    except InvalidStatus as error:
        raise _refusal(error) from error
    except InvalidHandshake as error:
        raise Unreachable(str(error)) from error
    except TimeoutError:
        raise Unreachable(f"no answer within {OPEN_S:g} s") from None
    except OSError as error:
        raise Unreachable(error.strerror or "nobody listens there") from error
    try:
        yield Console(socket)
    finally:
        await asyncio.shield(socket.close())


def _told(command: str) -> dict[str, str]:
    return {name: value.decode() for name, value in telling(command).items()}


def _refusal(error: InvalidStatus) -> Refused | Garbled | Unreachable:
    answer: Any = error.response
    try:
        problem = msgspec.json.decode(answer.body or b"", type=Problem)
    except msgspec.DecodeError:
        unwell = answer.status_code in {502, 503, 504}
        return (Unreachable if unwell else Garbled)(f"HTTP status {answer.status_code}")
    return Unauthorized(problem) if problem.status == 401 else Refused(problem)


def _why(error: ConnectionClosed) -> str:
    return error.rcvd.reason if error.rcvd and error.rcvd.reason else "the connection was cut"
