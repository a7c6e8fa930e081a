"""A machine with guests on two networks and somebody outside, whose packets show what the walls let pass."""

import asyncio
import socket
from collections.abc import Collection, Sequence
from pathlib import Path

from app.domain.firewall import Firewall, Passage
from app.domain.group import permission
from app.domain.network import GuestAnswer, GuestRequest, Member, Network
from app.network.announcing import announce
from app.network.kernel import KernelFabric
from tests.deadline import eventually
from tests.net.namespaces import Guest, Namespace, make_bridge
from tests.net.probes import SILENCE_S, Try, passes, passing, reaches

WEB, DB, IDLE = "sg-0a", "sg-0b", "sg-0c"
OUTSIDE = "203.0.113.50"
PUBLIC = "203.0.113.77"


def let(peer: str, protocol: str = "-1", first: int | None = None, last: int | None = None) -> Passage:
    return Passage(egress=False, permission=permission(protocol, first, last, peer))


def out(peer: str = "0.0.0.0/0", protocol: str = "-1", first: int | None = None, last: int | None = None) -> Passage:
    return Passage(egress=True, permission=permission(protocol, first, last, peer))


def member(number: int, address: str, *groups: str, public: str = "") -> Member:
    return Member(
        instance_id=f"i-{number}",
        mac=f"d0:0d:00:00:00:{number:02x}",
        address=address,
        hostname="",
        groups=groups,
        public=public,
    )


ONE, TWO = member(1, "10.9.0.5", WEB, public=PUBLIC), member(2, "10.9.0.6", WEB)
THREE = member(3, "10.9.1.5", DB)
FIRST = Network(name="a", bridge="eucabr0", gateway="10.9.0.1/24", members=(ONE, TWO))
SECOND = Network(name="b", bridge="eucabr1", gateway="10.9.1.1/24", members=(THREE,))
NETWORKS = (FIRST, SECOND)


async def silence(asked: GuestRequest) -> GuestAnswer:
    return GuestAnswer(status=404)


class Yard:
    """A machine with two networks, a guest on each of the three places, and somebody outside."""

    def __init__(self, machine: Namespace) -> None:
        self.machine = machine
        self.fabric = KernelFabric("yard", silence, "pub0")
        self.guests: dict[str, Guest] = {}
        make_bridge("pub0", "203.0.113.1/24")

    async def begin(self, networks: Sequence[Network] = NETWORKS) -> None:
        await self.fabric.apply(networks)
        for network in networks:
            for one in network.members:
                self.add(one.instance_id, network.bridge, one.mac, one.address, network.gateway.partition("/")[0])
        self.add("outside", "pub0", "02:00:00:00:99:01", OUTSIDE, "203.0.113.1")
        await self.fabric.apply(networks)

    def add(
        self, name: str, bridge: str, mac: str, address: str, gateway: str, machine: Namespace | None = None
    ) -> None:
        guest = self.guests[name] = Guest(machine or self.machine, bridge, mac)
        guest.inside.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
        guest.inside.run("ip", "route", "add", "default", "via", gateway)
        guest.inside.call(lambda: Path("/proc/sys/net/ipv4/icmp_ratelimit").write_text("0"))

    def steal(self, thief: str, victim: Member) -> Namespace:
        """Have a guest take another one's MAC address and IP address together, and say so."""
        guest = self.guests[thief].inside
        for line in (
            f"link set eth0 down address {victim.mac}",
            "address flush dev eth0",
            "link set eth0 up",
            f"address add {victim.address}/24 dev eth0",
            "route add default via 10.9.0.1",
        ):
            assert guest.run("ip", *line.split()).returncode == 0, line
        guest.call(lambda: announce("eth0", victim.mac, victim.address))
        return guest

    async def apply(self, **rules: list[Passage]) -> Sequence[str]:
        return await self.judge(NETWORKS, **rules)

    async def judge(self, networks: Sequence[Network], **rules: list[Passage]) -> Sequence[str]:
        named = {name.replace("_", "-"): tuple(passages) for name, passages in rules.items()}
        return await self.fabric.apply(networks, Firewall(rules=named))

    async def passes(self, source: str, protocol: str, address: str, port: int = 0) -> bool:
        return await asyncio.to_thread(passes, self.guests[source].inside, protocol, address, port)

    async def reaches(self, source: str, protocol: str, address: str, port: int = 0) -> bool:
        return await asyncio.to_thread(reaches, self.guests[source].inside, protocol, address, port)

    async def passing(self, source: str, *tries: Try, due: Collection[Try] = ()) -> set[Try]:
        return await asyncio.to_thread(passing, self.guests[source].inside, tries, due)

    async def seen_as(self, source: str, address: str, at: str, port: int = 9000) -> str:
        """Tell by which address `at` sees somebody who sends datagrams to `address` until one comes."""
        return await asyncio.to_thread(eventually, lambda: self._seen_as(source, address, at, port))

    async def is_heard(self, source: str, address: str, at: str, port: int = 9000) -> bool:
        """Tell whether a datagram to `address` comes to `at`."""
        return bool(await asyncio.to_thread(self._seen_as, source, address, at, port))

    def _seen_as(self, source: str, address: str, at: str, port: int) -> str:
        with self.guests[at].inside.call(lambda: listening(port)) as heard:
            self.guests[source].inside.call(lambda: _send(address, port))
            try:
                return str(heard.recvfrom(100)[1][0])
            except TimeoutError:
                return ""

    def close(self) -> None:
        for guest in self.guests.values():
            guest.close()


def listening(port: int, patience_s: float = SILENCE_S) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("0.0.0.0", port))
    made.settimeout(patience_s)
    return made


def _send(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"?", (address, port))
