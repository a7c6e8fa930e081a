"""Gateways of remote clusters by real packets: told by a server in another namespace, and working on without it."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest
from dns.message import Message

from app.domain.commands import AskedRule
from app.domain.instance import Instance
from app.reconcile.networks import Unwoven
from app.services import gateways
from app.store.database import Database
from tests.builders import THEIRS, FrozenClock, a_caller
from tests.deadline import PATIENCE_S, eventually
from tests.net.far import SSHD, FarHost, Keys
from tests.net.namespaces import Namespace, missing
from tests.net.remote_cloud import HOME_HOST, RemoteCloud
from tests.net.shapes import shape
from tests.net.small_cloud import HOST, OTHER_HOST
from tests.net.yard import listening

pytestmark = pytest.mark.net
ANYTHING = AskedRule(protocol="-1", cidr="0.0.0.0/0")
URL = "http://169.254.169.254/latest/meta-data"


@pytest.fixture(params=["MANAGED-NOVLAN"])
async def cloud(inside: Namespace, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[RemoteCloud]:
    if why := missing("curl", "nft", "busybox"):
        pytest.skip(why)
    async with (
        Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store,
        RemoteCloud(inside, store, tmp_path, request.param) as cloud,
    ):
        yield cloud


async def told(cloud: RemoteCloud, instance: Instance, path: str = "instance-id") -> str:
    """Ask the metadata address as an instance does."""
    inside = cloud.guests[instance.id].inside
    return (await asyncio.to_thread(inside.run, "curl", "-s", "-m", "60", f"{URL}/{path}")).stdout


async def named(cloud: RemoteCloud, instance: Instance, name: str) -> list[str]:
    """Ask the gateway of an instance for a name, as the instance does."""
    query = dns.message.make_query(name, "A")
    inside = cloud.guests[instance.id].inside
    answer = await asyncio.to_thread(inside.call, lambda: eventually(lambda: _answered(query)))
    assert answer is not None
    return [str(record) for rrset in answer.answer for record in rrset]


def _answered(query: Message) -> Message | None:
    with suppress(dns.exception.Timeout):
        return dns.query.udp(query, "10.9.0.1", 5)
    return None


async def test_a_cluster_s_own_gateway_gives_addresses_metadata_and_rules(cloud: RemoteCloud) -> None:
    await cloud.join("one")
    (first, second) = await cloud.launch(2, "web")
    assert await cloud.lease(first, second) == [first.private_ip, second.private_ip]
    assert await told(cloud, first) == first.id
    assert await told(cloud, second) == second.id


async def test_a_gateway_that_is_purged_leaves_nothing_on_its_machine(cloud: RemoteCloud) -> None:
    head = cloud.heads["one"]
    before = head.call(shape)
    running = await cloud.join("one")
    await cloud.launch(1, "web")
    refused = await asyncio.to_thread(cloud.purge, "one")
    assert (refused.returncode, "in use" in refused.stderr) == (1, True)
    cloud.kill(f"one {running.pid}")
    assert "eucabr0" in "".join(head.call(shape))
    for _ in range(2):
        assert (await asyncio.to_thread(cloud.purge, "one")).returncode == 0
        assert [line for line in head.call(shape) if "eucabr" in line or "euca_" in line] == []
    assert [line for line in head.call(shape) if line not in before and "t0000" not in line] == []


async def test_names_are_told_by_the_gateway_s_own_instances_and_no_others(cloud: RemoteCloud) -> None:
    running = await cloud.join("one")
    await cloud.join("two")
    (first, second) = await cloud.launch(2, "web")
    (other,) = await cloud.launch(1, "web", cluster="two")
    await cloud.lease(first, other)
    public = await cloud.give_public(second)
    await cloud.connected("two")
    cloud.kill(f"one {running.pid}")
    await cloud.shut_door()
    await asyncio.to_thread(cloud.start, "one")
    await cloud.lease(first)
    assert await named(cloud, first, f"euca-{second.private_ip.replace('.', '-')}.eucalyptus.internal") == [
        second.private_ip
    ]
    assert await named(cloud, other, f"euca-{second.private_ip.replace('.', '-')}.eucalyptus.internal") == []
    title = f"euca-{public.replace('.', '-')}.eucalyptus.cloud.example"
    assert await named(cloud, first, title) == [second.private_ip]
    assert await named(cloud, other, title) == [public]


async def test_without_the_server_leases_are_renewed_and_metadata_answered_also_by_a_gateway_that_was_killed(
    cloud: RemoteCloud,
) -> None:
    running = await cloud.join("one")
    (guest,) = await cloud.launch(1, "web")
    assert await cloud.lease(guest) == [guest.private_ip]
    await cloud.shut_door()
    assert await cloud.lease(guest) == [guest.private_ip]
    assert await told(cloud, guest) == guest.id
    cloud.kill(f"one {running.pid}")
    again = cloud.start("one")
    assert again.stdout is not None
    assert await asyncio.to_thread(again.stdout.readline) == "gateway of cluster one\n"
    assert await cloud.lease(guest) == [guest.private_ip]
    assert await told(cloud, guest) == guest.id
    await cloud.open_door()
    await cloud.connected("one")
    (other,) = await cloud.launch(1, "web")
    assert await cloud.lease(other) == [other.private_ip]


async def test_hosts_beside_the_gateway_have_its_networks_also_without_the_server(
    cloud: RemoteCloud, tmp_path: Path
) -> None:
    if why := missing("ssh", "ssh-keygen", SSHD):
        pytest.skip(why)
    keys, far = Keys(tmp_path), FarHost(cloud.machine, 11)
    with closing(far), far.serving(keys):
        await cloud.move_host(far, keys)
        running = await cloud.join("one")
        (guest,) = await cloud.launch(1, "web")
        assert await cloud.lease(guest) == [guest.private_ip]
        assert await told(cloud, guest) == guest.id
        await cloud.shut_door()
        cloud.kill(f"one {running.pid}")
        cloud.heads["one"].run("ip", "link", "delete", "eucabr0")
        for line in far.inside.run("ip", "-brief", "link", "show", "type", "vxlan").stdout.splitlines():
            far.inside.run("ip", "link", "delete", line.split()[0].partition("@")[0])
        await asyncio.to_thread(cloud.start, "one")
        assert await cloud.lease(guest) == [guest.private_ip]
        assert await told(cloud, guest) == guest.id


@pytest.mark.parametrize("cloud", ["MANAGED", "MANAGED-NOVLAN"], indirect=True)
async def test_two_accounts_with_the_same_addresses_behind_two_gateways_never_meet(cloud: RemoteCloud) -> None:
    for cluster in ("one", "two"):
        await cloud.join(cluster)
    eve = a_caller(account_id=THEIRS)
    mine = await cloud.launch(1, "web", cluster="one")
    theirs = await cloud.launch(2, "web", cluster="two", who=eve)
    assert mine[0].private_ip == theirs[0].private_ip
    assert await cloud.lease(*mine, *theirs) == [one.private_ip for one in (*mine, *theirs)]
    for instance in (*mine, *theirs):
        assert await told(cloud, instance) == instance.id
        assert await told(cloud, instance, "security-groups") == "web"
    await cloud.let_in("web", ANYTHING)
    await cloud.let_in("web", ANYTHING, who=eve)
    with cloud.guests[theirs[1].id].inside.call(lambda: listening(9000, PATIENCE_S)) as heard:
        for sender in (mine[0], theirs[0]):
            await asyncio.to_thread(cloud.guests[sender.id].inside.call, partial(send, theirs[1].private_ip, sender.id))
        assert heard.recv(100).decode() == theirs[0].id
    assert not await cloud.passes(mine[0].id, "icmp", theirs[1].private_ip)
    assert await cloud.reaches(theirs[0].id, "icmp", theirs[1].private_ip)


async def test_a_cluster_without_its_gateway_stops_nobody_else(cloud: RemoteCloud) -> None:
    await cloud.join("one")
    with pytest.raises(Unwoven, match="gateway of two is not connected; euca cluster gateway two lets one join"):
        await cloud.launch(1, "web", cluster="two")
    (guest,) = await cloud.launch(1, "web", cluster="one")
    assert await cloud.lease(guest) == [guest.private_ip]


async def test_a_gateway_that_is_stopped_is_said_to_be_lost_holds_up_nobody_and_catches_up(cloud: RemoteCloud) -> None:
    running = await cloud.join("one")
    await cloud.join("two")
    pairs = {cluster: await cloud.launch(2, "web", cluster=cluster) for cluster in ("one", "two", "home")}
    for pair in pairs.values():
        await cloud.lease(*pair)
    looking = asyncio.create_task(cloud.networks.run())
    await noted(cloud, "gateway.up", "one is up")
    running.send_signal(signal.SIGSTOP)
    try:
        await cloud.let_in("web", ANYTHING, hosts=())
        cloud.networks.hear()
        silent = asyncio.create_task(cloud.networks.ready(HOST))
        for host in (OTHER_HOST, HOME_HOST):
            await cloud.networks.ready(host)
        assert not silent.done()
        for first, second in (pairs["two"], pairs["home"]):
            assert await cloud.passes(first.id, "icmp", second.private_ip)
        with pytest.raises(Unwoven, match=r"the gateway of one (did not answer within 15 s|has hung up)"):
            await silent
        await noted(cloud, "gateway.lost", "is not connected; it was there and said nothing for 20 s")
    finally:
        running.send_signal(signal.SIGCONT)
    await cloud.connected("one", 60)
    first, second = pairs["one"]
    assert await cloud.passes(first.id, "icmp", second.private_ip)
    looking.cancel()
    await asyncio.wait([looking])


async def noted(cloud: RemoteCloud, event: str, text: str) -> None:
    """Wait until the journal says something of a gateway."""
    async with asyncio.timeout(60):
        while True:
            entries = await cloud.store.read(lambda unit: unit.entries(0, 1000))
            if any(entry.event == event and text in entry.text for entry in entries):
                return
            await asyncio.sleep(0.05)


async def test_a_forgotten_gateway_is_told_nothing_more_until_it_joins_anew(cloud: RemoteCloud) -> None:
    running = await cloud.join("one")
    await cloud.store.write(lambda unit: gateways.forget(unit, "one"))
    with pytest.raises(Unwoven, match="is not connected"):
        await cloud.networks.ready(HOST)
    cloud.kill(f"one {running.pid}")
    await cloud.join("one")
    (guest,) = await cloud.launch(1, "web")
    assert await cloud.lease(guest) == [guest.private_ip]


def send(address: str, text: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), (address, 9000))
