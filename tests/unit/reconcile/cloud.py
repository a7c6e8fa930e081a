"""A cloud for tests of the loop: real SQLite, a scripted world in its own process, services in twenty lines."""

import asyncio
import hashlib
import itertools
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.clock import SystemClock
from app.domain.errors import Broken, Missing
from app.domain.fabric import Fabric
from app.domain.far import Reach
from app.domain.host import Host
from app.domain.image import Image
from app.domain.instance import Instance
from app.domain.network import TRUSTED, NetworkPlan
from app.domain.ports import Clock, DomainSpec, HostEvent, Unit
from app.domain.power import PowerSwitch
from app.domain.states import Seen, Wanted
from app.reconcile.limits import Limits
from app.reconcile.loop import Reconciler
from app.services import captures, fencing, moves, power
from app.store.database import Database
from app.xen.connection import Timing
from app.xen.hosts import Hosts
from tests.deadline import PATIENCE_S
from tests.unit.reconcile.rows import a_host, an_image, an_instance

QUICK = Limits(
    resync_s=1.0,
    heartbeat_s=0.2,
    probe_s=1.0,
    shutdown_grace_s=0.2,
    reboot_grace_s=0.3,
    retry_first_s=0.02,
    retry_most_s=0.1,
    pass_s=5.0,
    slow_after_s=0.2,
)
QUICK_TIMING = Timing(open_s=1.0, call_s=0.6, start_s=1.0, first_retry_s=0.05, most_retry_s=0.1)


@dataclass
class Services:
    """What services do with the loop's reports."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def gave_up(self, unit: Unit, instance_id: str, code: str, reason: str) -> None:
        self.told.append(("gave up", instance_id))
        row = unit.instances.get(instance_id)
        assert row is not None
        wanted = Wanted.STOPPED if row.launched else Wanted.TERMINATED
        unit.instances.put(replace(row, wanted=wanted, state_reason_code=code, state_reason=reason))

    def powered_off(self, unit: Unit, instance_id: str, *, by_guest: bool) -> None:
        self.told.append(("powered off", instance_id))
        row = unit.instances.get(instance_id)
        assert row is not None
        ends = by_guest and row.shutdown_behavior == "terminate"
        unit.instances.put(replace(row, wanted=Wanted.TERMINATED if ends else Wanted.STOPPED))

    def sleep_refused(self, unit: Unit, name: str, why: str) -> None:
        self.told.append((f"no sleep: {why}", name))
        power.sleep_refused(unit, name, why)

    def woke(self, unit: Unit, name: str) -> None:
        self.told.append(("woke", name))
        power.woke(unit, name)

    def moved(self, unit: Unit, instance_id: str) -> None:
        self.told.append(("moved", instance_id))
        moves.done(unit, instance_id)

    def move_failed(self, unit: Unit, instance_id: str, reason: str) -> None:
        self.told.append(("move failed", reason))
        moves.failed(unit, instance_id, reason)

    def image_captured(self, unit: Unit, image_id: str, sha256: str, size_bytes: int) -> None:
        self.told.append(("captured", sha256))
        captures.done(unit, image_id, sha256, size_bytes)

    def image_failed(self, unit: Unit, image_id: str, code: str, reason: str) -> None:
        self.told.append(("not captured", reason))
        captures.failed(unit, image_id, code, reason)

    def host_cleaned(self, unit: Unit, name: str) -> None:
        self.told.append(("cleaned", name))
        fencing.cleaned(unit, name)

    def host_emptied(self, unit: Unit, name: str) -> None:
        self.told.append(("emptied", name))
        row = unit.hosts.get(name)
        if row is not None:
            unit.hosts.remove(row)


class Files:
    """The port ImageFiles on a dictionary."""

    def __init__(self) -> None:
        self.paths: dict[str, Path] = {}
        self.stored: dict[str, bytes] = {}

    def path(self, sha256: str) -> Path:
        try:
            return self.paths[sha256]
        except KeyError:
            raise Missing("image file", sha256) from None

    def checked(self, sha256: str) -> Path:
        path = self.path(sha256)
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise Broken("image library", f"the file {sha256} is damaged")
        return path

    @contextmanager
    def spool(self) -> Iterator[Path]:
        with TemporaryDirectory() as folder:
            yield Path(folder) / "lent"

    def add(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        content = b"".join(chunks)
        digest = hashlib.sha256(content).hexdigest()
        self.stored[digest] = content
        return digest, len(content)

    def remove(self, sha256: str) -> None:
        self.paths.pop(sha256, None)

    def digests(self) -> set[str]:
        return set(self.paths)


class World:
    """Stage directions for a scripted world."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._numbers = itertools.count(1)

    async def direct(self, script: str, host: str = "", **facts: Any) -> Any:
        """Give one direction; return its answer."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=1 << 24)
        try:
            return await self._ask(reader, writer, {"script": script, "host": host, **facts})
        finally:
            writer.close()
            await writer.wait_closed()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: dict[str, Any]) -> Any:
        number = next(self._numbers)
        writer.write(json.dumps({"id": number, **request}).encode() + b"\n")
        while True:
            answer = json.loads(await reader.readline())
            if answer.get("id") == number:
                assert "refused" not in answer, answer
                return answer["answer"]

    async def act(self, do: str, host: str, **facts: Any) -> Any:
        """Do on a host what somebody else than the loop may do there."""
        reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=1 << 24)
        try:
            return await self._ask(reader, writer, {"do": do, "host": host, **facts})
        finally:
            writer.close()
            await writer.wait_closed()

    async def done(self, *what: str) -> list[tuple[str, str]]:
        """List (action, instance) that hosts were told, in order; only of these kinds if any are named."""
        log = await self.direct("log")
        return [(each["do"], each["instance_id"]) for each in log if not what or each["do"] in what]


class Disguised(Hosts):
    """Opens `qemu:///NAME?socket=PATH` as a host of the scripted world, so that it counts as a real one."""

    def join(self, name: str, uri: str, listener: Callable[[HostEvent], None], domains: Sequence[DomainSpec]) -> None:
        super().join(name, uri.replace("qemu:", "scripted:"), listener, domains)


@dataclass
class Cloud:
    store: Database
    world: World
    services: Services
    files: Files
    limits: Limits
    hypervisors: Hosts
    clock: Clock
    reconciler: Reconciler
    switch: PowerSwitch | None = None

    async def restart(self) -> None:
        """Stop the loop and its connections and start anew on the same rows."""
        await self.close()
        self.hypervisors = Disguised(timing=QUICK_TIMING)
        self.reconciler = self._new_loop()
        await self.reconciler.start()

    async def close(self) -> None:
        await self.reconciler.stop()
        await self.hypervisors.close()

    def _new_loop(self) -> Reconciler:
        loop = Reconciler(
            store=self.store,
            hypervisors=self.hypervisors,
            images=self.files,
            clock=self.clock,
            outcomes=self.services,
            limits=self.limits,
        )
        if self.switch is not None:
            loop.govern(self.switch)
        return loop

    async def add(self, *rows: Instance | Host | Image) -> None:
        def work(unit: Unit) -> None:
            for row in rows:
                match row:
                    case Instance():
                        unit.instances.add(row)
                    case Host():
                        unit.hosts.add(row)
                    case Image():
                        unit.images.add(row)

        await self.store.write(work)

    async def change(self, instance_id: str, **columns: Any) -> None:
        """Change what is wanted."""

        def work(unit: Unit) -> None:
            row = unit.instances.get(instance_id)
            assert row is not None
            unit.instances.put(replace(row, **columns))

        await self.store.write(work)

    async def row(self, instance_id: str = "i-00000001") -> Instance:
        row = await self.store.read(lambda unit: unit.instances.get(instance_id))
        assert row is not None
        return row

    async def host(self, name: str = "host01") -> Host | None:
        return await self.store.read(lambda unit: unit.hosts.get(name))

    async def until(
        self, holds: Callable[[Instance], bool], instance_id: str = "i-00000001", within_s: float = PATIENCE_S
    ) -> Instance:
        """Wait until a row is as asked."""
        row = await self.row(instance_id)
        deadline = time.monotonic() + within_s
        while not holds(row):
            assert time.monotonic() < deadline, row
            await asyncio.sleep(0.01)
            row = await self.row(instance_id)
        return row

    async def until_host(self, holds: Callable[[Host | None], bool], name: str = "host01") -> Host | None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds(row := await self.host(name)):
            assert time.monotonic() < deadline, row
            await asyncio.sleep(0.01)
        return row

    def scripted(self, name: str = "host01", ordinal: int = 1, scheme: str = "scripted") -> Host:
        return a_host(name=name, ordinal=ordinal, uri=f"{scheme}:///{name}?socket={self.world.socket}")


def runs(row: Instance) -> bool:
    return row.state.value == "running" and row.seen is Seen.RUNNING


def has_ended(row: Instance) -> bool:
    return row.removed


@asynccontextmanager
async def scripted_world(socket: Path) -> AsyncIterator[World]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.xen.scripted_world", str(socket), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield World(socket)
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def a_cloud(
    folder: Path,
    limits: Limits = QUICK,
    hosts: int = 1,
    clock: Clock | None = None,
    fabric: Fabric | None = None,
    switch: Callable[[World], PowerSwitch] | None = None,
    timing: Timing = QUICK_TIMING,
    reach: Reach | None = None,
) -> AsyncIterator[Cloud]:
    """Serve a loop on scripted hosts host01, host02 … with one image that has no bytes; `fabric`: on a network, with
    `reach` on other machines, too; `switch`: their power is governed."""
    clock = clock or SystemClock()
    async with scripted_world(folder / "world") as world:
        store = Database.open(folder / "state" / "cloud.sqlite3", clock=clock)
        hypervisors, services, files = Disguised(timing=timing), Services(), Files()
        reconciler = Reconciler(
            store=store, hypervisors=hypervisors, images=files, clock=clock, outcomes=services, limits=limits
        )
        if fabric is not None:
            plan = NetworkPlan(bridge="eucabr0", subnet="10.9.0.0/24", tunnels=TRUSTED)
            reconciler.weave(fabric, plan, reach=reach)
        cloud = Cloud(store, world, services, files, limits, hypervisors, clock, reconciler)
        if switch is not None:
            cloud.switch = switch(world)
            reconciler.govern(cloud.switch)
        await cloud.add(an_image(), *(cloud.scripted(f"host{n:02}", n) for n in range(1, hosts + 1)))
        await reconciler.start()
        try:
            yield cloud
        finally:
            await cloud.close()
            await store.close()


async def launch(cloud: Cloud, **given: Any) -> Instance:
    """Add an instance and wait until it runs."""
    row = an_instance(**given)
    await cloud.add(row)
    return await cloud.until(runs, row.id)
