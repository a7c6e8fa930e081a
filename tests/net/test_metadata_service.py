"""The metadata address by real packets: who asks is told by bridge and address, how far an answer travels by TTL."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.network import Member, Network
from app.domain.ports import Unit
from app.network.kernel import KernelFabric
from app.server.metadata import Metadata
from app.store.database import Database
from tests.builders import FrozenClock
from tests.net.conftest import Join
from tests.net.namespaces import Guest, Namespace, missing
from tests.unit.server.metadata_cloud import furnish_guests

pytestmark = pytest.mark.net
URL = "http://169.254.169.254/latest"


@pytest.fixture(autouse=True)
def programs() -> None:
    if why := missing("curl", "nft"):
        pytest.skip(why)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        yield store


@pytest.fixture
async def fabric(inside: Namespace, store: Database) -> AsyncIterator[KernelFabric]:
    """Two guests of two accounts, `10.9.0.5` and `10.9.0.6`, with the real service behind the address."""
    rows = await store.write(furnish_guests)
    members = tuple(Member(instance_id=row.id, mac=row.mac, address=row.private_ip, hostname=row.id) for row in rows)
    fabric = KernelFabric("test", Metadata(store, FrozenClock(), os.urandom).answer)
    await fabric.apply([Network(name="n", bridge="eucabr0", gateway="10.9.0.1/24", members=members)])
    yield fabric
    await fabric.close()


@pytest.fixture
async def guests(fabric: KernelFabric, join: Join, tmp_path: Path) -> list[Guest]:
    made = [join("d0:0d:00:00:00:01"), join("d0:0d:00:00:00:02")]
    for guest in made:
        assert await asyncio.to_thread(guest.lease, tmp_path) is not None
    return made


async def curl(guest: Guest, *arguments: str) -> str:
    return (await asyncio.to_thread(guest.inside.run, "curl", "-s", "-m", "60", *arguments)).stdout


async def test_two_instances_of_two_accounts_see_their_own_only(guests: list[Guest]) -> None:
    for guest, name, key in zip(guests, ("i-00000001", "i-00000002"), ("ana", "eve"), strict=True):
        assert await curl(guest, f"{URL}/meta-data/instance-id") == name
        assert await curl(guest, f"{URL}/meta-data/public-keys/") == f"0={key}"
        spoofed = ("-H", "X-Forwarded-For: 10.9.0.6", "-H", "Host: 10.9.0.6", "-H", "Forwarded: for=10.9.0.6")
        assert await curl(guest, *spoofed, f"{URL}/meta-data/instance-id") == name


async def test_a_token_is_got_and_used_and_holds_for_its_instance_only(guests: list[Guest]) -> None:
    ask = ("-X", "PUT", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60", f"{URL}/api/token")
    token = await curl(guests[0], *ask)
    header = ("-H", f"X-aws-ec2-metadata-token: {token}")
    assert await curl(guests[0], *header, f"{URL}/meta-data/instance-id") == "i-00000001"
    status = ("-o", "/dev/null", "-w", "%{http_code}")
    assert await curl(guests[1], *header, *status, f"{URL}/meta-data/instance-id") == "401"
    assert await curl(guests[0], "-X", "PUT", *status, f"{URL}/api/token") == "400"


async def test_the_answer_with_a_token_dies_at_the_first_router_and_others_do_not(guests: list[Guest]) -> None:
    """A container in a guest stands behind a router; here a namespace behind the guest does."""
    guest = guests[0]
    inner = Namespace()
    try:
        await asyncio.to_thread(guest.inside.call, lambda: nest(inner))
        token = ("-X", "PUT", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60", f"{URL}/api/token")
        asked = await asyncio.to_thread(inner.run, "curl", "-s", "-m", "60", f"{URL}/meta-data/instance-id")
        assert asked.stdout == "i-00000001"
        refused = await asyncio.to_thread(inner.run, "curl", "-s", "-m", "2", *token)
        assert (refused.stdout, refused.returncode) == ("", 28)
        assert len(await curl(guest, *token)) > 40
    finally:
        inner.close()


async def test_an_owner_may_let_tokens_travel_one_router_further_and_demand_them(
    guests: list[Guest], store: Database
) -> None:
    def change(unit: Unit) -> None:
        (mine,) = unit.instances.where(id="i-00000001")
        unit.instances.put(replace(mine, metadata_hops=2, metadata_tokens_required=True))

    inner = Namespace()
    try:
        await asyncio.to_thread(guests[0].inside.call, lambda: nest(inner))
        await store.write(change)
        ask = ("-X", "PUT", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60", f"{URL}/api/token")
        told = await asyncio.to_thread(inner.run, "curl", "-s", "-m", "60", *ask)
        header = ("-H", f"X-aws-ec2-metadata-token: {told.stdout}")
        assert await curl(guests[0], *header, f"{URL}/meta-data/instance-id") == "i-00000001"
        status = ("-o", "/dev/null", "-w", "%{http_code}")
        assert await curl(guests[0], *status, f"{URL}/meta-data/instance-id") == "401"
    finally:
        inner.close()


def nest(inner: Namespace) -> None:
    """Put a namespace behind this one, which routes for it and lends it its address."""
    import subprocess

    from pyroute2 import IPRoute

    with IPRoute() as route:
        route.link("add", ifname="inner", kind="veth", peer={"ifname": "eth0", "net_ns_fd": inner.file})
        index = route.link_lookup(ifname="inner")[0]
        route.addr("add", index=index, address="172.30.0.1", prefixlen=24)
        route.link("set", index=index, state="up")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    rules = "table ip t { chain c { type nat hook postrouting priority 100; oifname eth0 masquerade; }; }"
    subprocess.run(["nft", rules], check=True)

    def addressed() -> None:
        with IPRoute() as route:
            index = route.link_lookup(ifname="eth0")[0]
            route.addr("add", index=index, address="172.30.0.2", prefixlen=24)
            route.link("set", index=index, state="up")
            route.route("add", dst="default", gateway="172.30.0.1")

    inner.call(addressed)
