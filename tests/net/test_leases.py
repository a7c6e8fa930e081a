"""DHCP by real packets: a card that is ours gets exactly its address, any other gets silence."""

import asyncio
from pathlib import Path

import pytest

from app.domain.network import GuestAnswer, GuestRequest, Member, Network
from app.network.kernel import KernelFabric
from tests.net.conftest import Join
from tests.net.namespaces import Namespace

pytestmark = pytest.mark.net
ONE = Member(instance_id="i-1", mac="d0:0d:00:00:00:01", address="10.9.0.5", hostname="ip-10-9-0-5")
NETWORK = Network(
    name="n", bridge="eucabr0", gateway="10.9.0.1/24", dns=("10.9.0.1", "10.9.0.3"), mtu=1450, members=(ONE,)
)


async def whose(asked: GuestRequest) -> GuestAnswer:
    return GuestAnswer(status=200, body=f"{asked.instance_id} {asked.method} {asked.path}".encode())


async def test_a_card_gets_its_own_address_with_all_that_belongs_to_it(
    inside: Namespace, join: Join, tmp_path: Path
) -> None:
    fabric = KernelFabric("test", whose)
    await fabric.apply([NETWORK])
    guest, foreign = join(ONE.mac), join("d0:0d:00:00:00:99")
    lease = await asyncio.to_thread(guest.lease, tmp_path, "-O", "mtu")
    assert lease is not None
    assert (lease["ip"], lease["subnet"], lease["router"]) == ("10.9.0.5", "255.255.255.0", "10.9.0.1")
    assert (lease["dns"], lease["hostname"], lease["mtu"]) == ("10.9.0.1 10.9.0.3", "ip-10-9-0-5", "1450")
    assert int(lease["lease"]) >= 24 * 60 * 60
    assert lease["serverid"] == "10.9.0.1"
    assert await asyncio.to_thread(foreign.lease, tmp_path, tries=2) is None
    got = await asyncio.to_thread(guest.inside.run, "busybox", "wget", "-q", "-O", "-", "http://169.254.169.254/a")
    assert got.stdout == "i-1 GET /a"
    await fabric.apply([])
    assert await fabric.bridges() == []
    await fabric.close()
