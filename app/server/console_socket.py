"""REST: the WebSocket of an instance's console; `app/api/console.py` says what goes over it.

Who may watch needs the role viewer, who types that of an operator; each time somebody begins to type is audited. The
trap: Litestar answers what fails before the socket is open with a bare 403, so refusals are problem documents of ours.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Response, WebSocket, get, websocket
from litestar.datastructures import State

from app.api.console import (
    CODES,
    MOST_COLUMNS,
    PROTOCOL,
    Ended,
    FromClient,
    FromServer,
    Refusal,
    Release,
    Resize,
    Write,
)
from app.api.problems import MEDIA_TYPE, Problem
from app.domain.account import Role
from app.domain.errors import CloudError, Forbidden, Unauthenticated, WrongState
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import InstanceState
from app.server import problems
from app.server.consoles import Line, Seat, ended
from app.server.desk import At, Desk, authenticate, needs
from app.services import instances
from app.services.access import need_role

Socket = WebSocket[Any, Any, State]
TYPING = "TypeIntoConsole"
RECHECK_S = 4.0
_DECODER: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient)
_ENCODER = msgspec.json.Encoder()


@get(
    "/instances/{instance_id:str}/console",
    operation_id="OpenConsole",
    summary="Its console, as a WebSocket; without an upgrade it answers 426",
    description=f"Subprotocol {PROTOCOL}: binary frames are the console's bytes, text frames are JSON.",
    tags=["instances"],
    opt=needs(Role.VIEWER, now_only=True),
    status_code=426,
)
async def console_without_upgrade(desk: At, instance_id: str) -> Response[Problem]:
    await desk.read(lambda unit: _find(unit, desk, instance_id))
    problem = Problem(
        type="urn:eucalyptus:problem:upgrade-required",
        title="Upgrade Required",
        status=426,
        detail="A console is a WebSocket: ask with Upgrade: websocket, or type euca attach INSTANCE.",
    )
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    return Response(problem, media_type=MEDIA_TYPE, headers=headers)


@websocket("/instances/{instance_id:str}/console", name="OpenConsole", opt=needs(Role.VIEWER))
async def console_socket(socket: Socket, instance_id: str) -> None:
    """Serve one seat until either side ends it."""
    try:
        await authenticate(socket, socket.route_handler)
        desk: Desk = socket.scope["desk"]  # type: ignore[typeddict-item]
        instance = await desk.read(lambda unit: _running(unit, desk, instance_id))
        seat = Seat(_name(desk), may_write=desk.caller.role is not None and desk.caller.role.covers(Role.OPERATOR))
        line = await desk.cloud.consoles.join(instance, seat)
    except CloudError as error:
        await _refuse(socket, error)
        return
    try:
        await socket.accept(subprotocols=PROTOCOL if PROTOCOL in socket.scope["subprotocols"] else None)
        visit = Visit(socket, desk, line, seat)
        await _until_one_ends(visit.show, visit.hear, visit.recheck)
    finally:
        desk.cloud.consoles.leave(line, seat)


class Visit:
    """One open socket at a line."""

    def __init__(self, socket: Socket, desk: Desk, line: Line, seat: Seat) -> None:
        self._socket, self._desk, self._line, self._seat = socket, desk, line, seat
        self._refused_once = False

    async def show(self) -> None:
        """Send what the seat is given; ends after `ended`."""
        while True:
            item = await self._seat.next()
            if isinstance(item, bytes):
                await self._socket.send({"type": "websocket.send", "bytes": item, "text": None})
                continue
            await self._tell(item)
            if isinstance(item, Ended):
                await self._socket.close(CODES[item.reason], item.why)
                return

    async def hear(self) -> None:
        """Do what comes from the other side; ends when it leaves."""
        while True:
            message: Any = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            why = await (self._line.type(self._seat, data) if data else self._obey(message.get("text") or ""))
            if why:
                self._seat.tell(Refusal(why=why))

    async def recheck(self) -> None:
        """End the visit once the token that it began with is revoked."""
        while True:
            await asyncio.sleep(RECHECK_S)
            with suppress(CloudError):  # the store does not answer; nobody's token was revoked by that
                if not await self._desk.still_let_in():
                    break
        frame = ended("token")
        await self._tell(frame)
        await self._socket.close(CODES[frame.reason], frame.why)

    async def _tell(self, frame: FromServer) -> None:
        await self._socket.send({"type": "websocket.send", "bytes": None, "text": _ENCODER.encode(frame).decode()})

    async def _obey(self, text: str) -> str:
        try:
            frame = _DECODER.decode(text)
        except msgspec.DecodeError as error:
            return f"not understood: {error}"
        match frame:
            case Write(steal=steal):
                return await self._begin_to_type(steal=steal)
            case Release():
                self._line.release(self._seat)
            case Resize(columns=columns, rows=rows):
                if not (0 < columns <= MOST_COLUMNS and 0 < rows <= MOST_COLUMNS):
                    return f"a window has 1 to {MOST_COLUMNS} columns and rows"
                self._line.resize(self._seat, columns, rows)
        return ""

    async def _begin_to_type(self, *, steal: bool) -> str:
        if self._line.writer is self._seat:
            return ""
        target = self._line.instance_id
        try:
            need_role(self._desk.caller, Role.OPERATOR, TYPING)
        except Forbidden as error:
            if not self._refused_once:  # a client that asks on and on is one line of the audit
                self._refused_once = True
                await self._desk.refused(TYPING, target, error)
            return str(error)
        why = self._line.take(self._seat, steal=steal)
        if not why:
            await self._desk.act(TYPING, f"{target}{', taken over' if steal else ''}", asyncio.sleep(0))
        return why


async def _until_one_ends(*parts: Callable[[], Awaitable[None]]) -> None:
    tasks = [asyncio.ensure_future(part()) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            with suppress(OSError):  # the other side has gone
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _refuse(socket: Socket, error: CloudError) -> None:
    problem = problems.of_cloud_error(error)
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    send: Any = socket.send
    await send({"type": "websocket.http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": msgspec.json.encode(problem)})


def _find(unit: Unit, desk: Desk, instance_id: str) -> Instance:
    return instances.find(unit, desk.caller, [instance_id])[0]


def _running(unit: Unit, desk: Desk, instance_id: str) -> Instance:
    found = _find(unit, desk, instance_id)
    if found.state is not InstanceState.RUNNING:
        raise WrongState("instance", found.id, found.state.value, "only a running one has a console to sit at")
    return found


def _name(desk: Desk) -> str:
    return f"{desk.caller.user_name} of {desk.caller.account_id}"
