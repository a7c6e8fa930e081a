"""The Hypervisor port on simulated machines: deadlines, lost connections, answers that never come or come too late.

A request that is on its way belongs to the world, not to the server: it is carried out even if the server dies, or
after the server gave up waiting for it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any, Literal, Protocol

from app.domain.errors import Broken, Lost, Missing, TimedOut
from app.domain.load import HostLoad
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
from tests.simulation.loop import LIFE, VirtualLoop
from tests.simulation.machine import Machine, Refusal
from tests.simulation.script import Lies

CALL_S, START_S, OPEN_S, UPLOAD_S = 10.0, 60.0, 20.0, 90.0
FIRST_RETRY_S, MOST_RETRY_S = 0.5, 30.0
SLOW = frozenset({"start", "destroy", "undefine", "reset", "migrate", "create_volume", "facts"})
LONG = frozenset({"start", "migrate"})
Listener = Callable[[HostEvent], None]


class Watching(Protocol):
    """Who judges and writes down what the server does to hosts."""

    def issued(self, host: str, action: str, instance_id: str, name: str) -> None: ...

    def did(self, host: str, action: str, subject: str, outcome: str) -> None: ...


class Wires:
    """What lies between the server and all machines."""

    def __init__(self, loop: VirtualLoop, machines: dict[str, Machine], lies: Lies, watching: Watching) -> None:
        self.loop, self.machines, self.lies, self.watching = loop, machines, lies, watching
        self.links: dict[str, list[SimHost]] = {}
        self.under_way: Counter[str] = Counter()
        self.moving_until: dict[str, float] = {}
        self.came_late: dict[str, float] = {}

    def latency(self, machine: Machine) -> float:
        rng = self.lies.rng
        return (0.001 + rng.random() * 0.02) * machine.slow

    def tell(self, machine: Machine, instance_id: str, detail: str) -> None:
        """Pass a domain's event on to who is connected; it may be lost, late or doubled."""
        if not machine.reachable or machine.hung:
            return
        for link in self.links.get(machine.name, ()):
            for _ in range(self.lies.copies()):
                delay = self.latency(machine) + self.lies.event_delay()
                self.loop.later(delay, link.heard, instance_id, detail)

    def cut(self, machine: Machine, why: str) -> None:
        """Break all connections to a machine; the server learns it at once."""
        for link in list(self.links.get(machine.name, ())):
            link.lost(why)

    def send(self, link: "SimHost", machine: Machine, ask: "Ask") -> None:
        if self.lies.breaks():
            self.loop.later(self.latency(machine), link.lost, "connection reset")
            if self.lies.rng.random() < 0.5:
                return
        self.under_way[ask.owner] += 1
        self.loop.later(self.latency(machine), self._arrive, link, machine, ask)

    def _arrive(self, link: "SimHost", machine: Machine, ask: "Ask") -> None:
        if not machine.reachable or machine.hung:
            self.under_way[ask.owner] -= 1
            return
        busy = self.lies.rng.random() * (2.0 if ask.action in LONG else 0.05) * min(machine.slow, 20.0)
        delay = busy + self.lies.late(ask.action)
        if ask.action == "migrate":
            delay = self._in_turn(ask.instance_id, delay)
        self.loop.later(delay, self._carry_out, machine, machine.powered, machine.made[ask.name], ask)

    def _in_turn(self, instance_id: str, delay: float) -> float:
        """Hold a move back until all earlier ones of the same instance were carried out."""
        now = self.loop.time()
        until = max(now + delay, self.moving_until.get(instance_id, 0.0) + 0.001)
        self.moving_until[instance_id] = until
        return until - now

    def _carry_out(self, machine: Machine, powered: int, made: int, ask: "Ask") -> None:
        """Also a machine that nobody reaches any more finishes what it has begun; one without power does not."""
        self.under_way[ask.owner] -= 1
        if machine.powered != powered:
            return
        overtaken = ask.action == "delete_volume" and machine.made[ask.name] != made
        if self.loop.is_over(ask.life) or ask.future.done():
            self.came_late[ask.owner] = self.loop.time()
        outcome: Any = None
        error: Exception | None = None
        try:
            outcome = None if overtaken else machine.do(ask.action, ask.request)
        except Refusal as refusal:
            error = Broken(machine.name, str(refusal))
        self.watching.did(machine.name, ask.action, ask.subject, "" if error is None else str(error))
        if machine.reachable and not machine.hung and not self.lies.mute():
            self.loop.later(self.latency(machine), ask.answer, outcome, error)


class Ask:
    """One request under way."""

    def __init__(self, loop: asyncio.AbstractEventLoop, action: str, request: dict[str, Any]) -> None:
        self.action, self.request, self.life = action, request, LIFE.get()
        self.future: asyncio.Future[Any] = loop.create_future()
        spec = request.get("spec")
        self.instance_id = str(spec.instance_id if spec is not None else request.get("instance_id", ""))
        self.name = str(request.get("name", ""))
        self.subject = self.instance_id or self.name
        self.owner = self.instance_id or self.name.partition(".")[0]

    def answer(self, outcome: Any, error: Exception | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(outcome)
        else:
            self.future.set_exception(error)


class SimHost:
    """One host over one supervised connection of one life of the server."""

    def __init__(self, name: str, machine: Machine, wires: Wires, listener: Listener) -> None:
        self.name, self._machine, self._wires, self._listener = name, machine, wires, listener
        self.silence_s = 0.0
        self._up, self._detail = False, "not connected yet"
        self._life = copy_context()  # what the world tells sets off work of the server, which dies with it
        self._tried, self._down = asyncio.Event(), asyncio.Event()
        self._asked: dict[int, Ask] = {}
        self._uploads: dict[str, asyncio.Task[None]] = {}
        self._numbers = 0
        wires.links.setdefault(machine.name, []).append(self)
        self._task = asyncio.get_running_loop().create_task(self._supervise())

    async def facts(self) -> HostFacts:
        answer: HostFacts = await self._ask("facts")
        return answer

    async def load(self) -> HostLoad:
        raise Broken(self.name, "simulated machines do nothing")

    async def domains(self) -> list[DomainSeen]:
        answer: list[DomainSeen] = await self._ask("domains")
        return answer

    async def domain(self, instance_id: str) -> DomainSeen | None:
        answer: DomainSeen | None = await self._ask("domain", instance_id=instance_id)
        return answer

    async def define(self, spec: DomainSpec) -> None:
        await self._ask("define", spec=spec)

    async def start(self, instance_id: str) -> None:
        await self._ask("start", instance_id=instance_id)

    async def shutdown(self, instance_id: str) -> NotSupported | None:
        answer: NotSupported | None = await self._ask("shutdown", instance_id=instance_id)
        return answer

    async def reboot(self, instance_id: str) -> NotSupported | None:
        answer: NotSupported | None = await self._ask("reboot", instance_id=instance_id)
        return answer

    async def reset(self, instance_id: str) -> None:
        await self._ask("reset", instance_id=instance_id)

    async def destroy(self, instance_id: str) -> None:
        await self._ask("destroy", instance_id=instance_id)

    async def undefine(self, instance_id: str) -> None:
        await self._ask("undefine", instance_id=instance_id)

    async def migrate(self, instance_id: str, target: Hypervisor, bridge: str = "") -> NotSupported | None:
        assert isinstance(target, SimHost)
        await self._ask("migrate", instance_id=instance_id, target=target._machine)
        return None

    async def console(self, instance_id: str) -> bytes | NotSupported:
        return b""

    async def open_console(self, instance_id: str) -> NotSupported:
        return NOT_SUPPORTED

    async def described(self, instance_id: str) -> NotSupported:
        return NOT_SUPPORTED

    async def volumes(self) -> list[VolumeSeen]:
        answer: list[VolumeSeen] = await self._ask("volumes")
        return answer

    async def upload(self, name: str, source: Path, sha256: str) -> NotSupported | None:
        """As the real one: a caller that goes away does not end it, and one name is copied once at a time."""
        self._wires.watching.issued(self.name, "upload", "", name)
        running = self._uploads.get(name)
        if running is None or running.done():
            running = self._uploads[name] = asyncio.get_running_loop().create_task(self._upload(name))
            running.add_done_callback(_retrieve)
        await asyncio.shield(running)
        return None

    async def download(self, name: str, target: Path) -> NotSupported | None:
        return NOT_SUPPORTED

    async def create_volume(
        self, name: str, capacity_bytes: int, format: Literal["raw", "qcow2"], backing: str = ""
    ) -> None:
        await self._ask("create_volume", name=name, capacity_bytes=capacity_bytes, format=format, backing=backing)

    async def delete_volume(self, name: str) -> None:
        await self._ask("delete_volume", name=name)

    async def close(self) -> None:
        for task in self._uploads.values():
            task.cancel()
        self._wires.links[self._machine.name].remove(self)
        self.lost("the host has left", tell=False)
        self._tried.set()
        self._task.cancel()
        await asyncio.wait([self._task])

    def heard(self, instance_id: str, detail: str) -> None:
        if self._up:
            self._tell(EventKind.DOMAIN, instance_id, detail)

    def lost(self, why: str, *, tell: bool = True) -> None:
        """Note that the host is not reached; who waits for an answer learns it now."""
        was_up, self._up, self._detail = self._up, False, why
        self._down.set()
        for ask in list(self._asked.values()):
            ask.answer(None, Lost(self.name, why))
        if was_up and tell:
            self._tell(EventKind.DOWN, detail=why)

    async def _ask(self, action: str, **request: Any) -> Any:
        limit_s = START_S if action in SLOW else CALL_S
        await self._opened(limit_s)
        loop = asyncio.get_running_loop()
        ask = Ask(loop, action, request)
        self._wires.watching.issued(self.name, action, ask.instance_id, ask.name)
        return await self._wait(ask, limit_s)

    async def _opened(self, limit_s: float) -> None:
        if not self._tried.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._tried.wait()
        if not self._up:
            raise Lost(self.name, self._detail)

    async def _wait(self, ask: Ask, limit_s: float) -> Any:
        self._numbers += 1
        number = self._numbers
        self._asked[number] = ask
        self._wires.send(self, self._machine, ask)
        try:
            async with asyncio.timeout(limit_s):
                return await ask.future
        except TimeoutError:
            self.lost(f"{ask.action} did not answer")
            raise TimedOut(self.name, ask.action, limit_s) from None
        finally:
            del self._asked[number]

    async def _upload(self, name: str) -> None:
        await self._opened(CALL_S)
        machine, lies = self._machine, self._wires.lies
        if not machine.reachable or machine.hung:
            await asyncio.sleep(UPLOAD_S)
            self.lost("uploading a volume did not answer")
            raise TimedOut(self.name, "upload", UPLOAD_S)
        if lies.rng.random() < machine.refusing.get("upload", 0.0):
            raise Broken(self.name, "no space left in the pool")
        machine.begin_upload(name, lies.image_bytes)
        whole, powered = False, machine.powered
        try:
            await asyncio.sleep((0.5 + lies.rng.random() * 4.0) * min(machine.slow, 20.0))
            whole = self._connected() and machine.powered == powered
        finally:
            machine.end_upload(name, whole=whole)
        self._wires.watching.did(self.name, "upload", name, "" if whole else "broken off")
        if not whole:
            raise Lost(self.name, "the upload broke off")

    def _connected(self) -> bool:
        return self._up and self._machine.reachable and not self._machine.hung

    async def _supervise(self) -> None:
        loop, retry_s = asyncio.get_running_loop(), FIRST_RETRY_S
        while True:
            self._down.clear()
            try:
                if not self._machine.reachable:
                    raise Lost(self.name, "connection refused")
                await self._wait(Ask(loop, "hello", {}), OPEN_S)
            except (Lost, TimedOut, Broken) as error:
                self._detail = error.detail
                self._tried.set()
                self._tell(EventKind.DOWN, detail=error.detail)
            else:
                retry_s, self._up = FIRST_RETRY_S, True
                self._tried.set()
                self._tell(EventKind.UP)
                await self._down.wait()
            await asyncio.sleep(retry_s * (0.5 + 0.5 * self._wires.lies.rng.random()))
            retry_s = min(retry_s * 2, MOST_RETRY_S)

    def _tell(self, kind: EventKind, instance_id: str = "", detail: str = "") -> None:
        event = HostEvent(host=self.name, kind=kind, instance_id=instance_id, detail=detail)
        self._life.copy().run(self._listener, event)


class SimHypervisors:
    """The Hypervisors port of one life of the server; a URI's last part names the machine."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self._hosts: dict[str, SimHost] = {}

    def join(self, name: str, uri: str, listener: Listener, domains: Sequence[DomainSpec]) -> None:
        if name not in self._hosts:
            machine = self._wires.machines[uri.rpartition("/")[2]]
            self._hosts[name] = SimHost(name, machine, self._wires, listener)

    def host(self, name: str) -> SimHost:
        try:
            return self._hosts[name]
        except KeyError:
            raise Missing("host", name) from None

    async def leave(self, name: str) -> None:
        host = self._hosts.pop(name, None)
        if host is not None:
            await host.close()

    async def close(self) -> None:
        for name in list(self._hosts):
            await self.leave(name)


def _retrieve(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()
