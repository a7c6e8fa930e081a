"""Two gateways on one wire whose networks are one, each with a guest: what the ways between gateways are tested on."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from app.domain.firewall import Firewall
from app.domain.joined import Joined
from app.domain.network import Member, Network
from app.network.kernel import KernelFabric
from tests.net.capture import SAID
from tests.net.far import FarHost, lay_wire
from tests.net.namespaces import Guest, Namespace
from tests.net.yard import WEB, let, listening, member, out, silence

RULES = {WEB: (let(WEB), out())}


class Side:
    """A gateway with a network of one guest."""

    def __init__(self, wire: Namespace, folder: Path, number: int) -> None:
        self.name, self.head = f"gateway{number}", FarHost(wire, number)
        self.member = member(number, f"10.{number}.0.5", WEB)
        self.gateway, self.range = f"10.{number}.0.1/24", f"10.{number}.0.0/16"
        self.key_file = folder / f"{self.name}.key"
        self.fabric = self.another_fabric()
        self.guest: Guest

    @property
    def network(self) -> Network:
        return Network(name="a", bridge="eucabr0", gateway=self.gateway, members=(self.member,))

    def another_fabric(self) -> KernelFabric:
        """Make one that knows nothing yet, as a gateway has when it starts."""
        return KernelFabric(self.name, silence, key_file=self.key_file)

    def seen_from(self, other: "Side", *, sealed: bool, key: str = "") -> Joined:
        """Form the way that leads another one here."""
        return Joined(
            here=other.name,
            gateway=self.name,
            address=self.head.address,
            ranges=(self.range,),
            members=(self.member,),
            sealed=sealed,
            key=key or (self.fabric.public_key() if sealed else ""),
        )

    async def apply(self, *ways: Joined, networks: Sequence[Network] | None = None) -> Sequence[str]:
        """Have the gateway be as wanted, and tell what was broken."""
        with self.head.inside.entered():
            return await self.fabric.apply(
                (self.network,) if networks is None else networks, Firewall(rules=RULES, joined=ways)
            )

    def plug(self) -> None:
        self.guest = Guest(self.head.inside, "eucabr0", self.member.mac)
        inside = self.guest.inside
        inside.run("ip", "address", "add", f"{self.member.address}/24", "dev", "eth0")
        inside.run("ip", "route", "add", "default", "via", self.gateway.partition("/")[0])

    def says_to(self, other: Member) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(SAID, (other.address, 9000))

    async def close(self) -> None:
        with self.head.inside.entered():
            await self.fabric.close()
        self.guest.close()
        self.head.close()


class Neighbours:
    """Both sides of a way that is `sealed` or not."""

    def __init__(self, wire: Namespace, folder: Path, *, sealed: bool) -> None:
        self.wire, self.sealed = wire, sealed
        self.first, self.second = Side(wire, folder, 11), Side(wire, folder, 12)

    async def join(self) -> tuple[Sequence[str], Sequence[str]]:
        """Have both be joined with the other one as it is now, and tell what was broken."""
        first, second = self.first, self.second
        return (
            await first.apply(second.seen_from(first, sealed=self.sealed)),
            await second.apply(first.seen_from(second, sealed=self.sealed)),
        )

    async def hears(self, source: Side, at: Side) -> bool:
        """Have a guest say SAID, and tell whether the other one hears it."""
        return await asyncio.to_thread(self._hears, source, at)

    def _hears(self, source: Side, at: Side) -> bool:
        with at.guest.inside.call(lambda: listening(9000)) as heard:
            source.guest.inside.call(lambda: source.says_to(at.member))
            try:
                return heard.recv(100) == SAID
            except TimeoutError:
                return False


@asynccontextmanager
async def neighbouring(wire: Namespace, folder: Path, *, sealed: bool) -> AsyncIterator[Neighbours]:
    """Have two gateways that are joined."""
    with wire.entered():
        lay_wire()
    found = Neighbours(wire, folder, sealed=sealed)
    try:
        await found.join()
        for side in (found.first, found.second):
            side.plug()
        await found.join()
        yield found
    finally:
        for side in (found.first, found.second):
            await side.close()
