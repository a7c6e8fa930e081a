"""All hosts: each name joined is one supervised connection, chosen by the scheme of its URI.

The trap: joining again with another URI must close the old connection without making the caller wait for a host that
hangs, so closing happens in a task of its own.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.errors import Missing
from app.domain.ports import DomainSpec, HostEvent, Hypervisor
from app.xen import rehearsal
from app.xen.address import Address, Kind, parse
from app.xen.connection import Connection, Timing
from app.xen.driver import Driver
from app.xen.scripted import Link, ScriptedHost

INSTANCE_PATH = "/var/lib/eucalyptus/instances"
Listener = Callable[[HostEvent], None]


@dataclass(frozen=True, slots=True)
class Joined:
    uri: str
    hypervisor: Hypervisor


class Hosts:
    """The Hypervisors port. `jitter` returns a factor near 1 that spreads reconnects."""

    def __init__(
        self,
        *,
        instance_path: str = INSTANCE_PATH,
        timing: Timing | None = None,
        jitter: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._instance_path, self._jitter = instance_path, jitter
        self._timing = timing or Timing()
        self._joined: dict[str, Joined] = {}
        self._links: dict[str, Link] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._folder: Path | None = None
        self._node_files = 0

    def join(self, name: str, uri: str, listener: Listener, domains: Sequence[DomainSpec]) -> None:
        """Supervise a host from now on; Invalid if its URI can not be understood."""
        known = self._joined.get(name)
        if known is not None and known.uri == uri:
            return
        address = parse(uri)
        if known is not None:
            self._part(known)
        self._joined[name] = Joined(uri, self._make(name, address, listener, domains))

    def host(self, name: str) -> Hypervisor:
        """Return a joined host; Missing otherwise."""
        try:
            return self._joined[name].hypervisor
        except KeyError:
            raise Missing("host", name) from None

    async def leave(self, name: str) -> None:
        """Let go of a host; what runs there runs on."""
        known = self._joined.pop(name, None)
        if known is not None:
            await known.hypervisor.close()

    async def close(self) -> None:
        """Let go of all hosts; those that hang delay this by a second at most."""
        joined, self._joined = self._joined, {}
        await asyncio.gather(*(each.hypervisor.close() for each in joined.values()), *self._closing)
        links, self._links = self._links, {}
        await asyncio.gather(*(link.close() for link in links.values()))
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _part(self, known: Joined) -> None:
        task = asyncio.get_running_loop().create_task(_close(known.hypervisor))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _make(self, name: str, address: Address, listener: Listener, domains: Sequence[DomainSpec]) -> Hypervisor:
        if address.kind is Kind.SCRIPTED:
            return self._scripted(name, address, listener)
        if address.rehearsal:
            address = replace(address, uri=self._node_file(address, domains))
        connection = Connection(name, address, listener, self._timing, self._jitter)
        return Driver(connection, self._instance_path)

    def _scripted(self, name: str, address: Address, listener: Listener) -> ScriptedHost:
        link = self._links.get(address.socket)
        if link is None:
            link = self._links[address.socket] = Link(address.socket, self._timing, self._jitter)
        return ScriptedHost(name, address, link, listener)

    def _node_file(self, address: Address, domains: Sequence[DomainSpec]) -> str:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="eucalyptus-rehearsal-"))
        self._node_files += 1
        path = self._folder / f"{self._node_files}.xml"
        return rehearsal.write(path, address.size, domains, self._instance_path)


async def _close(hypervisor: Hypervisor) -> None:
    await hypervisor.close()
