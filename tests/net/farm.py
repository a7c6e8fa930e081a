"""The gateway's machine with a guest, and two hosts on its wire with three more: what far hosts are tested on."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from app.domain.network import TUNNEL_MTU, Member, Network
from app.network.far_links import locks, orders, read
from app.network.outreach import LOOK, Outreach
from app.network.shells import Shells
from tests.net.far import SSHD, FarHost, Keys, ShellsWithoutSsh, lay_wire
from tests.net.moving import move, silences
from tests.net.namespaces import Namespace
from tests.net.namespaces import missing as missing_for_namespaces
from tests.net.probes import Try
from tests.net.yard import DB, WEB, Yard, let, member, out

HERE, ONE, TWO = member(1, "10.9.0.5", WEB), member(2, "10.9.0.6", WEB), member(3, "10.9.0.7", DB)
OTHER = member(4, "10.9.0.8", DB)
WHOLE = Network(name="a", bridge="eucabr0", gateway="10.9.0.1/24", mtu=TUNNEL_MTU, members=(HERE, ONE, TWO, OTHER))


def missing() -> str:
    """Say what far hosts lack on this machine; empty: nothing."""
    return missing_for_namespaces("busybox", "ip", "ssh", SSHD)


class Farm:
    """`whole` is the network of all four guests."""

    def __init__(self, machine: Namespace, folder: Path, whole: Network, keys: Keys | None) -> None:
        lay_wire()
        self.yard, self.whole = Yard(machine), whole
        self.first, self.second = FarHost(machine, 11), FarHost(machine, 12)
        self.key_file = folder / "keys" / "tunnels"
        self.shells = Shells(["-F", str(keys.config)]) if keys else ShellsWithoutSsh([self.first, self.second])
        self.outreach = self.another_outreach()
        self.at_first, self.at_second = replace(whole, members=(ONE, TWO)), replace(whole, members=(OTHER,))

    def another_outreach(self, gateway: str = "") -> Outreach:
        """Make one that knows nothing yet, as a server has when it starts."""
        return Outreach("yard", self.shells, self.key_file, gateway)

    async def reach(self) -> list[str]:
        told = await asyncio.gather(
            self.outreach.reach(self.first.shell, [self.at_first]),
            self.outreach.reach(self.second.shell, [self.at_second]),
        )
        return [clause for clauses in told for clause in clauses]

    async def begin(self) -> None:
        bridge = self.whole.bridge
        await self.yard.fabric.apply([self.whole])
        await self.reach()
        self.yard.add(HERE.instance_id, bridge, HERE.mac, HERE.address, "10.9.0.1")
        for host, one in ((self.first, ONE), (self.first, TWO), (self.second, OTHER)):
            self.yard.add(one.instance_id, bridge, one.mac, one.address, "10.9.0.1", host.inside)
        await self.yard.fabric.apply([self.whole])
        await self.reach()

    async def reached(self, due: Collection[tuple[str, str]] = ()) -> set[tuple[str, str]]:
        """List by their numbers who reaches whom; those that must are not given up soon."""
        names = {Try("tcp", one.address, 80): one.instance_id for one in (HERE, ONE, TWO, OTHER)}
        found: set[tuple[str, str]] = set()
        for source in names.values():
            tries = [one for one, name in names.items() if name != source]
            sure = [one for one in tries if (source, names[one]) in due]
            found |= {(source, names[one]) for one in await self.yard.passing(source, *tries, due=sure)}
        return found

    async def open(self) -> None:
        """Let everything come in to the first group."""
        await self.yard.judge([self.whole], **{WEB: [let("0.0.0.0/0"), out()]})

    async def silence_of_a_move(self, old: FarHost, new: FarHost) -> tuple[float, float]:
        """Move a guest as a live migration does; tell for how many seconds pings and a connection had no answer."""
        guest = self.yard.guests[ONE.instance_id]

        async def moving() -> None:
            await self.outreach.reach(new.shell, [self.whole])
            await move(guest, ONE.address, old.inside, new.inside, self.whole.bridge)
            await asyncio.gather(*(self.outreach.reach(host.shell, [self.whole]) for host in (old, new)))

        pings, talk = await silences(self.yard.guests[HERE.instance_id].inside, guest, ONE.address, moving)
        return pings.longest_s, talk.longest_s

    def led_to(self, one: Member) -> str:
        """Tell to which address of a host the gateway sends what is for a guest."""
        lines = [line.split() for line in self.yard.machine.run("bridge", "fdb", "show").stdout.splitlines()]
        return next(words[words.index("dst") + 1] for words in lines if words[0] == one.mac and "dst" in words)

    async def missing(self, host: FarHost, network: Network) -> list[str]:
        """List what a host would be told."""
        ends, links = read(await self.shells.run(host.shell, LOOK))
        return [order.text for order in (*orders("yard", [network], ends, links), *locks([network], links))]


@asynccontextmanager
async def farming(
    machine: Namespace, folder: Path, whole: Network = WHOLE, *, by_ssh: bool = True
) -> AsyncIterator[Farm]:
    """Be on the gateway's machine, with hosts that answer."""
    keys = Keys(folder) if by_ssh else None
    with ExitStack() as stack:
        stack.enter_context(machine.entered())
        farm = Farm(machine, folder, whole, keys)
        for host in (farm.first, farm.second):
            stack.callback(host.close)
            if keys:
                stack.enter_context(host.serving(keys))
        try:
            yield farm
        finally:
            await farm.outreach.close()
            await farm.yard.fabric.close()
            farm.yard.close()
