"""The network of instances on the server's machine, in a network namespace of the bench's own, with guests in others.

What changes is timed from its commit to the end of the pass that brings it into effect: the store is read, the
difference made and carried out.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from statistics import median

from app.clock import SystemClock
from app.domain.address import Address
from app.domain.group import EVERYWHERE, GroupRule, SecurityGroup
from app.domain.network import GuestAnswer, GuestRequest, NetworkPlan
from app.domain.ports import Unit
from app.network.kernel import KernelFabric
from app.reconcile.networks import Networks
from app.store.database import Database
from bench.guests import Stream, has_heard, plugged
from bench.joined_gateway import joined_gateway
from bench.peers import Beside
from bench.table import Goal, Row
from tests.builders import OURS, a_host, furnish
from tests.net.far import SSHD
from tests.net.farm import farming
from tests.net.namespaces import Guest, Namespace, make_bridge, missing
from tests.net.yard import listening
from tests.unit.server.metadata_cloud import an_instance

GROUPS, RULES_EACH, INSTANCES, ELSEWHERE, TIMES = 500, 20, 10_000, 1000, 9
CONNECTIONS, SLICES = 6, 11
REAL = replace(a_host("real1"), uri="qemu:///system")
PUBLIC, FIRST, SECOND = "203.0.113.77", "10.8.0.2", "10.8.0.3"
GUESTS = (
    ("eucabr0", "d0:0d:00:00:00:00", f"{FIRST}/16", "10.8.0.1"),
    ("eucabr0", "d0:0d:00:00:00:01", f"{SECOND}/16", "10.8.0.1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """A machine with a store and the loop's hold on its network, where the first two instances are guests."""

    machine: Namespace
    store: Database
    networks: Networks
    first_s: float
    folder: Path


Part = Callable[[Yard], Awaitable[Row]]
Laid = Callable[[Namespace, Path, int], AbstractAsyncContextManager[Yard]]


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    if why := missing("busybox", "ip"):
        yield Row(figure="network of instances", measured=None, unit="s", beside=why)
        return
    elsewhere = partial(_one_rule, figure=f"the same on a gateway elsewhere, with {ELSEWHERE:,} instances")
    yield from _measured(folder / "rules", GROUPS, (_from_nothing, _one_rule, _one_address, _throughput))
    yield from _measured(folder / "elsewhere", ELSEWHERE, (elsewhere,), _yard_elsewhere)
    many = partial(_from_nothing, figure=f"the same from nothing, with {INSTANCES:,} instances")
    yield from _measured(folder / "leases", INSTANCES, (many, _lease))
    yield _moved(folder / "hosts")


def _measured(folder: Path, instances: int, parts: Sequence[Part], laid: Laid | None = None) -> list[Row]:
    async def run(machine: Namespace) -> list[Row]:
        async with (laid or _yard)(machine, folder, instances) as yard:
            return [await part(yard) for part in parts]

    folder.mkdir()
    with Namespace() as machine, machine.entered():
        return asyncio.run(run(machine))


@asynccontextmanager
async def _yard(machine: Namespace, folder: Path, instances: int) -> AsyncIterator[Yard]:
    async with Database.open(folder / "cloud.sqlite3", clock=SystemClock()) as store:
        await store.write(lambda unit: _furnish(unit, instances))
        make_bridge("pub0", "203.0.113.1/24")
        fabric, networks = KernelFabric("bench", _silence, "pub0"), Networks(store, 3600)
        networks.connect(fabric, NetworkPlan(bridge="eucabr0", subnet="10.8.0.0/16", public_card="pub0"))
        first_s = await _timed(networks.ready(REAL))
        try:
            yield Yard(machine=machine, store=store, networks=networks, first_s=first_s, folder=folder)
        finally:
            await fabric.close()


@asynccontextmanager
async def _yard_elsewhere(machine: Namespace, folder: Path, instances: int) -> AsyncIterator[Yard]:
    """Lay the same with a gateway in a process of its own; it is told by TLS and keeps each order in a file."""
    plan = NetworkPlan(of_clusters={"one": NetworkPlan(bridge="eucabr0", subnet="10.8.0.0/16", gateway="one")})
    async with Database.open(folder / "cloud.sqlite3", clock=SystemClock()) as store:
        await store.write(lambda unit: _furnish(unit, instances))
        async with joined_gateway(store, folder, "one") as gateways:
            networks = Networks(store, 3600)
            networks.connect(KernelFabric("bench", _silence), plan, elsewhere=gateways)
            first_s = await _timed(networks.ready(REAL))
            yield Yard(machine=machine, store=store, networks=networks, first_s=first_s, folder=folder)


def _furnish(unit: Unit, instances: int) -> None:
    """Make groups with all rules, and instances that are spread over them; every second one may be reached."""
    furnish(unit, REAL)
    ids = [f"sg-{number:08x}" for number in range(GROUPS)]
    for number in range(instances):
        row = an_instance(number + 1, OURS, "key", b"")
        mac = f"d0:0d:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        address = str(IPv4Address(FIRST) + number)
        unit.instances.add(replace(row, private_ip=address, mac=mac, group_ids=(ids[number % GROUPS],)))
    for number, group in enumerate(ids):
        unit.groups.add(SecurityGroup(id=group, account_id=OURS, name=group, description="d", created_at_ms=0))
        for each in range(RULES_EACH - 1):
            unit.group_rules.add(_rule(number * RULES_EACH + each, group, each + 1, f"10.{each}.0.0/16"))
        unit.group_rules.add(_rule(number * RULES_EACH + RULES_EACH - 1, group, 0, EVERYWHERE, egress=number % 2 == 0))


def _add(rules: Sequence[GroupRule], address: Address | None, unit: Unit) -> None:
    for rule in rules:
        unit.group_rules.add(rule)
    if address:
        unit.addresses.add(address)


def _put(address: Address, unit: Unit) -> None:
    unit.addresses.put(address)


def _rule(number: int, group: str, port: int, peer: str, *, egress: bool = False) -> GroupRule:
    kind = ("tcp", port, port) if port else ("-1", -1, -1)
    return GroupRule(
        id=f"sgr-{number:08x}",
        group_id=group,
        account_id=OURS,
        egress=egress,
        protocol=kind[0],
        from_port=kind[1],
        to_port=kind[2],
        peer=peer,
    )


async def _from_nothing(yard: Yard, figure: str = "") -> Row:
    figure = figure or f"{GROUPS * RULES_EACH:,} rules in {GROUPS} groups, from nothing"
    return Row(figure=figure, measured=yard.first_s, unit="s", goal=Goal.at_most(1.5, "s"))


async def _one_rule(yard: Yard, figure: str = "one rule changed, all others present, median") -> Row:
    taken = []
    for number in range(TIMES):
        rule = _rule(0xF000000 + number, "sg-00000001", 5000 + number, EVERYWHERE)
        await yard.store.write(partial(_add, [rule], None))
        taken.append(await _timed(yard.networks.ready(REAL)))
    return _in_ms(figure, taken, Goal.at_most(50, "ms"))


async def _one_address(yard: Yard) -> Row:
    """Move an address between two guests and send to it; what comes to the wrong one is counted."""
    row = Address(id="eipalloc-1", ip=PUBLIC, account_id=OURS, pool="p", created_at_ms=0)
    opened = [_rule(0xFF00000, "sg-00000000", 0, EVERYWHERE)]
    await yard.store.write(partial(_add, opened, row))
    with plugged(yard.machine, *GUESTS, ("pub0", "02:00:00:00:99:01", "203.0.113.50/24", "203.0.113.1")) as guests:
        first, second, outside = (guest.inside.call(lambda: listening(9000)) for guest in guests)
        taken, astray = [], 0
        for number in range(TIMES):
            there, gone = ((first, second), (second, first))[number % 2]
            held = replace(row, instance_id=f"i-{number % 2 + 1:08x}")
            await yard.store.write(partial(_put, held))
            taken.append(await _timed(yard.networks.ready(REAL)))
            outside.sendto(b"?", (PUBLIC, 9000))
            astray += not has_heard(there) or has_heard(gone, within_s=0)
        for end in (first, second, outside):
            end.close()
    row_of = _in_ms("public address moved, median", taken, Goal.at_most(50, "ms"))
    return replace(row_of, beside=f"{row_of.beside}; {astray} of {TIMES} packets went wrong")


async def _throughput(yard: Yard) -> Row:
    """Compare two guests that speak through our rules with two on the same kind of bridge without any, by turns.

    A bridge is the same if its ports speak to the gateway only, as they must for rules to be asked. Beside it stands a
    plain bridge, whose guests speak to each other directly. Each slice of one is compared with the one beside it, over
    several connections, since what else the machine does comes and goes, and where the kernel puts a connection stays.
    """
    make_bridge("plain0", "10.7.0.1/24")
    plain = (("plain0", "02:00:00:00:00:07", "10.7.0.2/24", ""), ("plain0", "02:00:00:00:00:08", "10.7.0.3/24", ""))
    with (
        Namespace() as ruleless,
        plugged(yard.machine, *GUESTS) as walled,
        plugged(yard.machine, *plain) as bare,
        _routed(ruleless) as same,
    ):
        await yard.networks.ready(REAL)
        ends = ((walled, SECOND), (same, SECOND), (bare, "10.7.0.3"))
        slices = await asyncio.to_thread(lambda: [each for _ in range(CONNECTIONS) for each in _by_turns(ends)])
    of_same, of_plain = (median(100 * one[0] / one[other] for one in slices) for other in (1, 2))
    return Row(
        figure="throughput between two instances of one host, of the same bridge's without rules",
        measured=of_same,
        unit="%",
        goal=Goal.at_least(90, "%"),
        beside=f"{of_plain:.1f} % of a plain bridge's; medians of {len(slices)} slices each, by turns",
    )


@contextmanager
def _routed(machine: Namespace) -> Iterator[list[Guest]]:
    """Put two guests on a bridge of another machine that is as ours are, without any rules."""
    machine.call(lambda: make_bridge("eucabr0", "10.8.0.1/16"))
    for setting in ("conf/eucabr0/forwarding=1", "conf/eucabr0/proxy_arp_pvlan=1", "neigh/eucabr0/proxy_delay=0"):
        machine.run("sysctl", "-q", f"net/ipv4/{setting}")
    with plugged(machine, *GUESTS) as guests:
        for guest in guests:
            machine.run("ip", "link", "set", "dev", guest.port, "type", "bridge_slave", "isolated", "on")
        yield guests


def _by_turns(ends: Sequence[tuple[list[Guest], str]]) -> list[list[float]]:
    """Measure a slice of a connection of each, again and again; the first time does not count."""
    with ExitStack() as opened:
        streams = [opened.enter_context(closing(Stream(*end))) for end in ends]
        return [[stream.mib_per_s() for stream in streams] for _ in range(SLICES)][1:]


async def _lease(yard: Yard) -> Row:
    with plugged(yard.machine, *GUESTS[:1]) as (guest,):
        await yard.networks.ready(REAL)
        taken = [await _timed(asyncio.to_thread(guest.lease, yard.folder)) for _ in range(TIMES)]
    figure = f"lease with {INSTANCES:,} instances known, median"
    beside = f"{TIMES} times, with busybox udhcpc's own start"
    return Row(figure=figure, measured=median(taken), unit="s", goal=Goal.at_most(0.2, "s"), beside=beside)


def _moved(folder: Path) -> Row:
    """Move a guest's card to and fro between two hosts that are other machines, while somebody pings it."""
    figure = "longest silence of pings while a guest's card moves between hosts"
    if why := missing("ssh", SSHD):
        return Row(figure=figure, measured=None, unit="s", beside=why)
    folder.mkdir()
    with Namespace() as machine:
        found = asyncio.run(_moves(machine, folder))
    pings, talk = (max(each) for each in zip(*found, strict=True))
    beside = f"{len(found)} moves; an open connection waited {talk:.2f} s and went on"
    return Row(figure=figure, measured=pings, unit="s", goal=Goal.at_most(1.5, "s"), beside=beside)


async def _moves(machine: Namespace, folder: Path) -> list[tuple[float, float]]:
    async with farming(machine, folder) as farm:
        await farm.begin()
        await farm.open()
        return [
            await farm.silence_of_a_move(*way) for way in ((farm.first, farm.second), (farm.second, farm.first)) * 2
        ]


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _in_ms(figure: str, taken: list[float], goal: Goal) -> Row:
    beside = f"{1000 * min(taken):.0f} to {1000 * max(taken):.0f} ms in {len(taken)} passes"
    return Row(figure=figure, measured=1000 * median(taken), unit="ms", goal=goal, beside=beside)


async def _silence(asked: GuestRequest) -> GuestAnswer:
    return GuestAnswer(status=404)
