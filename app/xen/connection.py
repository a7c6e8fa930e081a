"""One supervised libvirt connection: opened again and again, given up as soon as a call on it hangs.

A call can not be cancelled, so after its deadline the whole connection is abandoned (keepalive frees the thread in the
end) and a new one opened. Two traps: an in-process test driver forgets its world with its connection, so that one is
never given up; and dropping the last reference to a connection closes it, which may hang: only threads that nobody
waits for do that.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import libvirt

from app.domain.errors import CloudError, Lost, TimedOut, Unavailable
from app.domain.ports import EventKind, HostEvent
from app.xen.address import Address, Kind
from app.xen.events import ensure_event_loop
from app.xen.faults import breaks_connection, translate
from app.xen.metadata import uuid_of
from app.xen.workers import Hung, Workers

T = TypeVar("T")
Listener = Callable[[HostEvent], None]
# Asked to power off or restart, a Xen guest must say within 60 s that it has heard; until then all that asks for the
# domain, if only in a list of all, waits for libvirt's lock on it.
DEAF_GUEST_S = 75.0
LIFECYCLE_WORDS = {0: "defined", 1: "undefined", 2: "started", 3: "suspended", 4: "resumed", 5: "stopped"}
LIFECYCLE_WORDS |= {6: "shutdown", 7: "suspended by the guest", 8: "crashed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Deadlines and waits, in seconds; tests make them short."""

    open_s: float = 20.0
    call_s: float = 10.0
    start_s: float = 60.0
    silence_s: float = 0.0
    first_retry_s: float = 0.5
    most_retry_s: float = 30.0
    alive_every_s: float = 5.0
    threads: int = 4
    most_stuck: int = 8

    def suited_to(self, address: Address) -> "Timing":
        """Lengthen the deadlines for a host that is slow to answer, and for what Xen's driver makes others wait for."""
        longer = {name: getattr(self, name) * address.patience for name in ("open_s", "call_s", "start_s")}
        if address.kind is Kind.XEN:
            longer["call_s"] = max(longer["call_s"], DEAF_GUEST_S)
        if address.kind is Kind.XEN or address.patience > 1:
            longer["silence_s"] = longer["call_s"]
        return replace(self, **longer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A libvirt connection and the events it is registered for."""

    libvirt: Any
    events: tuple[int, ...]

    def close(self) -> None:
        """Undo the registrations, which keep the connection alive inside libvirt, and close; may hang."""
        with suppress(libvirt.libvirtError):
            for event in self.events:
                self.libvirt.domainEventDeregisterAny(event)
        with suppress(libvirt.libvirtError):
            self.libvirt.unregisterCloseCallback()
        with suppress(libvirt.libvirtError):
            self.libvirt.close()


def dialled(address: Address) -> Any:
    """Open a connection that notices when nobody answers any more; on a thread."""
    ensure_event_loop()
    connection = libvirt.open(address.uri)
    if address.keepalive:
        try:
            connection.setKeepAlive(*address.keepalive)
        except libvirt.libvirtError:
            connection.close()
            raise
    return connection


class Connection:
    """The connection to one host. All methods belong to the asyncio loop that it was made on."""

    def __init__(
        self, host: str, address: Address, listener: Listener, timing: Timing, jitter: Callable[[], float]
    ) -> None:
        self.host, self.address, self.timing = host, address, timing
        self._listener, self._jitter = listener, jitter
        self._workers = Workers(host, timing.threads, timing.most_stuck)
        self._bulk = Workers(host, 2, 2)  # what lasts must not keep short calls waiting
        self._transfers = Workers(host, 2, 2)
        self._open: Opened | None = None
        self._detail = "not connected yet"
        self._tried, self._lost = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._supervise(), name=f"supervise {host}")

    async def call(self, action: str, work: Callable[[Any], T], deadline_s: float = 0, *, bulk: bool = False) -> T:
        """Run `work(connection)` on a thread of this host; raises Lost, TimedOut or Broken."""
        limit = deadline_s or self.timing.call_s
        opened = await self._opened(limit)
        try:
            return await (self._bulk if bulk else self._workers).run(action, lambda: work(opened.libvirt), limit)
        except Hung as error:
            if not self.address.in_process:
                self._give_up(opened, error.detail)
            raise TimedOut(self.host, action, limit) from error
        except libvirt.libvirtError as error:
            if breaks_connection(error):
                self._give_up(opened, str(error))
            raise translate(self.host, error) from error

    async def transfer(self, action: str, work: Callable[[Any], T], deadline_s: float) -> T:
        """Run `work(connection)` on a connection made for it, as whatever shares one waits behind all that it buffers.

        One that hangs, perhaps for a disk of this machine's, says nothing about the host.
        """
        await self._opened(self.timing.call_s)

        def carry() -> T:
            connection = dialled(self.address)
            try:
                return work(connection)
            finally:
                with suppress(libvirt.libvirtError):
                    connection.close()

        try:
            return await self._transfers.run(action, carry, self.timing.open_s + deadline_s)
        except libvirt.libvirtError as error:
            raise translate(self.host, error) from error

    async def close(self) -> None:
        """End supervision and let go of the host; a host that hangs delays this by a second at most."""
        self._task.cancel()
        await asyncio.wait([self._task])
        opened, self._open = self._open, None
        self._detail = "the host has left"
        self._tried.set()
        if opened is not None:
            with suppress(CloudError):
                await self._workers.run("closing", opened.close, 1.0)
        for workers in (self._workers, self._bulk, self._transfers):
            workers.stop()

    async def _opened(self, limit_s: float) -> Opened:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._tried.wait()
        if self._open is None:
            raise Lost(self.host, self._detail)
        return self._open

    async def _supervise(self) -> None:
        retry_s = self.timing.first_retry_s
        while True:
            try:
                self._open = await self._connect()
            except Unavailable as error:
                self._say_down(error.detail)
                self._tried.set()
            else:
                since = self._loop.time()
                self._tried.set()
                self._tell(EventKind.UP)
                await self._watch()
                if self._loop.time() - since > self.timing.most_retry_s:
                    retry_s = self.timing.first_retry_s
            await asyncio.sleep(retry_s * self._jitter())
            retry_s = min(retry_s * 2, self.timing.most_retry_s)

    async def _connect(self) -> Opened:
        self._lost.clear()
        given_up = threading.Event()

        def dial() -> Opened:
            opened = self._dial()
            if given_up.is_set():
                opened.close()
            return opened

        try:
            return await self._workers.run("connecting", dial, self.timing.open_s)
        except libvirt.libvirtError as error:
            raise Lost(self.host, str(error)) from error
        finally:  # one that comes late belongs to nobody
            given_up.set()

    def _dial(self) -> Opened:
        """Open and register for events; on a thread."""
        connection = dialled(self.address)
        connection.registerCloseCallback(self._on_closed, None)
        handlers = {
            libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: self._on_lifecycle,
            libvirt.VIR_DOMAIN_EVENT_ID_REBOOT: self._on_reboot,
        }
        events = tuple(connection.domainEventRegisterAny(None, event, does, None) for event, does in handlers.items())
        return Opened(libvirt=connection, events=events)

    async def _watch(self) -> None:
        """Return once the connection is lost."""
        period_s = None if self.address.in_process else self.timing.alive_every_s
        while not self._lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(period_s):
                    await self._lost.wait()
            if self._open is not None and not self._lost.is_set():
                await self._check(self._open)

    async def _check(self, opened: Opened) -> None:
        try:
            alive = await self._workers.run("isAlive", opened.libvirt.isAlive, self.timing.call_s)
        except Hung as error:
            self._give_up(opened, error.detail)
        except (CloudError, libvirt.libvirtError):
            return
        else:
            if not alive:
                self._give_up(opened, "the connection is no longer alive")

    def _give_up(self, opened: Opened, why: str) -> None:
        if opened is not self._open:
            return
        self._open = None
        self._say_down(why)
        self._lost.set()
        threading.Thread(target=opened.close, name=f"libvirt {self.host} closing", daemon=True).start()

    def _say_down(self, why: str) -> None:
        self._detail = why
        self._tell(EventKind.DOWN, detail=why)

    def _tell(self, kind: EventKind, instance_id: str = "", detail: str = "") -> None:
        self._listener(HostEvent(host=self.host, kind=kind, instance_id=instance_id, detail=detail))

    # Callbacks of libvirt; on its event thread, so they only pass the news on.

    def _on_closed(self, connection: Any, reason: int, opaque: Any) -> None:
        self._pass_on(self._closed, connection, f"the connection was closed ({reason})")

    def _on_lifecycle(self, connection: Any, domain: Any, event: int, detail: int, opaque: Any) -> None:
        self._pass_on(self._domain_changed, domain.name(), domain.UUIDString(), LIFECYCLE_WORDS.get(event, "changed"))

    def _on_reboot(self, connection: Any, domain: Any, opaque: Any) -> None:
        self._pass_on(self._domain_changed, domain.name(), domain.UUIDString(), "rebooted")

    def _pass_on(self, what: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(what, *arguments)

    def _closed(self, connection: Any, why: str) -> None:
        if self._open is not None and self._open.libvirt is connection:
            self._give_up(self._open, why)

    def _domain_changed(self, name: str, uuid: str, word: str) -> None:
        if uuid == uuid_of(name):
            self._tell(EventKind.DOMAIN, name, word)
