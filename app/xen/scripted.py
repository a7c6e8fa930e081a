"""Hosts of a scripted world seen from the server: the Hypervisor port over one socket for all hosts of that world.

The link to the world is supervised once; each host is "connected" when it answers a greeting, and greeted again
with back-off after it was silent. The trap: a lost host answers nothing while the socket is fine, so a missed deadline
is all that tells.
"""

import asyncio
import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import msgspec

from app.domain.errors import Broken, Lost, TimedOut, Unavailable
from app.domain.load import DomainLoad, HostLoad
from app.domain.ports import (
    NOT_SUPPORTED,
    DomainSeen,
    DomainSpec,
    EventKind,
    HostEvent,
    HostFacts,
    Hypervisor,
    NotSupported,
    VolumeSeen,
)
from app.domain.states import Seen
from app.domain.vmtype import Size
from app.xen.address import Address
from app.xen.connection import Listener, Timing
from app.xen.domain_xml import plain
from app.xen.scripted_console import ScriptedTerminal

MOST_LINE_BYTES = 16 * 1024 * 1024


class Link:
    """The socket of one world, shared by its hosts."""

    def __init__(self, socket: str, timing: Timing, jitter: Callable[[], float]) -> None:
        self.timing, self.jitter = timing, jitter
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._hosts: dict[str, ScriptedHost] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._detail = "not connected yet"
        self._tried = asyncio.Event()
        self._task = asyncio.create_task(self._supervise(), name=f"world {socket}")

    def add(self, host: "ScriptedHost") -> None:
        self._hosts[host.address.name] = host

    def remove(self, host: "ScriptedHost") -> None:
        if self._hosts.get(host.address.name) is host:
            del self._hosts[host.address.name]

    async def ask(self, host: str, action: str, request: dict[str, Any], deadline_s: float) -> Any:
        """Send a request and wait for its answer; raises Lost, TimedOut or Broken."""
        await _tried(self._tried, deadline_s)
        if self._writer is None:
            raise Lost(host, self._detail)
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(_encoded({"id": number, **request}) + b"\n")
            async with asyncio.timeout(deadline_s):
                reply = await answer
        except TimeoutError:
            raise TimedOut(host, action, deadline_s) from None
        finally:
            del self._waiting[number]
        if reply is None:
            raise Lost(host, self._detail)
        if "refused" in reply:
            raise Broken(host, reply["refused"])
        return reply["answer"]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _supervise(self) -> None:
        retry_s = self.timing.first_retry_s
        while True:
            try:
                async with asyncio.timeout(self.timing.open_s):
                    reader, writer = await asyncio.open_unix_connection(self._socket, limit=MOST_LINE_BYTES)
            except (OSError, TimeoutError) as error:
                self._break(str(error))
            else:
                retry_s = self.timing.first_retry_s
                await self._talk(reader, writer)
            await asyncio.sleep(retry_s * self.jitter())
            retry_s = min(retry_s * 2, self.timing.most_retry_s)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._tried.set()
        try:
            while line := await reader.readline():
                self._hear(_decoded(line))
        except (OSError, ValueError):
            return
        finally:
            writer.close()
            self._break("the world hung up")

    def _hear(self, message: dict[str, Any]) -> None:
        if "event" in message:
            host = self._hosts.get(message["host"])
            if host is not None:
                host.heard(message)
            return
        answer = self._waiting.get(message["id"])
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _break(self, why: str) -> None:
        self._writer, self._detail = None, why
        self._tried.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(None)
        for host in list(self._hosts.values()):
            host.lost(why)


class ScriptedHost:
    """The Hypervisor port of one scripted host."""

    def __init__(self, name: str, address: Address, link: Link, listener: Listener) -> None:
        self.name, self.address = name, address
        self._link, self._listener = link, listener
        self._timing = link.timing.suited_to(address)
        self.silence_s = self._timing.silence_s
        self._up = False
        self._tried = asyncio.Event()
        self._detail = "not connected yet"
        self._down = asyncio.Event()
        self._terminals: dict[str, ScriptedTerminal] = {}
        link.add(self)
        self._task = asyncio.create_task(self._supervise(), name=f"greet {name}")

    async def facts(self) -> HostFacts:
        answer = await self._ask("facts")
        return HostFacts(
            hypervisor=answer["hypervisor"],
            architecture=answer["architecture"],
            capacity=Size(**answer["capacity"]),
            foreign=Size(**answer["foreign"]),
        )

    async def load(self) -> HostLoad:
        answer = await self._ask("load")
        domains = {name: DomainLoad(*counters) for name, counters in answer["domains"].items()}
        return HostLoad(answer["busy_ns"], answer["memory_used_bytes"], domains, {})

    async def domains(self) -> list[DomainSeen]:
        return [_seen(each) for each in await self._ask("domains")]

    async def domain(self, instance_id: str) -> DomainSeen | None:
        answer = await self._ask("domain", instance_id=instance_id)
        return None if answer is None else _seen(answer)

    async def define(self, spec: DomainSpec) -> None:
        kept = {key: getattr(spec, key) for key in ("instance_id", "launch", "cores", "memory_mib")}
        await self._ask("define", spec={**kept, "recovery": dict(spec.recovery)})

    async def start(self, instance_id: str) -> None:
        await self._ask("start", self._link.timing.start_s, instance_id=instance_id)

    async def shutdown(self, instance_id: str) -> NotSupported | None:
        await self._ask("shutdown", instance_id=instance_id)
        return None

    async def reboot(self, instance_id: str) -> NotSupported | None:
        await self._ask("reboot", instance_id=instance_id)
        return None

    async def reset(self, instance_id: str) -> None:
        await self._ask("reset", instance_id=instance_id)

    async def destroy(self, instance_id: str) -> None:
        await self._ask("destroy", instance_id=instance_id)

    async def undefine(self, instance_id: str) -> None:
        await self._ask("undefine", instance_id=instance_id)

    async def migrate(self, instance_id: str, target: Hypervisor, bridge: str = "") -> NotSupported | None:
        """Within one world only."""
        address = getattr(target, "address", None)
        if not isinstance(address, Address) or address.socket != self.address.socket:
            return NOT_SUPPORTED
        await self._ask("migrate", self._link.timing.start_s, instance_id=instance_id, target=address.name)
        return None

    async def console(self, instance_id: str) -> bytes | NotSupported:
        text: str = await self._ask("console", instance_id=instance_id)
        return text.encode()[-64 * 1024 :]

    async def open_console(self, instance_id: str) -> ScriptedTerminal:
        await self._ask("open_console", instance_id=instance_id)
        terminal = self._terminals[instance_id] = ScriptedTerminal(self.name, instance_id, self._ask)
        return terminal

    async def described(self, instance_id: str) -> NotSupported:
        return NOT_SUPPORTED

    async def volumes(self) -> list[VolumeSeen]:
        return [VolumeSeen(**each) for each in await self._ask("volumes")]

    async def upload(self, name: str, source: Path, sha256: str) -> NotSupported | None:
        """Hand over the file's path: the world is on this machine."""
        path = str(await asyncio.to_thread(source.absolute))
        await self._ask("upload", self._link.timing.start_s, name=plain(name), source=path, sha256=sha256)
        return None

    async def download(self, name: str, target: Path) -> NotSupported | None:
        path = str(await asyncio.to_thread(target.absolute))
        await self._ask("download", self._link.timing.start_s, name=plain(name), target=path)
        return None

    async def create_volume(
        self, name: str, capacity_bytes: int, format: Literal["raw", "qcow2"], backing: str = ""
    ) -> None:
        await self._ask(
            "create_volume", name=plain(name), capacity_bytes=capacity_bytes, format=format, backing=backing
        )

    async def delete_volume(self, name: str) -> None:
        await self._ask("delete_volume", name=plain(name))

    async def close(self) -> None:
        self._link.remove(self)
        self._detail, self._up = "the host has left", False
        self._tried.set()
        for terminal in self._terminals.values():
            terminal.end(self._detail)
        self._task.cancel()
        await asyncio.wait([self._task])

    def heard(self, message: dict[str, Any]) -> None:
        """Take an event of the world."""
        if message["event"] == "down":
            self.lost(message["detail"])
        elif message["event"] == "console":
            self._terminals.pop(message["instance_id"]).end()
        else:
            self._tell(EventKind.DOMAIN, message["instance_id"], message["detail"])

    def lost(self, why: str) -> None:
        """Note that the host is not reached; greeting it begins again."""
        was_up, self._up, self._detail = self._up, False, why
        self._down.set()
        terminals, self._terminals = self._terminals, {}
        for terminal in terminals.values():
            terminal.end(why)
        if was_up:
            self._tell(EventKind.DOWN, detail=why)

    async def _ask(self, do: str, deadline_s: float = 0, **request: Any) -> Any:
        limit_s = deadline_s or self._timing.call_s
        await _tried(self._tried, limit_s)
        if not self._up:
            raise Lost(self.name, self._detail)
        try:
            return await self._link.ask(self.name, do, {"host": self.address.name, "do": do, **request}, limit_s)
        except Unavailable as error:
            self.lost(error.detail)
            raise

    async def _supervise(self) -> None:
        timing, retry_s = self._link.timing, self._link.timing.first_retry_s
        greeting = {"host": self.address.name, "do": "hello", "size": asdict(self.address.size)}
        while True:
            self._down.clear()
            try:
                await self._link.ask(self.name, "hello", greeting, timing.open_s)
            except (Unavailable, Broken) as error:
                self._detail = error.detail
                self._tried.set()
                self._tell(EventKind.DOWN, detail=error.detail)
            else:
                retry_s, self._up = timing.first_retry_s, True
                self._tried.set()
                self._tell(EventKind.UP)
                await self._down.wait()
            await asyncio.sleep(retry_s * self._link.jitter())
            retry_s = min(retry_s * 2, timing.most_retry_s)

    def _tell(self, kind: EventKind, instance_id: str = "", detail: str = "") -> None:
        self._listener(HostEvent(host=self.name, kind=kind, instance_id=instance_id, detail=detail))


async def _tried(event: asyncio.Event, deadline_s: float) -> None:
    """Wait for the first try, if it is not over yet: a timer for each call would be dearer than the call."""
    if not event.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await event.wait()


def _encoded(request: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(request)
    except UnicodeEncodeError:  # half of a surrogate pair, as text of users may hold
        return json.dumps(request).encode()


def _decoded(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        return json.loads(line)


def _seen(answer: dict[str, Any]) -> DomainSeen:
    return DomainSeen(
        instance_id=answer["instance_id"],
        state=Seen(answer["state"]),
        launch=answer["launch"],
        reason=answer["reason"],
        recovery=answer["recovery"],
    )
