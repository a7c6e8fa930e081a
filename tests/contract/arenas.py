"""What the contract suite runs on: one hypervisor of each kind, with a back door for setting scenes.

The back door is never the port under test: a second libvirt connection, or stage directions.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libvirt

from app.domain.ports import DomainSpec, EventKind, HostEvent, Hypervisor, NotSupported
from app.domain.transit import UnderWay
from app.xen.connection import Timing
from app.xen.events import ensure_event_loop
from app.xen.hosts import Hosts
from app.xen.pool import PoolOf
from tests.contract.libvirtd import Libvirtd
from tests.deadline import PATIENCE_S
from tests.scripted_world import World

HOST = "h1"
FOREIGN_XML = """<domain type='{kind}'><name>{name}</name><memory unit='MiB'>{memory_mib}</memory><vcpu>{cores}</vcpu>
<os><type>hvm</type></os></domain>"""


class Ears:
    """Collects what hosts tell."""

    def __init__(self) -> None:
        self.heard: list[HostEvent] = []

    def __call__(self, event: HostEvent) -> None:
        self.heard.append(event)

    def count(self, kind: EventKind, instance_id: str = "") -> int:
        return sum(event.kind is kind and event.instance_id == instance_id for event in self.heard)


@dataclass(kw_only=True)
class Arena:
    """One joined host of some kind."""

    uri: str
    uploads: bool
    hosts: Hosts
    other_uri: str = "test:///rehearsal"
    moves: bool = True
    consoles: bool = True
    echoes: bool = False
    ears: Ears = field(default_factory=Ears)
    joined: list[str] = field(default_factory=lambda: [HOST])

    @property
    def host(self) -> Hypervisor:
        return self.hosts.host(HOST)

    def join(self) -> None:
        self.hosts.join(HOST, self.uri, self.ears, [])

    def join_another(self) -> Hypervisor:
        """Join a second host of the same kind, which is there for one test."""
        self.hosts.join("h2", self.other_uri, Ears(), [])
        self.joined.append("h2")
        return self.hosts.host("h2")

    def add_foreign(self, name: str, cores: int, memory_mib: int) -> None:
        raise NotImplementedError

    def foreign(self) -> dict[str, bool]:
        """List foreign domains: does it run?"""
        raise NotImplementedError

    def leave_behind(self) -> None:
        """Remove what the back door made."""

    async def close(self) -> None:
        """Empty the hosts and let go of them."""
        for host in map(self.hosts.host, self.joined):
            for domain in await host.domains():
                await host.undefine(domain.instance_id)
            for volume in await host.volumes():
                await host.delete_volume(volume.name)
        await self.hosts.close()
        self.leave_behind()


@dataclass(kw_only=True)
class LibvirtArena(Arena):
    kind: str
    back_door: Any = None
    made: list[str] = field(default_factory=list)

    def join(self) -> None:
        super().join()
        ensure_event_loop()
        self.back_door = libvirt.open(self.uri)

    def add_foreign(self, name: str, cores: int, memory_mib: int) -> None:
        text = FOREIGN_XML.format(kind=self.kind, name=name, memory_mib=memory_mib, cores=cores)
        self.back_door.defineXML(text).create()
        self.made.append(name)

    def foreign(self) -> dict[str, bool]:
        return {name: bool(self.back_door.lookupByName(name).isActive()) for name in self.made}

    def leave_behind(self) -> None:
        for name in self.made:
            domain = self.back_door.lookupByName(name)
            domain.destroy()
            domain.undefine()
        self.back_door.close()


@dataclass(kw_only=True)
class ScriptedArena(Arena):
    world: World
    name: str

    def add_foreign(self, name: str, cores: int, memory_mib: int) -> None:
        self.world.direct("foreign", self.name, instance_id=name, cores=cores, memory_mib=memory_mib)

    def foreign(self) -> dict[str, bool]:
        shown = self.world.direct("foreign_domains", self.name)
        return {domain["instance_id"]: domain["state"] == "running" for domain in shown}


def rehearsal_arena(daemon: Libvirtd) -> Arena:
    hosts = Hosts(instance_path=str(daemon.pool))
    return LibvirtArena(uri=daemon.test_uri, uploads=False, hosts=hosts, kind="test", consoles=False)


def qemu_arena(daemon: Libvirtd, other: Libvirtd, timing: Timing | None = None) -> LibvirtArena:
    """Two hosts that share nothing: the pool of the other one is made beforehand, for it has another folder."""
    hosts = Hosts(instance_path=str(daemon.pool), timing=timing)
    own_pool(other)
    return LibvirtArena(uri=daemon.qemu_uri, uploads=True, hosts=hosts, other_uri=other.qemu_uri, kind="qemu")


def own_pool(daemon: Libvirtd, folder: Path | None = None) -> None:
    """Have a daemon keep its volumes in its own folder, whatever the settings name."""
    ensure_event_loop()
    connection = libvirt.open(daemon.qemu_uri)
    PoolOf("", str(folder or daemon.pool)).open(connection)
    connection.close()


async def moved(here: Hypervisor, instance_id: str, there: Hypervisor, bridge: str = "") -> NotSupported | None:
    """Move a domain, however long it takes."""
    while True:
        answer = await here.migrate(instance_id, there, bridge)
        if not isinstance(answer, UnderWay):
            return answer


def in_process_arena() -> Arena:
    return LibvirtArena(uri="test:///default", uploads=False, hosts=Hosts(), kind="test", consoles=False)


def scripted_arena(world: World, name: str) -> Arena:
    other = world.uri(f"{name}-other")
    return ScriptedArena(
        uri=world.uri(name), uploads=True, hosts=Hosts(), other_uri=other, echoes=True, world=world, name=name
    )


def short() -> Timing:
    """Waits that suit tests of hosts that hang."""
    return Timing(open_s=1, call_s=1, start_s=2, first_retry_s=0.05, most_retry_s=0.5, alive_every_s=0.2)


def a_domain(instance_id: str = "i-0000abcd", **changes: Any) -> DomainSpec:
    """Build a small diskless domain."""
    facts: dict[str, Any] = {
        "instance_id": instance_id,
        "launch": 1,
        "cores": 1,
        "memory_mib": 64,
        "kernel": "",
        "ramdisk": "",
        "cmdline": "",
        "disks": (),
        "nics": (),
        "recovery": {"image": "emi-1"},
    }
    return DomainSpec(**(facts | changes))


async def until(holds: Callable[[], bool], deadline_s: float = PATIENCE_S) -> None:
    """Wait for a condition that another process brings about."""
    end = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end, "the condition did not come to hold"
        await asyncio.sleep(0.02)


def a_file(folder: Path, content: bytes) -> Path:
    path = folder / "content"
    path.write_bytes(content)
    return path
