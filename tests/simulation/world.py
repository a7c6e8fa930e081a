"""Everything outside the server: machines, the database file, the weather's effects, and one life of the server after
another on top of them.
"""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar

from app.domain.account import Caller
from app.domain.errors import CloudError, Missing
from app.domain.network import NetworkPlan
from app.domain.ports import DomainSpec, Unit
from app.domain.vmtype import Size
from app.reconcile.loop import Reconciler
from app.server.outcomes import Outcomes
from app.store.database import Database
from tests.simulation.book import Book
from tests.simulation.fabric import SimFabric
from tests.simulation.ground import Ground
from tests.simulation.links import SimHypervisors, Wires
from tests.simulation.loop import LIFE, Violated, VirtualLoop
from tests.simulation.machine import STRANGER, Domain, Machine, Outside
from tests.simulation.registrar import Registrar
from tests.simulation.script import Lies, NetLies, NetScript, Script
from tests.simulation.store import new_disk, open_store

Answer = TypeVar("Answer")
BRIDGE = "eucabr0"
BEGAN_MS = 1_800_000_000_000
STOPS_WITHIN_S = 4.0
QUIET = frozenset({"facts", "domain", "domains", "volumes", "hello"})
SIZES = (Size(cores=4, memory_mib=1024, disk_gb=60), Size(cores=8, memory_mib=2048, disk_gb=120))


class Trace:
    """What happened, in order: a digest of all of it and the newest lines."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._hash = hashlib.sha256()
        self.tail: deque[str] = deque(maxlen=30_000)

    def __call__(self, text: str) -> None:
        line = f"{self._loop.time():13.6f} #{self._loop.steps} {text}"
        self._hash.update(line.encode())
        self.tail.append(line)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class SimClock:
    """Virtual time; `skew_ms` is how far the wall clock was set wrong."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.skew_ms = 0

    def now_ms(self) -> int:
        return BEGAN_MS + round(self._loop.time() * 1000) + self.skew_ms

    def monotonic_s(self) -> float:
        return self._loop.time()


class Files:
    """The port ImageFiles; machines never read the bytes."""

    def path(self, sha256: str) -> Path:
        return Path("/images") / sha256

    def checked(self, sha256: str) -> Path:
        return self.path(sha256)

    def add(self, chunks: object) -> tuple[str, int]:
        raise Missing("image file", "of the simulation")

    @contextmanager
    def spool(self) -> Iterator[Path]:
        with TemporaryDirectory() as folder:
            yield Path(folder) / "lent"

    def remove(self, sha256: str) -> None:
        """There is nothing to remove."""

    def digests(self) -> set[str]:
        return set()


@dataclass(slots=True, eq=False)
class Server:
    """One life of the server."""

    life: int
    store: Database
    hypervisors: SimHypervisors
    reconciler: Reconciler
    ready: bool = False

    async def start(self) -> None:
        await self.reconciler.start()
        self.ready = True


class Reply(Generic[Answer]):
    """What a caller gets over the network; nothing if the server died or the network swallowed it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[Answer] = loop.create_future()

    def give(self, answer: Answer | None, error: CloudError | None) -> None:
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(answer)  # type: ignore[arg-type]


class World:
    """Holds the parts together; `violate` ends the simulation after the step under way."""

    def __init__(self, loop: VirtualLoop, rng: Random, script: Script, net_rng: Random, net: NetScript) -> None:
        self.loop, self.rng, self.script, self.net_rng, self.net = loop, rng, script, net_rng, net
        self.trace, self.clock = Trace(loop), SimClock(loop)
        self.disk = new_disk()
        self.net_lies = NetLies(rng=net_rng)
        self.registrar = Registrar(net.subnet, loop.time, self.violate)
        self.ground = self.registrar.ground = Ground(loop, net_rng, self.net_lies, self)
        self.book = Book(self.disk, self.registrar, loop.time, self.violate)
        self.book.told = lambda event, subject: self.trace(f"{event} {subject}")
        self.book.strict_room = "late_deeds" not in script.lies and "capacity change" not in script.every_s
        self.registrar.strict = self.book.strict_room
        self.lies = Lies(rng=rng)
        self.machines: dict[str, Machine] = {}
        self.wires = Wires(loop, self.machines, self.lies, self)
        self.book.machines, self.book.under_way = self.machines, self.wires.under_way
        self.book.came_late = self.wires.came_late
        self.server: Server | None = None
        self.lives = 0
        self.commits = self.deeds = 0
        self.after_commit = self.after_deed = 0
        self.bugs = Bugs(self)
        for number in range(1, script.hosts + 1):
            self._add_machine(f"host{number}")

    def violate(self, text: str) -> None:
        if self.loop.failure is None:
            self.trace(f"VIOLATED {text}")
            self.loop.failure = Violated(text)

    # --- what Wires tells ---

    def issued(self, host: str, action: str, instance_id: str, name: str) -> None:
        self.book.issued(host, action, instance_id, name)

    def did(self, host: str, action: str, subject: str, outcome: str) -> None:
        if action in QUIET:
            return
        self.trace(f"{host} {action} {subject} {outcome}")
        self.deeds += 1
        if self.deeds == self.after_deed:
            self.crash("after an action")

    def knitted(self, step: str, subject: str) -> None:
        """Take a step that changed the network."""
        self.registrar.knitted()
        self.did("network", step, subject, "")

    def turned(self, machine: Machine, domain: Domain) -> None:
        self.ground.turned(machine, domain)
        self.book.turned(machine, domain)
        self.registrar.turned(domain)

    def committed(self) -> None:
        """Judge a commit, and perhaps let the server die before anybody hears of it."""
        self.book.committed()
        self.commits += 1
        if self.commits == self.after_commit:
            self.crash("after a commit")

    # --- lives of the server ---

    def boot(self) -> None:
        """Start a server, as its service manager would."""
        if self.server is not None:
            return
        self.lives += 1
        context = self.loop.outside.copy()
        context.run(LIFE.set, self.lives)
        context.run(self._boot, self.lives, context)

    def _boot(self, life: int, context: Any) -> None:
        self.trace(f"server {life} starts")
        store = open_store(self.disk, self.clock, self.rng, self.committed)
        hypervisors = SimHypervisors(self.wires)
        reconciler = Reconciler(
            store=store,
            hypervisors=hypervisors,
            images=Files(),
            clock=self.clock,
            outcomes=Outcomes(),
            limits=self.script.limits,
        )
        if self.net.subnet:
            fabric = SimFabric(self.ground, self.registrar)
            reconciler.weave(fabric, NetworkPlan(bridge=BRIDGE, subnet=self.net.subnet))
        self.server = Server(life, store, hypervisors, reconciler)
        self.loop.create_task(self.server.start(), context=context)

    def crash(self, why: str, down_s: float | None = None) -> None:
        """Kill the server between two steps; hosts and the database file go on."""
        if self.server is None:
            return
        self.trace(f"server {self.server.life} killed {why}")
        self._end(self.server)
        self.loop.later(self.rng.random() * 90.0 if down_s is None else down_s, self.boot)

    def stop(self) -> None:
        """Ask the server to stop in good order and start it again."""
        server = self.server
        if server is not None and server.ready:
            server.ready = False
            context = self.loop.outside.copy()
            context.run(LIFE.set, server.life)
            self.trace(f"server {server.life} stops")
            self.loop.create_task(self._stop(server), context=context)

    async def _stop(self, server: Server) -> None:
        began = self.loop.time()
        await server.reconciler.stop()
        await server.hypervisors.close()
        took_s = self.loop.time() - began
        if took_s > STOPS_WITHIN_S:
            self.violate(f"the loop took {took_s:.1f} s to stop")
        await server.store.close()
        if self.server is server:
            self._end(server)
            self.loop.later(1.0, self.boot)

    def _end(self, server: Server) -> None:
        self.server = None
        self.loop.kill(server.life)
        self.wires.links.clear()
        self.ground.server_died()
        for machine in self.machines.values():
            machine.uploading.clear()

    # --- requests ---

    async def ask(self, work: Callable[[Unit], Answer]) -> Answer:
        """Send a request of a user over a network that may lose it or its answer; TimeoutError if nothing comes."""
        reply: Reply[Answer] = Reply(self.loop)
        server = self.server
        if server is not None and server.ready and self.rng.random() >= self.lies.lost_answers:
            context = self.loop.outside.copy()
            context.run(LIFE.set, server.life)
            self.loop.create_task(self._serve(server, work, reply), context=context)
        async with asyncio.timeout(20.0):
            return await reply.future

    async def _serve(self, server: Server, work: Callable[[Unit], Answer], reply: Reply[Answer]) -> None:
        answer: Answer | None = None
        error: CloudError | None = None
        try:
            answer = await server.store.write(work)
        except CloudError as refused:
            error = refused
        if self.rng.random() >= self.lies.lost_answers:
            self.loop.later(self.rng.random() * 0.02, reply.give, answer, error)

    # --- machines ---

    def _add_machine(self, name: str) -> None:
        outside = Outside(
            rng=self.rng,
            now=self.loop.time,
            later=self.loop.later,
            turned=self.turned,
            tell=self.wires.tell,
            violate=self.violate,
            bridged=self.ground.bridges.__contains__,
            gone=self.book.is_gone_from,
        )
        xen, size = self.rng.random() < self.script.xen, self.rng.choice(SIZES)
        machine = self.machines[name] = Machine(name=name, xen=xen, capacity=size, outside=outside)
        if self.script.strangers:
            machine.domains[STRANGER] = _stranger()

    def bring_down(self, machine: Machine, *, told: bool, powered: bool, empty: bool) -> None:
        """Take a machine off the network; without power its guests end."""
        self.trace(f"{machine.name} vanishes (told: {told}, power: {powered}, empty: {empty})")
        machine.reachable = False
        if not powered:
            machine.lose_power(empty=empty)
        if told:
            self.wires.cut(machine, "connection lost")

    def bring_up(self, machine: Machine) -> None:
        self.trace(f"{machine.name} is back")
        machine.reachable, machine.hung, machine.slow = True, False, 1.0
        self.wires.cut(machine, "connection reset")


class Bugs(logging.Handler):
    """What the product itself calls unexpected is a violation."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            self._world.violate(f"unexpected: {record.getMessage()}: {type(error).__name__}: {error}")


def caller(admin: bool = False) -> Caller:
    return Caller(account_id="000000000001", user_id="AIDAUSER", user_name="ana", admin=admin)


def _stranger() -> Domain:
    spec = DomainSpec(
        instance_id=STRANGER,
        launch=1,
        cores=1,
        memory_mib=128,
        kernel="",
        ramdisk="",
        cmdline="",
        disks=(),
        nics=(),
        recovery={},
    )
    return Domain(spec)
