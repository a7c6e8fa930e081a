"""The Fabric of the machine that the server runs on.

Bridges are the kernel's and outlive the server; DHCP, the metadata address and names are answered in this process, on
sockets of their own for each bridge, unless leases are dnsmasq's. The trap: such a socket stays bound to the number of
its bridge, so when a bridge was made anew its sockets are, too.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from pyroute2 import IPRoute

from app.domain.errors import TimedOut, Unavailable
from app.domain.fabric import GuestDesk
from app.domain.firewall import SHUT, Firewall
from app.domain.joined import Joined
from app.domain.names import DNS_PORT
from app.domain.network import METADATA_ADDRESS, Member, Network
from app.network import dhcp
from app.network.dnsmasq import Dnsmasq
from app.network.joining import Joining
from app.network.links import Links, visited
from app.network.name_server import Listening, NameServer
from app.network.netlink import netlink
from app.network.public_card import PublicCard
from app.network.sight import Sight, Step, at_start, look, neighbours, number_of
from app.network.speech import Listener, Speech
from app.network.walls import Walls

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)
NETLINK_S = 10.0
BELIEVED_S = 30.0
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
    names: Listening | None = None

    def who(self, address: str) -> str | None:
        """Tell which instance has an address now."""
        return self.roll.of_address(address)

    def close(self) -> None:
        if self.leases:
            self.leases.abort()
        if self.metadata:
            self.metadata.close()
        if self.names:
            self.names.close()
        if self.listener:
            self.listener.close()


class KernelFabric:
    """The port `Fabric` over netlink; `owner` tells clouds of one machine apart, `answer` is asked for metadata.

    `public_card`: the card that public addresses are put on; empty: none is. `names` answers on the gateways and
    `lessor` gives leases, if there is one. `passing` is told each step before it is taken. `key_file` keeps the key by
    which gateways that are joined with this one know it.
    """

    def __init__(
        self,
        owner: str,
        answer: GuestDesk,
        public_card: str = "",
        names: NameServer | None = None,
        lessor: Dnsmasq | None = None,
        key_file: Path | None = None,
    ) -> None:
        self._joining = Joining(owner, key_file)
        self._joined: Sequence[Joined] | None = None
        self._links, self._answer, self._names, self._lessor = Links(owner), answer, names, lessor
        self.passing: Callable[[str], None] = _unwatched
        self._walls, self._public = Walls(owner), PublicCard(public_card, owner)
        self._known: Sequence[Network] = ()
        self._begun = False
        self._knows: dict[str, dict[str, str]] = {}
        self._read_s = -BELIEVED_S
        self._repaired: list[str] = []
        self._desks: dict[str, Desk] = {}
        self._one_at_a_time = ThreadPoolExecutor(1, thread_name_prefix="netlink")

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        firewall = self._joining.named(firewall)
        for name in self._desks.keys() - {network.name for network in networks}:
            self._desks.pop(name).close()
        await self._lease_only({network.bridge for network in networks})
        numbers, sight = await self._in_thread(lambda: self._build(networks, firewall))
        for network in networks:
            if not network.of_site:
                await self._attend(network, numbers[network.name])
        for network in networks:
            if network.of_site:  # last, since a bridge of theirs that is not there is no reason to leave ours unserved
                index, seen = visited(sight, network)
                await self._attend(seen, index)
        await self._in_thread(lambda: self._join(firewall.joined, sight))
        repaired, self._repaired = self._repaired, []
        return repaired

    def public_key(self) -> str:
        """Tell by which key other gateways know this one; blocking."""
        return self._joining.public_key()

    async def plan(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> list[str]:
        """Tell what `apply` would change, a line each, and change nothing."""
        return await self._in_thread(lambda: self._foretell(networks, self._joining.named(firewall)))

    async def bridges(self) -> list[str]:
        return await self._in_thread(self._seen_bridges)

    async def close(self) -> None:
        for desk in self._desks.values():
            desk.close()
        self._desks.clear()
        await self._lease_only(())

    def _build(self, networks: Sequence[Network], firewall: Firewall) -> tuple[dict[str, int], Sight]:
        """Walls first, so that nobody is on a bridge without; return the bridges' numbers and what else was seen.

        What a step repairs is told if it was right before.
        """
        with netlink() as route:
            sight, ours = look(route), [network for network in networks if not network.of_site]
            if ours:
                self.passing("packet rules")
            left = self._begin(ours, firewall, sight)
            if ours:
                self._repaired += self._walls.apply(ours, firewall, self._links.lent(ours, sight))
            sight = self._knowing(sight)
            steps = self._steps(route, sight, networks)
            was_right = {step.text for step in (self._steps(route, sight, self._known) if self._known else ())}
            for step in steps:
                self.passing(step.text)
                step.do()
                if step.wrong and step.text in was_right and step.wrong not in self._repaired:
                    self._repaired.append(step.wrong)
            self._repaired += at_start([*left, *(step.text for step in steps)] if left is not None else [])
            self._known, self._begun = networks, True
            self.passing("the end")
            return {one.name: number_of(one.bridge) for one in ours}, sight

    def _join(self, joined: Sequence[Joined], sight: Sight) -> None:
        """See to the ways to other gateways, after all else, which needs none of them."""
        if not joined and not self._joining.cards(sight):
            self._joined = joined
            return
        with netlink() as route:
            there, known = self._joining.cards(sight), self._joined
            steps = list(self._joining.steps(route, sight, joined))
            was_right = {step.text for step in (self._joining.steps(route, sight, known) if known is not None else ())}
            for step in steps:
                self.passing(step.text)
                step.do()
                if step.wrong and step.text in was_right:
                    self._repaired.append(step.wrong)
            self._repaired += at_start([step.text for step in steps]) if known is None and there else []
            self._joined = joined

    def _knowing(self, sight: Sight) -> Sight:
        """Add whom bridges know for good: read, or for a while, if something else is new, as it was left."""
        now_s = time.monotonic()
        if self._walls.quiet or now_s - self._read_s >= BELIEVED_S:
            self._knows, self._read_s = neighbours(), now_s
        return replace(sight, knows=self._knows)

    def _begin(self, ours: Sequence[Network], firewall: Firewall, sight: Sight) -> list[str] | None:
        """Tell what the rules of an earlier server lack, once; None later, or if nothing of that server is there.

        What of its bridges is missing, nobody knows to have been there, so that at the start every difference is told.
        """
        if self._begun or not (self._links.bridges(sight) or (ours and self._walls.stands())):
            return None
        return self._walls.begin(ours, firewall, self._links.lent(ours, sight)) if ours else []

    def _steps(self, route: IPRoute, sight: Sight, networks: Sequence[Network]) -> list[Step]:
        ours = [network for network in networks if not network.of_site]
        if ours:
            public = {member.public for network in ours for member in network.members} - {""}
            first = self._public.steps(route, sight, public)
        else:
            first = chain(self._public.leaving(route, sight), self._walls.steps())
        return [*first, *self._links.steps(route, sight, networks)]

    def _foretell(self, networks: Sequence[Network], firewall: Firewall) -> list[str]:
        with netlink() as route:
            sight, ours = look(route), [network for network in networks if not network.of_site]
            sight = replace(sight, knows=neighbours())
            self._walls.stands()  # who may not look is told so, instead of that there is nothing
            rules = self._walls.changes(ours, firewall, self._links.lent(ours, sight)) if ours else []
            ways = self._joining.steps(route, sight, firewall.joined)
            return rules + [step.text for step in (*self._steps(route, sight, networks), *ways)]

    def _seen_bridges(self) -> list[str]:
        with netlink() as route:
            return self._links.bridges(look(route))

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        """Work that was given up goes on, and what is asked for next waits for its end."""
        try:
            async with asyncio.timeout(NETLINK_S):
                return await asyncio.get_running_loop().run_in_executor(self._one_at_a_time, work)
        except TimeoutError:
            raise TimedOut("network", "the kernel", NETLINK_S) from None

    async def _lease_only(self, bridges: Collection[str]) -> None:
        if lessor := self._lessor:
            await self._in_thread(lambda: lessor.only(bridges))

    async def _lease(self, network: Network, index: int) -> None:
        lessor = self._lessor
        if lessor is not None and await self._in_thread(lambda: lessor.serve(network, index)):
            self._repaired.append(f"the dnsmasq of {network.bridge} had ended")

    async def _attend(self, network: Network, index: int) -> None:
        await self._lease(network, index)
        desk = self._desks.get(network.name)
        if desk is not None and desk.index == index and not _ended(desk) and not (desk.names and desk.names.ended):
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
        if self._lessor is None:
            leases = _bound(socket.SOCK_DGRAM, bridge, ("0.0.0.0", DHCP_PORT))  # noqa: S104 - this one bridge only
            desk.leases, _ = await loop.create_datagram_endpoint(lambda: _Dhcp(desk), sock=leases)
        if desk.roll.network.of_site:
            return
        metadata = _bound(socket.SOCK_STREAM, bridge, (METADATA_ADDRESS, METADATA_PORT))
        desk.listener = listener = Listener(desk.who, self._answer)
        desk.metadata = await loop.create_server(lambda: Speech(listener), sock=metadata, backlog=BACKLOG)
        if self._names and desk.roll.network.domain:
            gateway = (str(desk.roll.network.interface.ip), DNS_PORT)
            desk.names = Listening(self._names)
            await desk.names.to_datagrams(_bound(socket.SOCK_DGRAM, bridge, gateway))
            await desk.names.to_streams(_bound(socket.SOCK_STREAM, bridge, gateway))


def _unwatched(step: str) -> None:
    """Nobody wants to know."""


def _ended(desk: Desk) -> bool:
    if desk.leases is not None and desk.leases.is_closing():
        return True
    return not desk.roll.network.of_site and (desk.metadata is None or not desk.metadata.is_serving())


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
    except OSError as error:
        made.close()
        raise OSError(error.errno, f"port {address[1]}: {error.strerror}") from error
    return made
