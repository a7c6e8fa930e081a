"""The table of modes and what they do, in docs/network.md: each cell is a packet that was seen or was not.

After a wanted change: `EUCALYPTUS_WRITE_GOLDEN=1 pytest tests/net/test_modes.py`, and read the difference.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import product
from pathlib import Path

import pytest

from app.domain.commands import AskedRule
from app.domain.errors import Unsupported
from app.domain.instance import Instance
from app.network import nft
from app.network.outreach import Outreach
from app.network.shells import Shells
from app.settings import SettingsError
from app.store.database import Database
from app.wire.faults import Codes
from tests.builders import FrozenClock
from tests.net.far import SSHD, FarHost, Keys, lay_wire
from tests.net.namespaces import Namespace, addresses, links, make_bridge, missing
from tests.net.remote_cloud import RemoteCloud
from tests.net.site import lend_out
from tests.net.small_cloud import HOST, OTHER_HOST, OUTSIDE, SmallCloud

pytestmark = pytest.mark.net
DOCUMENT = Path(__file__).parents[2] / "docs/network.md"
BEGIN, END = "<!-- modes by packets: begin -->\n", "<!-- modes by packets: end -->\n"
SITE = {"vnet_bridge": "br-site"}
SUBNET = {"vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}
OURS = SUBNET | {"vnet_tunnels": "trusted"}
MODES: dict[str, dict[str, str]] = {
    "SYSTEM": SITE,
    "STATIC": SITE
    | SUBNET
    | {
        "vnet_router": "10.1.0.1",
        "vnet_macmap": " ".join(f"d0:0d:00:00:00:{n:02x}=10.1.0.{n}" for n in range(10, 16)),
    },
    "MANAGED-NOVLAN, lent bridge": SITE | OURS,
    "MANAGED-NOVLAN": OURS,
    "MANAGED": OURS,
}
SSH = 22
Measure = Callable[["Trial"], Awaitable[bool]]


class Trial:
    """Two instances of one group and one of another, in one mode; `away` is of the first group in another cluster."""

    def __init__(self, cloud: SmallCloud, far: FarHost) -> None:
        self.cloud, self.far = cloud, far
        self.before = self._state()
        self.one: Instance
        self.two: Instance
        self.other: Instance
        self.away: Instance
        self.addresses: dict[str, str] = {}
        self.public = ""

    async def lease(self) -> bool:
        self.one, self.two = await self.cloud.launch(2, "web")
        (self.other,) = await self.cloud.launch(1, "db")
        (self.away,) = await self.cloud.launch(1, "web", cluster="two")
        started = self.everybody
        got = await self.cloud.lease(*started, tries=10)
        self.addresses = {row.id: address for row, address in zip(started, got, strict=True)}
        return all(address and row.private_ip in ("", address) for row, address in zip(started, got, strict=True))

    @property
    def everybody(self) -> tuple[Instance, ...]:
        return self.one, self.two, self.other, self.away

    async def metadata(self) -> bool:
        ask = ("curl", "-s", "-m", "2", "http://169.254.169.254/latest/meta-data/instance-id")
        told = await asyncio.to_thread(self.cloud.guests[self.one.id].inside.run, *ask)
        return told.stdout == self.one.id

    async def isolation(self) -> bool:
        return not await self._reaches(self.other, self.addresses[self.one.id])

    async def across(self) -> bool:
        with suppress(Unsupported):  # 1.6.1's own group is open to itself by a rule that somebody asked for
            await self.cloud.let_in("web", AskedRule(protocol="icmp", from_port=-1, to_port=-1, group_name="web"))
        here, there = self.addresses[self.one.id], self.addresses[self.away.id]
        return all([await self._echoes(self.one, there), await self._echoes(self.away, here)])

    async def isolation_across(self) -> bool:
        return not await self._echoes(self.other, self.addresses[self.away.id])

    async def one_gateway(self) -> bool:
        return all([len(await self._gateways(row)) == 1 for row in self.everybody])

    async def between_groups(self) -> bool:
        await self.cloud.let_in("web", AskedRule(protocol="tcp", from_port=SSH, to_port=SSH, group_name="db"))
        return await self._reaches(self.other, self.addresses[self.one.id])

    async def egress(self) -> bool:
        return await self._reaches(self.two, OUTSIDE)

    async def elastic(self) -> bool:
        self.public = await self.cloud.give_public(self.one)
        await self.cloud.let_in("web", AskedRule(protocol="tcp", from_port=SSH, to_port=SSH, cidr="0.0.0.0/0"))
        return await self.cloud.passes("outside", "tcp", self.public, SSH)

    async def hairpin(self) -> bool:
        if not self.public:
            raise Unsupported("A public address", "there is none")
        return all([await self._reaches(row, self.public) for row in (self.one, self.two, self.other)])

    async def forgery(self) -> bool:
        guest, honest = self.cloud.guests[self.two.id].inside, self.addresses[self.two.id]
        gateway = guest.run("ip", "-4", "route", "show", "default").stdout.split()[2]
        assert await self.cloud.reaches(self.two.id, "icmp", gateway)
        network, _, last = honest.rpartition(".")
        guest.run("ip", "address", "flush", "dev", "eth0")
        guest.run("ip", "address", "add", f"{network}.{int(last) + 9}/27", "dev", "eth0")
        guest.run("ip", "route", "add", f"{gateway}/32", "dev", "eth0")
        return not await self.cloud.passes(self.two.id, "icmp", gateway)

    async def teardown(self) -> bool:
        await self.cloud.end(*self.everybody)
        return self._state() == self.before

    def _state(self) -> object:
        return state_of_machine(), self.far.inside.call(state_of_machine)

    async def _gateways(self, row: Instance) -> set[str]:
        """Tell the cards that answer for the address of the gateway."""
        guest = self.cloud.guests[row.id].inside
        gateway = guest.run("ip", "-4", "route", "show", "default").stdout.split()[2]
        told = await asyncio.to_thread(guest.run, "busybox", "arping", "-c", "2", "-w", "2", "-I", "eth0", gateway)
        return set(re.findall(r"\[(\S+)\]", told.stdout))

    async def _echoes(self, source: Instance, address: str) -> bool:
        return await self.cloud.passes(source.id, "icmp", address)

    async def _reaches(self, source: Instance, address: str) -> bool:
        return await self.cloud.passes(source.id, "tcp", address, SSH)


PROPERTIES: dict[str, Measure] = {
    "gets the address that it was given": Trial.lease,
    "is told who it is by 169.254.169.254": Trial.metadata,
    "is shut to another group": Trial.isolation,
    "is open to a group that a rule names": Trial.between_groups,
    "reaches its group in another cluster by private addresses": Trial.across,
    "is shut to another group in another cluster": Trial.isolation_across,
    "meets one gateway only, in either cluster": Trial.one_gateway,
    "reaches the world": Trial.egress,
    "is reached by a public address": Trial.elastic,
    "reaches public addresses, its own, too": Trial.hairpin,
    "is not heard by a forged address": Trial.forgery,
    "leaves nothing on the machine": Trial.teardown,
}
JOINED = {"one": ("10.9.0.0", "two=trusted:192.0.2.3"), "two": ("10.10.0.0", "one=trusted:192.0.2.2")}
BEHIND_ANOTHER = (
    "reaches its group behind another gateway that is joined",
    "is shut to another group behind another gateway that is joined",
)
NEVER = {("SYSTEM", Trial.metadata), ("STATIC", Trial.metadata)}


def state_of_machine() -> object:
    """Tell what a pass over the network may change of the machine, but for the test's own cards."""
    bridges = sorted(name for name in links() if not name.startswith(("t", "far")))
    return bridges, [addresses(name) for name in bridges], nft.run("list ruleset")


async def column(machine: Namespace, store: Database, folder: Path, name: str) -> tuple[list[str], list[str]]:
    """Try a mode; return a cell for each property, and the refusals."""
    keys, cells, refusals = MODES[name], list[str](), dict[str, None]()
    mode = name.partition(",")[0]
    with ExitStack() as site:
        far, reach = site.enter_context(another_machine(machine, folder))
        if keys.get("vnet_bridge"):
            site.enter_context(lend_out(machine, "br-site", folder, leases=mode == "SYSTEM"))
        if mode in ("SYSTEM", "STATIC"):
            stretch(machine, far)
        async with SmallCloud(machine, store, folder, (far, reach), vnet_mode=mode, **keys) as cloud:
            trial = Trial(cloud, far)
            for measure in PROPERTIES.values():
                try:
                    holds = await measure(trial)
                    cells.append("yes" if holds else "–" if (mode, measure) in NEVER else "no")
                except Unsupported as error:
                    cells.append("–")
                    refusals[f"{Codes().code('ec2', error)[0]}: {error}"] = None
        await reach.close()
    return cells, [text for text in refusals if "there is none" not in text]


async def behind_another(machine: Namespace, store: Database, folder: Path, name: str) -> tuple[list[str], list[str]]:
    """Try a mode between two gateways that are joined; return cells and refusals likewise."""
    mode, keys = name.partition(",")[0], MODES[name].items() - OURS.items()
    more = "".join(f'{key.upper()}="{value}"\n' for key, value in keys)
    try:
        cloud = RemoteCloud(machine, store, folder, mode, JOINED, more)
    except SettingsError as error:
        return ["–"] * len(BEHIND_ANOTHER), re.findall(r"VNET_JOINED: .*", str(error))[:1]
    async with cloud:
        for cluster, head in cloud.heads.items():
            if "vnet_bridge" in MODES[name]:
                head.call(lambda: make_bridge("br-site", "192.168.9.1/24"))
            await cloud.join(cluster)
        (one,) = await cloud.launch(1, "web", cluster="one")
        (two,) = await cloud.launch(1, "web", cluster="two")
        (other,) = await cloud.launch(1, "db", cluster="two")
        for host in (HOST, OTHER_HOST):
            await cloud.networks.ready(host)
        await cloud.lease(one, two, other)
        await cloud.let_in("web", AskedRule(protocol="icmp", from_port=-1, to_port=-1, group_name="web"))
        found = [
            all([await cloud.passes(a.id, "icmp", b.private_ip) for a, b in ((one, two), (two, one))]),
            not await cloud.passes(other.id, "icmp", one.private_ip),
        ]
    return ["yes" if holds else "no" for holds in found], []


@contextmanager
def another_machine(machine: Namespace, folder: Path) -> Iterator[tuple[FarHost, Outreach]]:
    """Yield the host of the second cluster, and the way to it."""
    lay_wire()
    keys, far = Keys(folder), FarHost(machine, 11)
    try:
        with far.serving(keys):
            yield far, Outreach("small", Shells(["-F", str(keys.config)]), folder / "tunnels")
    finally:
        far.close()


def stretch(machine: Namespace, far: FarHost) -> None:
    """Join the site's bridges of both machines, as only the site itself does where the network is its own."""
    far.inside.run("ip", "link", "add", "br-site", "type", "bridge", "forward_delay", "0")
    far.inside.run("ip", "link", "set", "br-site", "up")
    far.plug(machine, "br-site", "far-site", "site0")
    far.inside.run("ip", "link", "set", "site0", "master", "br-site")


def part() -> str:
    return DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


async def table(folder: Path) -> str:
    found: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in MODES}
    for number, (name, tried) in enumerate(product(MODES, (column, behind_another))):
        own = folder / str(number)
        own.mkdir()
        async with Database.open(own / "cloud.sqlite3", clock=FrozenClock()) as store:
            with Namespace() as machine, machine.entered():
                cells, refusals = await tried(machine, store, own, name)
        found[name][0].extend(cells)
        found[name][1].extend(refusals)
    lines = [f"| an instance | {' | '.join(MODES)} |", f"|---{'|---' * len(MODES)}|"]
    for number, name in enumerate((*PROPERTIES, *BEHIND_ANOTHER)):
        lines.append(f"| {name} | {' | '.join(cells[number] for cells, _ in found.values())} |")
    refused = dict.fromkeys(text for _, told in found.values() for text in told)
    return "\n".join([*lines, "", *(f"* `{text}`" for text in refused), ""])


async def test_the_table_of_the_document_is_what_packets_show(tmp_path: Path) -> None:
    if why := missing("busybox", "curl", "ip", "ssh", SSHD):
        pytest.skip(why)
    found = await table(tmp_path)
    text = DOCUMENT.read_text(encoding="utf-8")
    if os.environ.get("EUCALYPTUS_WRITE_GOLDEN"):
        DOCUMENT.write_text(text.replace(BEGIN + part() + END, BEGIN + found + END), encoding="utf-8")
    assert part() == found
