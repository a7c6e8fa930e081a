"""A running guest goes to another host that shares no storage with its own: memory and disks, from host to host.

libvirt's managed migration: this process leads, over a connection of its own to either end, so hosts need no trust in
one another; only QEMU's data goes straight from one to the other. That is safe against a kill of ours at any moment: a
host ends a guest that is still coming in as soon as the connection is gone that it was announced on. The trap: between
"all is sent" and "it runs there" the guest stands still at both ends. What becomes of it then is for the loop to find
out by looking at both; here nothing is begun that would have to guess.
"""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import libvirt

from app.domain.errors import Broken, CloudError, Lost
from app.domain.ports import DomainSeen
from app.domain.states import Seen
from app.domain.transit import UNDER_WAY, UnderWay, in_transit
from app.xen import carried
from app.xen.address import Address, Kind
from app.xen.connection import Timing
from app.xen.console import MOST_BYTES, log_volume
from app.xen.domains import UNDEFINE_FLAGS, find, gone, observe
from app.xen.events import ensure_event_loop
from app.xen.faults import translate
from app.xen.fitness import check
from app.xen.pool import PoolOf
from app.xen.workers import Workers

FLAGS = {
    Kind.QEMU: libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
    | libvirt.VIR_MIGRATE_AUTO_CONVERGE
    | libvirt.VIR_MIGRATE_ABORT_ON_ERROR,
}
"""The hypervisors whose guests move alive, and how."""

LOOK_S = 10.0
"""How long one call waits; a move lasts as long as it takes, and who asks again joins it."""

BYTES_PER_S = 4 * 1024 * 1024  # the slowest that still counts as moving
LEEWAY_S = 30.0  # for libvirt to put everything back after a move was given up
_ON = frozenset({Seen.RUNNING, Seen.PAUSED})
_HERE_ONLY = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One of the two hosts."""

    host: str
    address: Address
    pool: PoolOf
    timing: Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What libvirt is asked for, and how long it may take."""

    domain: Any
    parameters: Mapping[str, Any]
    flags: int
    deadline_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _UnderWay:
    target: str
    task: "asyncio.Task[None]"


class Moves:
    """The moves away from one host."""

    def __init__(self) -> None:
        self._under_way: dict[str, _UnderWay] = {}

    async def join(self, instance_id: str, here: End, there: End, bridge: str) -> UnderWay | None:
        """Wait a while for the end of a move, which is begun if need be; who goes away does not end it."""
        move = self._under_way.get(instance_id)
        if move is None:
            lead = Lead(instance_id, here, there, bridge)
            task = asyncio.create_task(lead.run(), name=f"move {instance_id} to {there.host}")
            move = self._under_way[instance_id] = _UnderWay(target=there.host, task=task)
            task.add_done_callback(partial(self._over, instance_id))
        if move.target != there.host:
            raise Lost(here.host, f"{instance_id} is still on its way to {move.target}")
        done, _ = await asyncio.wait([move.task], timeout=LOOK_S)
        return move.task.result() if done else UNDER_WAY

    def close(self) -> None:
        for move in self._under_way.values():
            move.task.cancel()

    def _over(self, instance_id: str, task: "asyncio.Task[None]") -> None:
        self._under_way.pop(instance_id, None)
        if not task.cancelled():
            task.exception()  # seen by the caller, if there still is one


class Lead:
    """Leads one move over its own two connections."""

    def __init__(self, instance_id: str, here: End, there: End, bridge: str) -> None:
        self._id, self._here, self._there, self._bridge = instance_id, here, there, bridge
        self._workers = Workers(f"{here.host} moves", 2, 2)
        self._opened: list[Any] = []
        self._late = threading.Event()

    async def run(self) -> None:
        """Do it, unless it is done; Broken if it can not be, Lost or TimedOut if nobody knows."""
        timing = self._here.timing
        try:
            patience_s = timing.open_s + self._there.timing.open_s + timing.start_s
            planned = await self._workers.run("preparing a move", self._prepare, patience_s)
            if planned is not None:
                move = partial(self._perform, planned)
                await self._workers.run("moving a guest", move, planned.deadline_s + LEEWAY_S)
        except libvirt.libvirtError as error:
            raise translate(self._here.host, error) from error
        finally:
            with suppress(CloudError):
                await self._workers.run("closing", self._close, 1.0)
            self._workers.stop()

    # On threads.

    def _prepare(self) -> Planned | None:
        """Look at both ends; None: it has arrived already."""
        here = self._dial(self._here.address)
        domain = find(here, self._id)
        if domain is not None and domain.isActive() and domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
            raise Lost(self._here.host, f"something else is being done with the domain {self._id}")
        try:
            there = self._dial(self._there.address)
        except libvirt.libvirtError as error:
            raise Broken(self._there.host, f"it can not be reached: {error}") from error
        found = find(there, self._id)
        arrived = self._arrived(domain, found)
        if arrived or domain is None:
            return None
        if found is not None and found.isActive():
            raise Lost(self._there.host, f"an earlier move of {self._id} has not been ended there yet")
        if found is not None:  # so that what is defined there is from now on only what has lived there
            gone(lambda: found.undefineFlags(UNDEFINE_FLAGS[self._there.address.kind]))
        return self._plan(domain, here, there)

    def _arrived(self, domain: Any | None, found: Any | None) -> bool:
        mine, theirs = (None if each is None else observe(each) for each in (domain, found))
        runs_there = _on(theirs) and not _between(theirs)
        if _on(mine) and _between(mine):
            raise Lost(self._here.host, f"the domain {self._id} stands still between two hosts")
        if runs_there is _on(mine):
            where = "both hosts" if runs_there else "neither host"
            raise Broken(self._here.host, f"the domain {self._id} runs on {where}")
        return runs_there

    def _plan(self, domain: Any, here: Any, there: Any) -> Planned:
        pools = self._here.pool.path(here), self._there.pool.path(there)
        now = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE)
        kept = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        disks = carried.disks(now, pools[0])
        size = check(domain, now, disks, here, there, self._there.pool)
        parameters: dict[str, Any] = {
            libvirt.VIR_MIGRATE_PARAM_DEST_XML: carried.over(now, *pools, self._bridge),
            libvirt.VIR_MIGRATE_PARAM_PERSIST_XML: carried.over(kept, *pools, self._bridge),
        } | way_to(self._there.address)
        flags = FLAGS[self._here.address.kind]
        if disks:
            parameters[libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS] = disks
            flags |= libvirt.VIR_MIGRATE_NON_SHARED_INC  # what lies below an overlay is there already
        self._carry_console(here, there)
        slowness = max(self._here.address.patience, self._there.address.patience)
        deadline_s = self._here.timing.start_s + slowness * size / BYTES_PER_S
        return Planned(domain=domain, parameters=parameters, flags=flags, deadline_s=deadline_s)

    def _perform(self, planned: Planned) -> None:
        """Move it; past the deadline libvirt is told to give up, which leaves it running here."""
        timer = threading.Timer(planned.deadline_s, self._give_up, (planned.domain,))
        timer.daemon = True
        timer.start()
        try:
            planned.domain.migrate3(self._opened[1], dict(planned.parameters), planned.flags)
        except libvirt.libvirtError as error:
            if self._late.is_set() and error.get_error_code() == libvirt.VIR_ERR_OPERATION_ABORTED:
                why = f"the move of {self._id} did not end within {planned.deadline_s:.0f} s"
                raise Broken(self._here.host, why) from error
            raise
        finally:
            timer.cancel()

    def _give_up(self, domain: Any) -> None:
        self._late.set()
        with suppress(libvirt.libvirtError):
            domain.abortJob()

    def _carry_console(self, here: Any, there: Any) -> None:
        """Let what the guest has written so far stand in its log there, too."""
        log = log_volume(self._id)
        self._there.pool.write(there, log, self._here.pool.tail(here, log, MOST_BYTES))

    def _dial(self, address: Address) -> Any:
        ensure_event_loop()
        connection = libvirt.open(address.uri)
        self._opened.append(connection)
        if address.keepalive:
            connection.setKeepAlive(*address.keepalive)
        return connection

    def _close(self) -> None:
        for connection in self._opened:
            with suppress(libvirt.libvirtError):
                connection.close()


def _on(domain: DomainSeen | None) -> bool:
    return domain is not None and domain.state in _ON


def _between(domain: DomainSeen | None) -> bool:
    return domain is not None and in_transit(domain.state, domain.reason)


def way_to(address: Address) -> dict[str, str]:
    """Send the data to the address that the operator gave the host; else the host itself says which one it has."""
    name = urlsplit(address.uri).hostname
    if not name or name in _HERE_ONLY:
        return {}
    return {libvirt.VIR_MIGRATE_PARAM_URI: f"tcp://[{name}]" if ":" in name else f"tcp://{name}"}
