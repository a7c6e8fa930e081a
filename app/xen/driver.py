"""One host over libvirt: the Hypervisor port for Xen, QEMU and libvirt's own test driver.

Each method is one function run on a thread of the host's connection; all look before they act, so that repeating is
harmless. A domain is found by the UUID derived from its instance's id, never by name alone: a foreign domain is never
touched. The trap: between looking and acting somebody else may act, so an error is forgiven when the state asked for
holds afterwards.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import libvirt

from app.domain.errors import Broken
from app.domain.files import PARTIAL
from app.domain.load import HostLoad
from app.domain.ports import (
    NOT_SUPPORTED,
    DomainSeen,
    DomainSpec,
    HostFacts,
    Hypervisor,
    NotSupported,
    VolumeSeen,
)
from app.domain.terminal import Terminal
from app.domain.transit import UnderWay
from app.xen import console, facts, load, rehearsed_move, saved, terminal
from app.xen.address import Address, Kind
from app.xen.carry import Carry
from app.xen.connection import Connection
from app.xen.domain_xml import flavour_of, plain, render, without_passwords
from app.xen.domains import UNDEFINE_FLAGS, cut, find, gone, list_domains, observe, once, run
from app.xen.errand import End, Errand
from app.xen.faults import is_internal, is_unsupported
from app.xen.live_move import Live
from app.xen.metadata import uuid_of
from app.xen.moves import Moves
from app.xen.pool import PoolOf

UPLOAD_BYTES_PER_S = 4 * 1024 * 1024  # the slowest that still counts as moving


class Driver:
    """The Hypervisor port over one supervised connection."""

    def __init__(self, connection: Connection, instance_path: str) -> None:
        self._connection = connection
        self._address: Address = connection.address
        self._host = connection.host
        self.silence_s = connection.timing.silence_s
        self._pool = PoolOf(connection.host, instance_path)
        self._uploads: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._running: set[asyncio.Task[None]] = set()
        self._moves = Moves(connection.host)

    async def facts(self) -> HostFacts:
        read_facts = partial(facts.read, address=self._address, pool=self._pool)
        # The first time a QEMU host probes its emulators, which takes seconds.
        return await self._connection.call("facts", read_facts, self._connection.timing.start_s)

    async def load(self) -> HostLoad:
        kind = self._address.kind
        return await self._connection.call("reading its load", lambda connection: load.read(connection, kind))

    async def domains(self) -> list[DomainSeen]:
        return await self._connection.call("listing domains", list_domains)

    async def domain(self, instance_id: str) -> DomainSeen | None:
        def look(connection: Any) -> DomainSeen | None:
            found = find(connection, instance_id)
            return None if found is None else observe(found)

        return await self._connection.call("looking a domain up", look)

    async def define(self, spec: DomainSpec) -> None:
        def work(connection: Any) -> None:
            if self._address.kind is Kind.QEMU:  # made beforehand, so that the pool knows the file from the start
                self._pool.make(connection, console.log_volume(spec.instance_id), 0, "raw")
            if self._address.kind is Kind.XEN:  # it is to boot, whatever was saved of it once
                saved.forget(connection, self._pool, spec.instance_id)
            architecture = connection.getInfo()[0]
            text = render(spec, flavour_of(self._address), self._pool.path(connection), architecture)
            connection.defineXML(text)

        await self._connection.call("defining a domain", work)

    async def start(self, instance_id: str) -> None:
        def work(connection: Any) -> None:
            domain = find(connection, instance_id)
            if domain is None:
                raise Broken(self._host, f"the domain {instance_id} is not defined")
            if self._address.kind is Kind.XEN:
                saved.go_on(connection, self._pool, domain, instance_id)
            run(domain)
            if self._address.kind is Kind.XEN:
                saved.forget(connection, self._pool, instance_id)

        await self._connection.call("starting a domain", work, self._connection.timing.start_s)

    async def shutdown(self, instance_id: str) -> NotSupported | None:
        return await self._ask("asking a guest to power off", instance_id, lambda domain: domain.shutdown())

    async def reboot(self, instance_id: str) -> NotSupported | None:
        return await self._ask("asking a guest to restart", instance_id, lambda domain: domain.reboot(0))

    async def reset(self, instance_id: str) -> None:
        """Restart hard; where the driver has no reset button, cut the power and start."""

        def work(connection: Any) -> None:
            domain = find(connection, instance_id)
            if domain is None or not domain.isActive():
                return
            try:
                domain.reset()
            except libvirt.libvirtError as error:
                if not is_unsupported(error):
                    raise
                once(domain.destroy, lambda: not domain.isActive())
                once(domain.create, lambda: bool(domain.isActive()))

        await self._connection.call("resetting a domain", work, self._connection.timing.start_s)

    async def destroy(self, instance_id: str) -> None:
        def work(connection: Any) -> None:
            domain = find(connection, instance_id)
            if domain is not None:
                cut(domain)

        await self._connection.call("cutting a domain's power", work, self._connection.timing.start_s)

    async def undefine(self, instance_id: str) -> None:
        """Remove the domain, with its power cut if need be, and its console log."""

        def work(connection: Any) -> None:
            domain = find(connection, instance_id)
            if domain is not None:
                cut(domain)
                gone(lambda: domain.undefineFlags(UNDEFINE_FLAGS[self._address.kind]))
            if self._address.kind is Kind.QEMU:
                self._pool.delete(connection, console.log_volume(instance_id))

        await self._connection.call("removing a domain", work, self._connection.timing.start_s)

    async def migrate(self, instance_id: str, target: Hypervisor, bridge: str = "") -> NotSupported | UnderWay | None:
        """Move it alive with QEMU, saved with Xen; between hosts of libvirt's test driver by `rehearsed_move`."""
        kind, there, receive = self._address.kind, getattr(target, "end", None), getattr(target, "receive", None)
        if receive is None or not isinstance(there, End) or there.address.kind is not kind:
            return NOT_SUPPORTED
        begin: Callable[[], Errand]
        match kind:
            case Kind.TEST:
                return await rehearsed_move.migrate(self, target, receive, instance_id)
            case Kind.QEMU:
                begin = partial(Live, instance_id, self.end, there, bridge)
            case Kind.XEN:
                begin = partial(Carry, instance_id, self.end, there, bridge)
            case _:
                return NOT_SUPPORTED
        return await self._moves.join(instance_id, there.host, begin)

    @property
    def end(self) -> End:
        """This host as one end of a move."""
        connection = self._connection
        return End(host=self._host, address=self._address, pool=self._pool, timing=connection.timing)

    async def definition(self, instance_id: str) -> str:
        """Return the definition of a domain; empty if there is none."""

        def work(connection: Any) -> str:
            domain = find(connection, instance_id)
            return "" if domain is None else str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))

        return await self._connection.call("reading a definition", work)

    async def described(self, instance_id: str) -> str:
        def work(connection: Any) -> str:
            domain = find(connection, instance_id)
            return "" if domain is None else without_passwords(str(domain.XMLDesc()))

        return await self._connection.call("describing a domain", work)

    async def receive(self, definition: str) -> NotSupported | None:
        """Define a domain as another host of the test driver has it."""
        if self._address.kind is not Kind.TEST:
            return NOT_SUPPORTED
        await self._connection.call("defining a domain", lambda connection: connection.defineXML(definition))
        return None

    async def console(self, instance_id: str) -> bytes | NotSupported:
        def work(connection: Any) -> bytes | NotSupported:
            found = find(connection, instance_id)
            observed = None if found is None else observe(found)
            if observed is None:
                return b""
            return console.read(connection, self._address.kind, self._pool, observed)

        return await self._connection.call("reading a console", work, bulk=True)

    async def open_console(self, instance_id: str) -> Terminal | NotSupported:
        """Open a console over a connection of its own; the test driver has none."""
        if self._address.kind is Kind.TEST:
            return NOT_SUPPORTED
        await self._connection.call(
            "looking a console up", lambda connection: _running(self._host, connection, instance_id)
        )
        return await terminal.dial(self._host, self._address, uuid_of(instance_id), self._connection.timing)

    async def volumes(self) -> list[VolumeSeen]:
        return await self._connection.call("listing volumes", self._pool.volumes)

    async def upload(self, name: str, source: Path, sha256: str) -> NotSupported | None:
        """Copy a file to the host; a caller that goes away does not end it, and one name is copied once at a time."""
        plain(name)
        if self._address.kind is Kind.TEST:
            return NOT_SUPPORTED
        task = asyncio.create_task(self._upload(name, source, sha256), name=f"upload {name}")
        self._running.add(task)
        task.add_done_callback(self._uploaded)
        await asyncio.shield(task)
        return None

    async def download(self, name: str, target: Path) -> NotSupported | None:
        plain(name)
        if self._address.kind is Kind.TEST:
            return NOT_SUPPORTED
        given_up = threading.Event()
        async with self._uploads[name]:
            size = await self._connection.call("measuring a volume", lambda found: self._pool.size_of(found, name))
            deadline_s = self._connection.timing.start_s + 3 * size / UPLOAD_BYTES_PER_S
            try:
                await self._connection.transfer(
                    "reading a volume back",
                    lambda connection: self._pool.download(connection, name, target, given_up),
                    deadline_s,
                )
            finally:
                given_up.set()
        return None

    async def create_volume(
        self, name: str, capacity_bytes: int, format: Literal["raw", "qcow2"], backing: str = ""
    ) -> None:
        plain(name)

        def work(connection: Any) -> None:
            self._pool.make(connection, name, capacity_bytes, format, backing)

        await self._connection.call("making a volume", work, self._connection.timing.start_s)

    async def delete_volume(self, name: str) -> None:
        plain(name)
        upload = self._uploads.get(name.removesuffix(PARTIAL))
        if upload is not None and upload.locked():
            return  # on its way just now; whoever wants it gone asks again
        await self._connection.call("deleting a volume", lambda connection: self._pool.delete(connection, name))

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        self._moves.close()
        await self._connection.close()

    async def _upload(self, name: str, source: Path, sha256: str) -> None:
        given_up = threading.Event()
        size = await asyncio.to_thread(lambda: source.stat().st_size)
        deadline_s = self._connection.timing.start_s + 2 * size / UPLOAD_BYTES_PER_S
        async with self._uploads[name]:
            try:
                await self._connection.transfer(
                    "uploading a volume",
                    lambda connection: self._pool.upload(connection, name, source, sha256, given_up),
                    deadline_s,
                )
            finally:
                given_up.set()

    def _uploaded(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen by the caller, if there still is one

    async def _ask(self, action: str, instance_id: str, ask: Callable[[Any], object]) -> NotSupported | None:
        def work(connection: Any) -> NotSupported | None:
            domain = find(connection, instance_id)
            if domain is None or not domain.isActive():
                return None
            try:
                once(lambda: ask(domain), lambda: not domain.isActive())
            except libvirt.libvirtError as error:
                if is_unsupported(error):
                    return NOT_SUPPORTED
                if not (self._address.kind is Kind.XEN and is_internal(error)):  # it was asked, and did not hear
                    raise
            return None

        return await self._connection.call(action, work, bulk=True)


def _running(host: str, connection: Any, instance_id: str) -> None:
    domain = find(connection, instance_id)
    if domain is None or observe(domain) is None or not domain.isActive():
        raise Broken(host, f"the domain {instance_id} does not run")
