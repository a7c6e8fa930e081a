"""All hosts: each name joined is one supervised connection, chosen by the scheme of its URI.

The trap: joining again with another URI must close the old connection without making the caller wait for a host that
hangs, so closing happens in a task of its own.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.domain.errors import Missing
from app.domain.ports import DomainSpec, HostEvent, Hypervisor
from app.xen import rehearsal
from app.xen.address import Address, Kind, parse
from app.xen.connection import Connection, Timing
from app.xen.driver import Driver
from app.xen.scripted import Link, ScriptedHost

INSTANCE_PATH = "/var/lib/eucalyptus/instances"
Listener = Callable[[HostEvent], None]


@dataclass(slots=True)
class Joined:
    """One host; `node_file` is the open descriptor of a rehearsal host's node file, else -1."""

    uri: str
    hypervisor: Hypervisor
    node_file: int = -1

    async def close(self) -> None:
        await self.hypervisor.close()
        if self.node_file >= 0:
            os.close(self.node_file)
            self.node_file = -1


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

    def join(self, name: str, uri: str, listener: Listener, domains: Sequence[DomainSpec]) -> None:
        """Supervise a host from now on; Invalid if its URI can not be understood."""
        known = self._joined.get(name)
        if known is not None and known.uri == uri:
            return
        address = parse(uri)
        if known is not None:
            self._part(known)
        self._joined[name] = self._make(name, uri, address, listener, domains)

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
            await known.close()

    async def close(self) -> None:
        """Let go of all hosts; those that hang delay this by a second at most."""
        joined, self._joined = self._joined, {}
        await asyncio.gather(*(each.close() for each in joined.values()), *self._closing)
        links, self._links = self._links, {}
        await asyncio.gather(*(link.close() for link in links.values()))

    def _part(self, known: Joined) -> None:
        task = asyncio.get_running_loop().create_task(known.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _make(self, name: str, uri: str, address: Address, listener: Listener, domains: Sequence[DomainSpec]) -> Joined:
        if address.kind is Kind.SCRIPTED:
            return Joined(uri, self._scripted(name, address, listener))
        node_file = -1
        if address.rehearsal:
            node_uri, node_file = rehearsal.write(address.size, domains, self._instance_path)
            address = replace(address, uri=node_uri)
        connection = Connection(name, address, listener, self._timing.suited_to(address), self._jitter)
        return Joined(uri, Driver(connection, self._instance_path), node_file)

    def _scripted(self, name: str, address: Address, listener: Listener) -> ScriptedHost:
        link = self._links.get(address.socket)
        if link is None:
            link = self._links[address.socket] = Link(address.socket, self._timing, self._jitter)
        return ScriptedHost(name, address, link, listener)
