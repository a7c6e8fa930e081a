"""Namespaces as guests on bridges, and what they say to each other, for the bench of the network."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from threading import Thread

from tests.net.namespaces import Guest, Namespace

SLICE, PORT = 32 << 20, 5201
_CHUNK = bytes(1 << 17)


@contextmanager
def plugged(machine: Namespace, *cards: tuple[str, str, str, str]) -> Iterator[list[Guest]]:
    """Put guests on bridges: bridge, MAC address, address with prefix length, gateway or nothing."""
    with ExitStack() as all_of_them:
        guests = []
        for bridge, mac, address, gateway in cards:
            guest = all_of_them.enter_context(closing(Guest(machine, bridge, mac)))
            guest.inside.run("ip", "address", "add", address, "dev", "eth0")
            if gateway:
                guest.inside.run("ip", "route", "add", "default", "via", gateway)
            guests.append(guest)
        yield guests
    for guest in guests:  # the kernel takes its time with what a namespace leaves
        machine.run("ip", "link", "delete", guest.port)


def has_heard(end: socket.socket, within_s: float = 2.0) -> bool:
    """Tell whether a datagram came, and take it."""
    if not select.select([end], [], [], within_s)[0]:
        return False
    end.recv(100)
    return True


class Stream:
    """A connection by TCP from the first guest to the second, which has this address."""

    def __init__(self, guests: list[Guest], address: str) -> None:
        with guests[1].inside.call(lambda: socket.create_server((address, PORT))) as listener:
            self._out = guests[0].inside.call(lambda: socket.create_connection((address, PORT), 5))
            self._in = listener.accept()[0]

    def mib_per_s(self) -> float:
        """Send a slice as fast as it goes."""
        taker = Thread(target=self._take)
        began = time.perf_counter()
        taker.start()
        for _ in range(SLICE // len(_CHUNK)):
            self._out.sendall(_CHUNK)
        taker.join()
        return SLICE / (time.perf_counter() - began) / (1 << 20)

    def _take(self) -> None:
        left, room = SLICE, bytearray(1 << 20)
        while left:
            left -= self._in.recv_into(room, min(left, len(room)))

    def close(self) -> None:
        self._out.close()
        self._in.close()
