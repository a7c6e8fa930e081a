"""Networks behind different gateways are one if an operator says so, by real packets between machines of their own."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from ipaddress import ip_interface
from pathlib import Path

import pytest

from app.domain.commands import AskedRule
from app.domain.instance import Instance
from app.store.database import Database
from tests.builders import FrozenClock
from tests.net.capture import Capture
from tests.net.namespaces import Namespace, missing
from tests.net.probes import Try
from tests.net.remote_cloud import RemoteCloud
from tests.net.small_cloud import HOST, OTHER_HOST
from tests.net.yard import listening

pytestmark = pytest.mark.net
JOINED = {
    "one": ("10.9.0.0", "two=trusted:192.0.2.3"),
    "two": ("10.10.0.0", "one=trusted:192.0.2.2"),
}
WITH_SERVER = {"one": ("10.9.0.0", "server=trusted:192.0.2.1")}
OF_SERVER = {
    "vnet_mode": "MANAGED",
    "vnet_subnet": "10.10.0.0",
    "vnet_netmask": "255.255.0.0",
    "vnet_joined": "one=trusted:192.0.2.2",
}
REMADE_S = 30.0
ELSEWHERE = "198.51.100.9"
THEMSELVES = AskedRule(protocol="-1", group_name="web")
WEB_TO_PORT_80 = AskedRule(protocol="tcp", from_port=80, to_port=80, group_name="web")


@asynccontextmanager
async def clouding(inside: Namespace, folder: Path, mode: str, server: bool = False) -> AsyncIterator[RemoteCloud]:
    """Have two clusters whose networks are one; the gateway of `two` is the server's machine if that is asked for."""
    if why := missing("nft", "ip", "bridge"):
        pytest.skip(why)
    async with Database.open(folder / "cloud.sqlite3", clock=FrozenClock()) as store:
        elsewhere, settings = (WITH_SERVER, OF_SERVER | {"vnet_mode": mode}) if server else (JOINED, {})
        async with RemoteCloud(inside, store, folder, mode, elsewhere, **settings) as cloud:
            for cluster in elsewhere:
                await cloud.join(cluster)
            yield cloud


async def settled(cloud: RemoteCloud) -> None:
    """Return once both gateways know all."""
    for host in (HOST, OTHER_HOST):
        await cloud.networks.ready(host)


async def dressed(cloud: RemoteCloud, *started: Instance) -> None:
    """Let guests have their addresses."""
    assert await cloud.lease(*started) == [one.private_ip for one in started]


@pytest.mark.parametrize(
    ("mode", "server"),
    [("MANAGED", False), ("MANAGED-NOVLAN", False), ("MANAGED", True)],
    ids=["MANAGED", "MANAGED-NOVLAN", "with the server's machine"],
)
async def test_a_group_behind_two_gateways_is_one_and_every_other_is_shut(
    inside: Namespace, tmp_path: Path, mode: str, server: bool
) -> None:
    async with clouding(inside, tmp_path, mode, server) as cloud:
        here = await cloud.launch(1, "web", cluster="one")
        there, db = await cloud.launch(2, "web", cluster="two"), await cloud.launch(1, "db", cluster="two")
        await settled(cloud)
        await dressed(cloud, *here, *there, *db)
        (one, two, other) = (here[0], there[0], db[0])
        assert not await cloud.passes(one.id, "icmp", two.private_ip)

        await cloud.let_in("web", THEMSELVES)
        for source, target in ((one, two), (two, one), (one, there[1])):
            assert await cloud.passes(source.id, "icmp", target.private_ip)
            assert await cloud.passes(source.id, "tcp", target.private_ip, 5000)
        assert await cloud.passing(one.id, Try("icmp", other.private_ip), Try("tcp", other.private_ip, 80)) == set()
        assert await cloud.passing(other.id, Try("icmp", one.private_ip), Try("tcp", one.private_ip, 80)) == set()

        await cloud.let_in("db", WEB_TO_PORT_80)
        tries = [Try("tcp", other.private_ip, port) for port in (80, 81)]
        assert await cloud.passing(one.id, *tries, Try("icmp", other.private_ip)) == {tries[0]}
        assert await cloud.passing(other.id, Try("tcp", one.private_ip, 80)) == set()
        assert await asyncio.to_thread(seen_from, cloud, one, two) == (1, one.private_ip)
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(seen_from, cloud, two, one, 1400)  # it is told that this is too large for the way
        assert await asyncio.to_thread(seen_from, cloud, two, one, 1400) == (1400, two.private_ip)


async def test_what_a_gateway_sends_in_other_names_or_to_other_places_is_dropped_by_the_far_one(
    inside: Namespace, tmp_path: Path
) -> None:
    async with clouding(inside, tmp_path, "MANAGED") as cloud:
        (one,) = await cloud.launch(1, "web", cluster="one")
        (two,) = await cloud.launch(1, "web", cluster="two")
        (db,) = await cloud.launch(1, "db", cluster="one")
        await settled(cloud)
        await dressed(cloud, one, two, db)
        await cloud.let_in("web", THEMSELVES)
        await cloud.let_in("web", AskedRule(protocol="udp", from_port=9000, to_port=9000, cidr="10.9.0.0/16"))
        assert await cloud.passes(one.id, "icmp", two.private_ip)
        # A gateway that somebody has broken into has no walls.
        table = next(line.split()[2] for line in cloud.heads["one"].run("nft", "list", "tables").stdout.splitlines())
        cloud.heads["one"].run("nft", "delete", "table", "ip", table)
        with cloud.guests[two.id].inside.call(lambda: listening(9000)) as heard:
            for number, source in enumerate((one.private_ip, "10.9.200.9", two.private_ip, ELSEWHERE)):
                await asyncio.to_thread(cloud.heads["one"].call, partial(forge, source, two.private_ip, number))
            got = [await asyncio.to_thread(heard.recvfrom, 100)]
            with pytest.raises(TimeoutError):
                got.append(await asyncio.to_thread(heard.recvfrom, 100))
        assert [(said, where[0]) for said, where in got] == [(b"0", one.private_ip)]
        (card,) = ways(cloud)["one"]
        hop = cloud.heads["one"].run("ip", "route", "show", "10.10.0.0/16").stdout.split()[2]
        cloud.heads["one"].run("ip", "route", "add", ELSEWHERE, "via", hop, "dev", card, "onlink")
        cloud.heads["two"].run("ip", "route", "add", "default", "via", "192.0.2.1")
        far_gateway = str(ip_interface(f"{two.private_ip}/27").network[1])
        with Capture(cloud.heads["two"], "wire") as wire, Capture(cloud.heads["one"], card) as way:
            await asyncio.to_thread(cloud.heads["one"].call, partial(forge, one.private_ip, ELSEWHERE, 7))
            assert not await cloud.passes(one.id, "icmp", far_gateway)
            sent, passed = way.frames(), wire.frames()
        assert ELSEWHERE in targets(sent)
        assert far_gateway in targets(sent)
        assert "192.0.2.3" in targets(passed)
        assert ELSEWHERE not in targets(passed)


async def test_a_gateway_that_is_killed_leaves_the_way_and_what_is_broken_is_made_again(
    inside: Namespace, tmp_path: Path
) -> None:
    async with clouding(inside, tmp_path, "MANAGED") as cloud:
        before = ways(cloud)
        (one,) = await cloud.launch(1, "web", cluster="one")
        assert ways(cloud) == before  # there is nobody at the other end
        (two,) = await cloud.launch(1, "web", cluster="two")
        await settled(cloud)
        await dressed(cloud, one, two)
        await cloud.let_in("web", THEMSELVES)
        await cloud.shut_door()
        for name in cloud.running():
            cloud.kill(name)
        assert await cloud.passes(one.id, "icmp", two.private_ip)

        cloud.heads["one"].run("ip", "link", "delete", ways(cloud)["one"][0])
        assert not await cloud.passes(one.id, "icmp", two.private_ip)
        for cluster in ("one", "two"):
            line = cloud.start(cluster).stdout
            assert line is not None
            assert await asyncio.to_thread(line.readline) == f"gateway of cluster {cluster}\n"
        async with asyncio.timeout(REMADE_S):
            while not await cloud.passes(one.id, "icmp", two.private_ip):
                """It is made again without the server."""
        await cloud.open_door()
        for cluster in ("one", "two"):
            await cloud.connected(cluster)
        assert await cloud.passes(one.id, "icmp", two.private_ip)

        (card,) = ways(cloud)["one"]
        cloud.heads["one"].run("ip", "route", "delete", "10.10.0.0/16")
        cloud.heads["one"].run("ip", "neigh", "flush", "dev", card, "nud", "permanent")
        cloud.heads["two"].run("ip", "link", "set", ways(cloud)["two"][0], "down")
        await settled(cloud)
        assert await cloud.passes(one.id, "icmp", two.private_ip)
        told = await cloud.repaired()
        assert f"cluster one: the route to 10.10.0.0/16 by {card} was gone; that is put right" in told
        assert f"cluster one: tunnel {card} did not know gateway two any more; that is put right" in told

        await cloud.end(two)
        await settled(cloud)
        assert ways(cloud) == before
        assert "10.10" not in cloud.heads["one"].run("ip", "route").stdout


async def test_a_route_of_the_site_s_own_is_never_touched(inside: Namespace, tmp_path: Path) -> None:
    async with clouding(inside, tmp_path, "MANAGED") as cloud:
        cloud.heads["one"].run("ip", "route", "add", "10.10.0.0/16", "via", "192.0.2.1")
        (two,) = await cloud.launch(1, "web", cluster="two")
        with pytest.raises(Exception, match=r"there is a route to 10\.10\.0\.0/16 already"):
            await cloud.launch(1, "web", cluster="one")
        assert "10.10.0.0/16 via 192.0.2.1" in cloud.heads["one"].run("ip", "route").stdout
        await dressed(cloud, two)


def ways(cloud: RemoteCloud) -> dict[str, list[str]]:
    """Name the cards of ways to other gateways, by cluster."""
    told = {cluster: head.run("ip", "-brief", "link").stdout for cluster, head in cloud.heads.items()}
    return {
        cluster: [line.split()[0] for line in text.splitlines() if line.startswith("euj")]
        for cluster, text in told.items()
    }


def seen_from(cloud: RemoteCloud, source: Instance, target: Instance, length: int = 1) -> tuple[int, str]:
    """Tell how much of what is said comes to an instance, and by which address it sees the other one."""
    with cloud.guests[target.id].inside.call(lambda: listening(9000)) as heard:
        cloud.guests[source.id].inside.call(lambda: send(target.private_ip, length))
        said, where = heard.recvfrom(2000)
        return len(said), str(where[0])


def targets(frames: Sequence[bytes]) -> set[str]:
    """Tell where packets in these frames go."""
    return {socket.inet_ntoa(frame[30:34]) for frame in frames if frame[12:14] == b"\x08\x00"}


def send(address: str, length: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"?" * length, (address, 9000))


def forge(source: str, target: str, number: int) -> None:
    """Send a datagram in another one's name, by whatever route this machine has."""
    data = str(number).encode()
    datagram = struct.pack("!HHHH", 9000, 9000, 8 + len(data), 0) + data
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 64, socket.IPPROTO_UDP, 0) + ends
    with closing(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)) as mouth:
        mouth.sendto(head + datagram, (target, 0))
