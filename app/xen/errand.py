"""One move of an instance from host to host: on threads of its own, over a connection of its own to either end.

What is planned first says how long it may take. The trap: a thread can not be cancelled; one that nobody waits for any
more goes on until it asks `still_asked`, so it asks before anything that changes a host.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import libvirt

from app.domain.errors import Broken, CloudError, Lost
from app.domain.transit import in_transit
from app.xen.address import Address
from app.xen.connection import Timing, dialled
from app.xen.faults import translate
from app.xen.pool import PoolOf
from app.xen.states import seen
from app.xen.workers import Workers

BYTES_PER_S = 4 * 1024 * 1024  # the slowest that still counts as moving
LEEWAY_S = 30.0  # for libvirt to put everything back after a move was given up


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One of the two hosts."""

    host: str
    address: Address
    pool: PoolOf
    timing: Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done on a thread, and how long it may take."""

    do: Callable[[], None]
    deadline_s: float


class Errand(ABC):
    """Leads one move."""

    def __init__(self, instance_id: str, here: End, there: End) -> None:
        self._id, self._here, self._there = instance_id, here, there
        self._workers = Workers(f"{here.host} moves", 2, 2)
        self._opened: list[Any] = []
        self._left = threading.Event()

    async def run(self) -> None:
        """Do it, unless it is done; Broken if it can not be, Lost or TimedOut if nobody knows."""
        timing = self._here.timing
        try:
            patience_s = timing.open_s + self._there.timing.open_s + timing.start_s
            work = await self._workers.run("preparing a move", self._prepare, patience_s)
            if work is not None:
                await self._workers.run("moving a guest", work.do, work.deadline_s + LEEWAY_S)
        except libvirt.libvirtError as error:
            raise translate(self._here.host, error) from error
        finally:
            self._left.set()
            with suppress(CloudError):
                await self._workers.run("closing", self._close, 1.0)
            self._workers.stop()

    @abstractmethod
    def _prepare(self) -> Work | None:
        """Look at both ends and say what is to be done; None: nothing any more."""

    def _deadline_s(self, size: int) -> float:
        """Return how long so many bytes may be on their way."""
        slowness = max(self._here.address.patience, self._there.address.patience)
        return self._here.timing.start_s + slowness * size / BYTES_PER_S

    def _still_asked(self) -> None:
        """Keep a call that nobody waits for any more from changing anything."""
        if self._left.is_set():
            raise Lost(self._here.host, f"the move of {self._id} was given up")

    def _dial(self) -> Any:
        """Return the connection to where it comes from."""
        return self._open(self._here)

    def _dial_target(self) -> Any:
        """Return the connection to where it goes; a refusal if that can not be reached."""
        try:
            return self._open(self._there)
        except libvirt.libvirtError as error:
            raise Broken(self._there.host, f"it can not be reached: {error}") from error

    def _open(self, end: End) -> Any:
        connection = dialled(end.address)
        self._opened.append(connection)
        return connection

    def _close(self) -> None:
        for connection in self._opened:
            with suppress(libvirt.libvirtError):
                connection.close()


def between(domain: Any) -> bool:
    """Tell whether a domain stands still between two hosts."""
    return in_transit(*seen(*domain.state()))
