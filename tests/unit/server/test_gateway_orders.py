"""What is told to a gateway is what is new, and whatever goes wrong on the way ends in the whole truth."""

import asyncio
import resource
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import pytest

from app.domain.errors import Broken, Lost, Unavailable
from app.domain.far import Shell
from app.domain.firewall import SHUT, Firewall, Passage
from app.domain.gateway import GuestFacts, Visit, Wanted
from app.domain.gateway_change import NOTHING, change
from app.domain.group import Permission
from app.domain.network import Member, Network
from app.network.certificates import Authority
from app.network.elsewhere import Door
from app.network.gateway import GatewayEnd, Papers, Server
from app.network.gateway_words import Invitation, Order
from app.network.kept_wanted import KeptWanted, Known
from tests.gateway_book import TrustingBook
from tests.unit.reconcile.fabrics import RecordedFabric, Refusing
from tests.unit.reconcile.reaches import RecordedReach

MEMBERS = tuple(
    Member(instance_id=f"i-{number}", mac=f"d0:0d:00:00:00:{number:02x}", address=f"10.9.0.{number}", hostname="h")
    for number in range(2, 102)
)
NETWORK = Network(name="n", bridge="eucabr0", gateway="10.9.0.1/24", members=MEMBERS)
SAID = "what nobody else may read"
VISIT = Visit(shell=Shell(name="192.0.2.77"), networks=(NETWORK,))


class TellingBook(TrustingBook):
    """Tells each guest a page of 4 KiB, and another one as often as it is asked for."""

    def __init__(self) -> None:
        self.facts: dict[str, GuestFacts] = {}

    def turn(self, instance_id: str, text: str) -> None:
        self.facts[instance_id] = GuestFacts(pages={"user-data": text.encode() * 4096})

    async def guests(self, cluster: str, instance_ids: Sequence[str]) -> Mapping[str, GuestFacts]:
        for each in instance_ids:
            if each not in self.facts:
                self.turn(each, "a")
        return {each: self.facts[each] for each in instance_ids}


def firewall(*ports: int, groups: int = 50) -> Firewall:
    """Let these ports into the first group, and one into each other."""
    one = {f"sg-{number}": (into(22),) for number in range(groups)}
    return Firewall(rules=one | {"sg-0": tuple(into(port) for port in ports)})


def into(port: int) -> Passage:
    return Passage(egress=False, permission=Permission(protocol="tcp", from_port=port, to_port=port, peer="0.0.0.0/0"))


class Line:
    """A server and a gateway, either of which can be another one from now on; both of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.book, self.port = folder, TellingBook(), 0
        self.authority, self.papers = Authority.of(folder / "keys"), Papers(folder / "gateway")
        self.file, self.known = folder / "wanted", Wanted()
        self.fabric = RecordedFabric()

    async def begin(self) -> Self:
        async with self.server():
            token = Invitation.parse(f"eucagw.{self.authority.server_fingerprint}.{'x' * 43}.one")
            await self.papers.join(Server("127.0.0.1", self.port), token)
        return self

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Door]:
        door = Door(self.authority, self.book, ["one"])
        async with door.open("127.0.0.1", self.port) as self.port:
            yield door

    @asynccontextmanager
    async def following(self, door: Door, end: GatewayEnd) -> AsyncIterator[None]:
        """Let a gateway be on the line."""
        connected = asyncio.Event()
        door.fabrics["one"].changed = connected.set
        task = asyncio.create_task(end.follow(Server("127.0.0.1", self.port), self.papers))
        await asyncio.wait_for(connected.wait(), 30)
        yield
        task.cancel()
        await asyncio.wait([task])

    def end(self, fabric: RecordedFabric | None = None) -> GatewayEnd:
        return GatewayEnd(fabric or self.fabric, RecordedReach(), self.file, self.know)

    def know(self, wanted: Wanted) -> None:
        self.known = wanted

    def holds(self, rules: Firewall, of: RecordedFabric | None = None) -> None:
        """Check that the gateway has made, tells and has kept the whole of what is wanted, and nothing else."""
        fabric = of or self.fabric
        whole = Wanted(networks=(NETWORK,), firewall=rules, guests=self.book.facts)
        assert (fabric.networks, fabric.firewall) == ((NETWORK,), rules)
        assert self.known == whole
        kept = KeptWanted(self.file).read()
        assert kept is not None
        assert kept.wanted == whole


class Faulty(RecordedFabric):
    """Has a fault of its own this many times."""

    left = 0

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        if self.left:
            self.left -= 1
            raise KeyError(SAID)
        return await super().apply(networks, firewall)


@pytest.fixture
async def line(tmp_path: Path) -> Line:
    return await Line(tmp_path).begin()


async def test_one_rule_and_one_guest_s_facts_are_told_and_kept_as_that(line: Line) -> None:
    async with line.server() as door, line.following(door, line.end()):
        await door.fabrics["one"].apply([NETWORK], firewall(22))
        whole = line.file.stat()
        before = line.known
        await door.fabrics["one"].apply([NETWORK], firewall(22, 80))
        added = line.file.stat()
        assert whole.st_size > 100 * 4096
        assert (added.st_ino, added.st_size - whole.st_size < 1024) == (whole.st_ino, True)
        assert all(line.known.guests[each] is facts for each, facts in before.guests.items())
        line.holds(firewall(22, 80))
        line.book.turn("i-7", "b")
        await door.fabrics["one"].apply([NETWORK], firewall(22, 80, groups=3))
        assert 4096 < line.file.stat().st_size - added.st_size < 8192
        line.holds(firewall(22, 80, groups=3))


async def test_a_gateway_that_comes_anew_is_told_the_whole(line: Line) -> None:
    async with line.server() as door:
        async with line.following(door, line.end()):
            await door.fabrics["one"].apply([NETWORK], firewall(22))
        line.book.turn("i-7", "b")
        line.file.unlink()
        async with line.following(door, line.end()):
            await door.fabrics["one"].apply([NETWORK], firewall(22))
            line.holds(firewall(22))


async def test_a_server_that_was_started_anew_tells_the_whole(line: Line) -> None:
    end = line.end()
    for port in (22, 80):
        line.book.turn("i-7", str(port % 7))
        async with line.server() as door, line.following(door, end):
            await door.fabrics["one"].apply([NETWORK], firewall(port))
            line.holds(firewall(port))


async def test_an_order_whose_end_nobody_heard_of_is_followed_by_the_whole(line: Line) -> None:
    class Held(RecordedFabric):
        async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
            begun.set()
            await let_go.wait()
            return await super().apply(networks, firewall)

    begun, let_go, fabric = asyncio.Event(), asyncio.Event(), Held()
    end = line.end(fabric)
    async with line.server() as door:
        async with line.following(door, end):
            let_go.set()
            await door.fabrics["one"].apply([NETWORK], firewall(22))
            begun.clear()
            let_go.clear()
            asked = asyncio.create_task(door.fabrics["one"].apply([NETWORK], firewall(80)))
            await begun.wait()
        with pytest.raises(Lost):
            await asked
        async with line.following(door, end):
            let_go.set()
            await door.fabrics["one"].apply([NETWORK], firewall(22, 443))
            line.holds(firewall(22, 443), fabric)


async def test_an_order_that_failed_is_followed_by_the_whole(line: Line) -> None:
    refusing = Refusing(0)
    async with line.server() as door, line.following(door, line.end(refusing)):
        await door.fabrics["one"].apply([NETWORK], firewall(21))
        refusing.left = 1
        with pytest.raises(Unavailable, match="busy"):
            await door.fabrics["one"].apply([NETWORK], firewall(22))
        for port in (80, 443):
            await door.fabrics["one"].apply([NETWORK], firewall(port))
            line.holds(firewall(port), refusing)


async def test_a_fault_of_a_gateway_is_told_without_what_it_says_and_what_was_asked_is_done_the_next_time(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    faulty = Faulty()
    end = line.end(faulty)
    async with line.server() as door, line.following(door, end):
        await door.fabrics["one"].apply([NETWORK], firewall(21))
        faulty.left = 2
        with pytest.raises(Unavailable, match=r"^gateway: unexpected KeyError in gateway\.py:\d+; its log") as told:
            await door.fabrics["one"].apply([NETWORK], firewall(22))
        await end.repair()
        assert faulty.left == 0
        assert await door.fabrics["one"].apply([NETWORK], firewall(80)) == ()
        line.holds(firewall(80), faulty)
    logged = str([vars(record) for record in caplog.records])
    assert "raise KeyError" in logged
    assert SAID not in f"{told.value} {logged}"


async def test_a_change_of_what_a_gateway_does_not_know_is_not_carried_out(line: Line) -> None:
    end = line.end()
    new = change(NOTHING, Wanted(networks=(NETWORK,)))
    with pytest.raises(Unavailable, match="not carried out what came before"):
        await end.obey(Order(number=8, after=7, change=new))
    assert line.fabric.networks == ()


def test_a_gateway_that_is_killed_while_it_keeps_a_change_knows_what_came_before_it(tmp_path: Path) -> None:
    kept, file = KeptWanted(tmp_path / "wanted"), tmp_path / "wanted"
    first, second = (Known(wanted=Wanted(firewall=firewall(port, groups=3)), visits=(VISIT,)) for port in (22, 80))
    kept.keep(first, change(NOTHING, first.wanted))
    length = file.stat().st_size
    kept.keep(second, change(first.wanted, second.wanted))
    whole = file.read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        if end >= length:
            assert KeptWanted(file).read() == first
        elif end:
            with pytest.raises(Broken, match="remove it, and the server tells all of it again"):
                KeptWanted(file).read()
    file.write_bytes(whole[:-1])
    again = KeptWanted(file)
    again.keep(second, change(first.wanted, second.wanted))
    assert again.read() == second
    assert KeptWanted(tmp_path / "none").read() is None


def test_what_could_be_written_in_part_only_is_followed_by_the_whole(tmp_path: Path) -> None:
    kept, file = KeptWanted(tmp_path / "wanted"), tmp_path / "wanted"
    first, second = (Known(wanted=Wanted(firewall=firewall(port, groups=3)), visits=(VISIT,)) for port in (22, 80))
    kept.keep(first, change(NOTHING, first.wanted))
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 10, hard))
    try:
        with pytest.raises(Unavailable, match="can not be written"):
            kept.keep(second, change(first.wanted, second.wanted))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    assert KeptWanted(file).read() == first
    kept.keep(second, change(first.wanted, second.wanted))
    assert KeptWanted(file).read() == second


def test_the_file_of_a_gateway_does_not_grow_without_end(tmp_path: Path) -> None:
    kept, file = KeptWanted(tmp_path / "wanted"), tmp_path / "wanted"
    known, sizes = Known(), []
    for number in range(400):
        wanted = Wanted(guests={"i-1": GuestFacts(pages={"user-data": bytes([number % 251]) * 16384})})
        kept.keep(Known(wanted=wanted), change(known.wanted, wanted))
        known = Known(wanted=wanted)
        sizes.append(file.stat().st_size)
    assert max(sizes) < 2 << 20
    assert KeptWanted(file).read() == known


def test_a_file_that_was_taken_away_is_made_whole_with_the_next_change(tmp_path: Path) -> None:
    kept, file = KeptWanted(tmp_path / "wanted"), tmp_path / "wanted"
    first, second = (Known(wanted=Wanted(firewall=firewall(port, groups=3)), visits=(VISIT,)) for port in (22, 80))
    kept.keep(first, change(NOTHING, first.wanted))
    file.unlink()
    kept.keep(second, change(first.wanted, second.wanted))
    assert KeptWanted(file).read() == second
