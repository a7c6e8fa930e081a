"""The console of a domain as a libvirt stream, over a connection of its own.

A guest that takes no input fills libvirtd's queue of requests, and then nothing else on that connection is answered;
so no console shares the connection that the host is supervised by. The trap: a stream's callback runs on libvirt's
event thread, which all hosts share: it only wakes whoever reads, and is switched off until that one has read.
"""

import asyncio
import threading
from contextlib import suppress
from typing import Any

import libvirt

from app.domain.errors import CloudError, Lost, TimedOut
from app.domain.terminal import MOST_READ_BYTES
from app.xen.address import Address
from app.xen.connection import Timing, dialled
from app.xen.faults import translate
from app.xen.workers import Hung, Workers

READABLE = libvirt.VIR_STREAM_EVENT_READABLE | libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP
WOULD_BLOCK = -2
AGAIN_S = 0.05
CLOSE_S = 1.0
THREADS = 2  # one may wait for a slow write while the other reads


async def dial(host: str, address: Address, uuid: str, timing: Timing) -> "LibvirtTerminal":
    """Connect and open the console of a running domain; Lost, TimedOut or Broken if that can not be had."""
    workers = Workers(f"{host} console", THREADS, THREADS)
    given_up = threading.Event()

    def work() -> tuple[Any, Any]:
        connection = dialled(address)
        try:
            stream = connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
            connection.lookupByUUIDString(uuid).openConsole(None, stream, 0)
        except libvirt.libvirtError:
            connection.close()
            raise
        if given_up.is_set():
            connection.close()
        return connection, stream

    try:
        connection, stream = await workers.run("opening a console", work, timing.open_s)
    except libvirt.libvirtError as error:
        workers.stop()
        raise translate(host, error) from error
    except BaseException:
        workers.stop()
        raise
    finally:
        given_up.set()
    return LibvirtTerminal(host, connection, stream, workers, timing.call_s)


class LibvirtTerminal:
    """The Terminal port over one stream."""

    def __init__(self, host: str, connection: Any, stream: Any, workers: Workers, patience_s: float) -> None:
        self._host, self._connection, self._stream = host, connection, stream
        self._workers, self._patience_s = workers, patience_s
        self._loop = asyncio.get_running_loop()
        self._readable = asyncio.Event()
        self._watched = self._closed = False

    async def read(self) -> bytes:
        while not self._closed:
            self._readable.clear()
            try:
                data = await self._workers.run("reading a console", self._take, self._patience_s)
            except libvirt.libvirtError as error:
                raise Lost(self._host, str(error)) from error
            if data is not None:
                return data
            await self._readable.wait()
        return b""

    async def write(self, data: bytes) -> None:
        waited_s = 0.0
        while data:
            if self._closed:
                raise Lost(self._host, "the console has ended")
            data = data[await self._send(data) :]
            if data:
                await asyncio.sleep(AGAIN_S)
                waited_s += AGAIN_S
            if waited_s > self._patience_s:
                raise TimedOut(self._host, "typing into a console", self._patience_s)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._readable.set()
        with suppress(CloudError):
            await self._workers.run("closing a console", self._end, CLOSE_S)
        self._workers.stop()

    async def _send(self, data: bytes) -> int:
        try:
            sent: int = await self._workers.run(
                "typing into a console", lambda: self._stream.send(data), self._patience_s
            )
        except Hung:
            await self.close()
            raise
        except libvirt.libvirtError as error:
            raise Lost(self._host, str(error)) from error
        return max(0, sent)

    # On threads.

    def _take(self) -> bytes | None:
        """Return what is there; if nothing is, have the event thread say when, and return None."""
        found = self._stream.recv(MOST_READ_BYTES)
        if found != WOULD_BLOCK:
            return bytes(found)
        if self._watched:
            self._stream.eventUpdateCallback(READABLE)
        else:
            self._watched = True
            self._stream.eventAddCallback(READABLE, self._on_event, None)
        return None

    def _end(self) -> None:
        with suppress(libvirt.libvirtError):
            if self._watched:
                self._stream.eventRemoveCallback()
            self._stream.abort()
        with suppress(libvirt.libvirtError):
            self._connection.close()

    def _on_event(self, stream: Any, events: int, opaque: Any) -> None:
        with suppress(libvirt.libvirtError):
            stream.eventUpdateCallback(0)
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._readable.set)
