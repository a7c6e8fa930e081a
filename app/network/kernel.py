"""The Fabric of the machine that the server runs on.

Bridges are the kernel's and outlive the server; DHCP and the metadata address are answered in this process, on one
socket each for each bridge. The trap: such a socket stays bound to the number of its bridge, so when a bridge was made
anew its sockets are, too.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from app.domain.errors import TimedOut, Unavailable
from app.domain.fabric import GuestDesk
from app.domain.network import METADATA_ADDRESS, Member, Network
from app.network import dhcp
from app.network.links import Links
from app.network.speech import Listener, Speech

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)
NETLINK_S = 10.0
BACKLOG = 128
DHCP_PORT, CLIENT_PORT, METADATA_PORT = 67, 68, 80


class Roll:
    """Who is on a network, by MAC address and by address."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._by_mac = {member.mac.lower(): member for member in network.members}
        self._by_address = {member.address: member for member in network.members}

    def of_mac(self, mac: str) -> Member | None:
        return self._by_mac.get(mac)

    def of_address(self, address: str) -> str | None:
        member = self._by_address.get(address)
        return member.instance_id if member else None


class _Dhcp(asyncio.DatagramProtocol):
    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        roll = self._desk.roll
        told = dhcp.answer(data, roll.network, roll.of_mac)
        if told is not None:
            self._transport.sendto(told[0], (told[1], CLIENT_PORT))

    def error_received(self, exc: Exception) -> None:
        log.debug("a DHCP answer could not be sent", extra={"fields": {"bridge": self._desk.roll.network.bridge}})


@dataclass(slots=True)
class Desk:
    """What answers the guests of one network on the bridge with number `index`."""

    index: int
    roll: Roll
    leases: asyncio.DatagramTransport | None = None
    listener: Listener | None = None
    metadata: asyncio.Server | None = None

    def who(self, address: str) -> str | None:
        """Tell which instance has an address now."""
        return self.roll.of_address(address)

    def close(self) -> None:
        if self.leases:
            self.leases.abort()
        if self.metadata:
            self.metadata.close()
        if self.listener:
            self.listener.close()


class KernelFabric:
    """The port `Fabric` over netlink; `owner` tells clouds of one machine apart, `answer` is asked for metadata."""

    def __init__(self, owner: str, answer: GuestDesk) -> None:
        self._links, self._answer = Links(owner), answer
        self._desks: dict[str, Desk] = {}
        self._one_at_a_time = ThreadPoolExecutor(1, thread_name_prefix="netlink")

    async def apply(self, networks: Sequence[Network]) -> None:
        wanted = {network.name: network for network in networks}
        for name in self._desks.keys() - wanted.keys():
            self._desks.pop(name).close()
        numbers = await self._in_thread(lambda: self._links.apply(networks))
        for name, network in wanted.items():
            await self._attend(network, numbers[name])

    async def bridges(self) -> list[str]:
        return await self._in_thread(self._links.bridges)

    async def close(self) -> None:
        for desk in self._desks.values():
            desk.close()
        self._desks.clear()

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        """Work that was given up goes on, and what is asked for next waits for its end."""
        try:
            async with asyncio.timeout(NETLINK_S):
                return await asyncio.get_running_loop().run_in_executor(self._one_at_a_time, work)
        except TimeoutError:
            raise TimedOut("network", "the kernel", NETLINK_S) from None

    async def _attend(self, network: Network, index: int) -> None:
        desk = self._desks.get(network.name)
        if desk is not None and desk.index == index and not _ended(desk):
            desk.roll = Roll(network)
            return
        if desk is not None:
            desk.close()
        desk = Desk(index, Roll(network))
        try:
            await self._open(desk)
        except OSError as error:
            desk.close()
            raise Unavailable("network", f"no answers on {network.bridge}: {error.strerror}") from error
        self._desks[network.name] = desk

    async def _open(self, desk: Desk) -> None:
        loop, bridge = asyncio.get_running_loop(), desk.roll.network.bridge
        leases = _bound(socket.SOCK_DGRAM, bridge, ("0.0.0.0", DHCP_PORT))  # noqa: S104 - this one bridge only
        desk.leases, _ = await loop.create_datagram_endpoint(lambda: _Dhcp(desk), sock=leases)
        metadata = _bound(socket.SOCK_STREAM, bridge, (METADATA_ADDRESS, METADATA_PORT))
        desk.listener = listener = Listener(desk.who, self._answer)
        desk.metadata = await loop.create_server(lambda: Speech(listener), sock=metadata, backlog=BACKLOG)


def _ended(desk: Desk) -> bool:
    return desk.leases is None or desk.leases.is_closing() or desk.metadata is None or not desk.metadata.is_serving()


def _bound(kind: socket.SocketKind, bridge: str, address: tuple[str, int]) -> socket.socket:
    """Make a socket that hears this bridge only."""
    made = socket.socket(socket.AF_INET, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bridge.encode() + b"\0")
        if kind == socket.SOCK_DGRAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.bind(address)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
