"""A guest that moves from one machine to another while somebody speaks with it: how long there is silence.

What moves is its card, as at the end of a live migration; the memory that a hypervisor copies before is no matter of
the network's. The trap: a hypervisor tells the wire by itself where the guest is now, so the test does it in its place.
"""

import asyncio
import socket
import struct
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from app.network.announcing import announce
from tests.deadline import PATIENCE_S, eventually
from tests.net.namespaces import Guest, Namespace

EVERY_S, PORT = 0.02, 7
_ECHO_REQUEST, _ECHO_REPLY = 8, 0


class Silence:
    """The longest time that passed between two answers."""

    def __init__(self) -> None:
        self.longest_s, self.answers = 0.0, 0
        self._last_s = time.perf_counter()

    def heard(self) -> None:
        now_s = time.perf_counter()
        self.longest_s, self._last_s = max(self.longest_s, now_s - self._last_s), now_s
        self.answers += 1

    def end(self) -> None:
        """Count the time since the last answer, too."""
        self.heard()
        self.answers -= 1


@contextmanager
def pinging(source: Namespace, address: str) -> Iterator[Silence]:
    """Ask for echoes from within a namespace all the while."""

    def ask(number: int) -> bytes:
        total = (_ECHO_REQUEST << 8) + number
        return struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0xFFFF - (total % 0xFFFF), 0, number)

    def run() -> None:
        with source.call(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)) as wire:
            wire.settimeout(EVERY_S)
            number = 0
            while not over.is_set():
                number = number % 0xFFF0 + 1
                with suppress(OSError):  # while there is no way
                    wire.sendto(ask(number), (address, 0))
                for answer in _heard(wire):
                    if answer[20] == _ECHO_REPLY:
                        silence.heard()
        silence.end()

    over, silence = Event(), Silence()
    with _thread(run, over):
        yield silence


@contextmanager
def talking(source: Namespace, target: Namespace, address: str) -> Iterator[Silence]:
    """Keep one TCP connection busy all the while; it is never opened again."""

    def echo() -> None:
        with server, server.accept()[0] as end:
            while said := end.recv(100):
                end.sendall(said)

    def run() -> None:
        with source.call(lambda: socket.create_connection((address, PORT), PATIENCE_S)) as end:
            end.settimeout(PATIENCE_S)
            while not over.is_set():
                end.sendall(b"?")
                if end.recv(100):
                    silence.heard()
                over.wait(EVERY_S)
        silence.end()

    over, silence, server = Event(), Silence(), target.call(lambda: socket.create_server((address, PORT)))
    with _thread(echo, Event()), _thread(run, over):
        yield silence


async def move(guest: Guest, address: str, old: Namespace, new: Namespace, bridge: str) -> None:
    """Take a guest's card from one machine to the bridge of another, where it tells the wire that it is there."""
    await move_silently(guest, old, new, bridge)
    guest.inside.call(lambda: announce("eth0", guest.mac, address))


async def move_silently(guest: Guest, old: Namespace, new: Namespace, bridge: str) -> None:
    """Take it there so that nobody hears of it."""
    await asyncio.to_thread(_carry, guest, old, new)
    for line in (f"link set {guest.port} master {bridge}", f"link set {guest.port} up"):
        assert new.run("ip", *line.split()).returncode == 0


async def silences(
    source: Namespace, target: Guest, address: str, moving: Callable[[], Awaitable[None]]
) -> tuple[Silence, Silence]:
    """Move somebody while pings and a connection go on; return how long each was without an answer."""
    with pinging(source, address) as pings, talking(source, target.inside, address) as talk:
        await _answered(pings, talk)
        await moving()
        await _answered(pings, talk)
    return pings, talk


async def _answered(*silences: Silence) -> None:
    before = [one.answers for one in silences]
    await asyncio.to_thread(
        eventually, lambda: all(one.answers >= first + 10 for one, first in zip(silences, before, strict=True))
    )


def _carry(guest: Guest, old: Namespace, new: Namespace) -> None:
    target = f"/proc/self/fd/{new.file}"
    command = ["ip", "link", "set", guest.port, "netns", target]
    old.call(lambda: subprocess.run(command, pass_fds=[new.file], check=True))


def _heard(wire: socket.socket) -> Iterator[bytes]:
    until = time.perf_counter() + EVERY_S
    while time.perf_counter() < until:
        try:
            yield wire.recv(100)
        except TimeoutError:
            return


@contextmanager
def _thread(work: Callable[[], None], over: Event) -> Iterator[None]:
    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
