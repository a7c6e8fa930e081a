"""Consoles that people sit at: a hypervisor gives a console to one, so all who watch an instance share a line here.

A line opens with its first seat and closes with its last. The traps: who reads slowly must hold up nobody, so each
seat has a bounded queue and is told what was left out; and the host may still hold the old console while it is
closed, so who comes then waits for the end of the old line.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from app.api.console import Ended, Ending, FromServer, Skipped, Standing
from app.domain.errors import CloudError, Unavailable, Unsupported
from app.domain.instance import Instance
from app.domain.ports import Hypervisors, NotSupported, Store
from app.domain.states import InstanceState
from app.domain.terminal import Terminal

log = logging.getLogger(__name__)

MOST_PAST_BYTES = 64 * 1024
MOST_WAITING_BYTES = 256 * 1024
MOST_LINES = 64
MOST_SEATS = 32
PACE_S = 0.01
"""Pause between two reads; so one guest that floods its console costs little, and waits like on a slow line."""
_WHY: dict[Ending, str] = {
    "stopped": "the instance was stopped",
    "terminated": "the instance has ended",
    "moved": "the instance has moved to another host",
    "lost": "its host can not be reached",
    "closed": "the host has closed the console",
    "token": "the token does not work any more",
    "server": "the server stops",
}


def ended(reason: Ending) -> Ended:
    return Ended(reason=reason, why=_WHY[reason])


class Seat:
    """One who watches, and may type while the line says so."""

    def __init__(self, name: str, *, may_write: bool) -> None:
        self.name, self.may_write = name, may_write
        self._waiting: deque[bytes | FromServer] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def offer(self, data: bytes) -> None:
        """Queue what the guest wrote; what is too much is left out and counted."""
        if self._bytes + len(data) > MOST_WAITING_BYTES:
            self._skip(len(data))
        else:
            self._waiting.append(data)
            self._bytes += len(data)
        self._wake.set()

    def tell(self, frame: FromServer) -> None:
        """Queue a frame; of several about who types only the newest is kept."""
        if isinstance(frame, Standing):
            self._waiting = deque(item for item in self._waiting if not isinstance(item, Standing))
        self._waiting.append(frame)
        self._wake.set()

    async def next(self) -> bytes | FromServer:
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        item = self._waiting.popleft()
        if isinstance(item, bytes):
            self._bytes -= len(item)
        return item

    def _skip(self, count: int) -> None:
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, Skipped):
            self._waiting[-1] = Skipped(bytes=last.bytes + count)
        else:
            self._waiting.append(Skipped(bytes=count))


@dataclass(slots=True, kw_only=True, eq=False)
class Line:
    """One open console and who shares it."""

    instance_id: str
    opened: asyncio.Future[Terminal]
    seats: set[Seat]
    past: bytearray
    task: asyncio.Task[None] | None = None
    writer: Seat | None = None
    size: tuple[int, int] = (0, 0)
    closing: bool = False

    def take(self, seat: Seat, *, steal: bool) -> str:
        """Let a seat type; return why not, empty if it may."""
        if self.writer is not None and self.writer is not seat and not steal:
            return f"{self.writer.name} types; ask to steal to take it over"
        self.writer = seat
        self.tell_all()
        return ""

    def release(self, seat: Seat) -> None:
        if self.writer is seat:
            self.writer = None
            self.tell_all()

    def resize(self, seat: Seat, columns: int, rows: int) -> None:
        if self.writer is seat and (columns, rows) != self.size:
            self.size = (columns, rows)
            self.tell_all()

    async def type(self, seat: Seat, data: bytes) -> str:
        """Type for a seat; return why not, empty if it was done."""
        if self.writer is not seat:
            return "you only watch; ask to write first"
        try:
            await (await asyncio.shield(self.opened)).write(data)
        except CloudError as error:
            return str(error)
        return ""

    def say(self, data: bytes) -> None:
        """Hand on what the guest wrote, and keep the newest of it for who comes later."""
        self.past = (self.past + data)[-MOST_PAST_BYTES:]
        for seat in self.seats:
            seat.offer(data)

    def tell_all(self) -> None:
        for seat in self.seats:
            self.tell(seat)

    def tell(self, seat: Seat) -> None:
        """Tell a seat how things stand."""
        seat.tell(
            Standing(
                you=seat.name,
                may_write=seat.may_write,
                writing=self.writer is seat,
                writer=self.writer.name if self.writer is not None else "",
                watchers=len(self.seats) - (self.writer is not None),
                columns=self.size[0],
                rows=self.size[1],
            )
        )


class Consoles:
    """All lines of a server."""

    def __init__(self, store: Store, hypervisors: Hypervisors) -> None:
        self._store, self._hypervisors = store, hypervisors
        self._lines: dict[str, Line] = {}
        self._stopping = False

    async def join(self, instance: Instance, seat: Seat) -> Line:
        """Sit down at the console of a running instance, with what it wrote before.

        Unsupported if its host has no consoles, Unavailable if there are too many or the host does not answer, Broken
        if somebody else has this one.
        """
        while (line := self._lines.get(instance.id)) and line.closing and line.task:
            await asyncio.wait([line.task])
        if self._stopping:
            raise Unavailable("consoles", "the server stops")
        if line is None:
            line = self._begin(instance)
        if len(line.seats) >= MOST_SEATS:
            raise Unavailable("consoles", f"{MOST_SEATS} people sit at this one already")
        line.seats.add(seat)
        try:
            await asyncio.shield(line.opened)
        except BaseException:
            self.leave(line, seat)
            raise
        if line.past:
            seat.offer(bytes(line.past))
        line.tell_all()
        return line

    def leave(self, line: Line, seat: Seat) -> None:
        """Stand up; the last one closes the line."""
        line.seats.discard(seat)
        line.release(seat)
        if line.seats:
            line.tell_all()
        elif line.task and not line.closing:
            line.closing = True
            line.task.cancel()

    def close(self) -> None:
        """End all lines: the server is about to stop."""
        self._stopping = True
        for line in self._lines.values():
            _end(line, "server")

    def _begin(self, instance: Instance) -> Line:
        if len(self._lines) >= MOST_LINES:
            raise Unavailable("consoles", f"{MOST_LINES} are open already")
        loop = asyncio.get_running_loop()
        line = Line(instance_id=instance.id, opened=loop.create_future(), seats=set(), past=bytearray())
        self._lines[instance.id] = line
        line.task = loop.create_task(self._serve(line, instance), name=f"console {instance.id}")
        return line

    async def _serve(self, line: Line, instance: Instance) -> None:
        try:
            await self._hold(line, instance.moving_from or instance.host)  # where it is until it has moved
        except CloudError as error:
            if not line.opened.done():
                line.opened.set_exception(error)
                line.opened.exception()  # whoever waited for it may have left
            _end(line, "closed")
        except Exception:
            log.exception("a console failed", extra={"fields": {"instance": line.instance_id}})
            _end(line, "closed")
        finally:
            line.closing = True
            line.opened.cancel()
            self._lines.pop(line.instance_id, None)

    async def _hold(self, line: Line, host: str) -> None:
        terminal = await self._open(line, host)
        try:
            line.opened.set_result(terminal)
            _end(line, await self._follow(line, terminal, host))
        finally:
            line.closing = True
            await terminal.close()

    async def _open(self, line: Line, host: str) -> Terminal:
        hypervisor = self._hypervisors.host(host)
        with suppress(CloudError):
            before = await hypervisor.console(line.instance_id)
            line.past = bytearray(b"" if isinstance(before, NotSupported) else before)
        terminal = await hypervisor.open_console(line.instance_id)
        if isinstance(terminal, NotSupported):
            raise Unsupported("A console to type into", f"the hypervisor of host {host} has none")
        return terminal

    async def _follow(self, line: Line, terminal: Terminal, host: str) -> Ending:
        try:
            while data := await terminal.read():
                line.say(data)
                await asyncio.sleep(PACE_S)
        except CloudError:
            return await self._reason(line.instance_id, host, "lost")
        return await self._reason(line.instance_id, host, "closed")

    async def _reason(self, instance_id: str, host: str, otherwise: Ending) -> Ending:
        """Say what became of the instance, as far as the cloud knows by now."""
        found = await self._store.read(lambda unit: unit.instances.get(instance_id))
        if found is None or found.state in (InstanceState.TERMINATED, InstanceState.SHUTTING_DOWN):
            return "terminated"
        if found.state in (InstanceState.STOPPED, InstanceState.STOPPING):
            return "stopped"
        return "moved" if found.moving_from or found.host != host else otherwise


def _end(line: Line, reason: Ending) -> None:
    for seat in line.seats:
        seat.tell(ended(reason))
