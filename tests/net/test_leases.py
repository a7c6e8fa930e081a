"""DHCP by real packets: a card that is ours gets exactly its address, any other gets silence."""

import asyncio
import shutil
from pathlib import Path

import pytest

from app.domain.errors import Broken
from app.domain.network import GuestAnswer, GuestRequest, Member, Network
from app.network import nft
from app.network.dnsmasq import Dnsmasq
from app.network.kernel import KernelFabric
from tests.net.conftest import Join
from tests.net.namespaces import Namespace, addresses, make_bridge
from tests.net.probes import passes

pytestmark = pytest.mark.net
ONE = Member(instance_id="i-1", mac="d0:0d:00:00:00:01", address="10.9.0.5", hostname="ip-10-9-0-5")
NETWORK = Network(
    name="n", bridge="eucabr0", gateway="10.9.0.1/24", dns=("10.9.0.1", "10.9.0.3"), mtu=1450, members=(ONE,)
)


async def whose(asked: GuestRequest) -> GuestAnswer:
    return GuestAnswer(status=200, body=f"{asked.instance_id} {asked.method} {asked.path}".encode())


@pytest.fixture(params=["server", "dnsmasq"])
def lessor(request: pytest.FixtureRequest, tmp_path: Path) -> Dnsmasq | None:
    if request.param == "server":
        return None
    program = shutil.which("dnsmasq")
    if program is None:
        pytest.skip("needs dnsmasq")
    return Dnsmasq(Path(program), tmp_path / "dnsmasq")


async def test_a_card_gets_its_own_address_with_all_that_belongs_to_it(
    inside: Namespace, join: Join, tmp_path: Path, lessor: Dnsmasq | None
) -> None:
    fabric = KernelFabric("test", whose, lessor=lessor)
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


async def test_on_the_site_s_bridge_leases_are_all_that_is_ours(
    inside: Namespace, join: Join, tmp_path: Path, lessor: Dnsmasq | None
) -> None:
    site = Network(name="n", bridge="br-site", gateway="10.9.0.1/24", members=(ONE,), of_site=True)
    fabric = KernelFabric("test", whose, lessor=lessor)
    with pytest.raises(Broken, match="there is no bridge br-site"):
        await fabric.apply([site])
    make_bridge("br-site", "10.8.0.2/24")
    with pytest.raises(Broken, match=r"br-site has no address in 10\.9\.0\.0/24"):
        await fabric.apply([site])
    inside.run("ip", "address", "add", "10.9.0.2/24", "dev", "br-site")
    before = nft.run("list ruleset"), inside.run("ip", "-4", "address").stdout
    await fabric.apply([site])
    assert (nft.run("list ruleset"), inside.run("ip", "-4", "address").stdout) == before
    guest, foreign = join(ONE.mac, "br-site"), join("d0:0d:00:00:00:99", "br-site")
    lease = await asyncio.to_thread(guest.lease, tmp_path)
    assert lease is not None
    assert (lease["ip"], lease["router"], lease["serverid"]) == ("10.9.0.5", "10.9.0.1", "10.9.0.2")
    assert await asyncio.to_thread(foreign.lease, tmp_path, tries=2) is None
    assert not await asyncio.to_thread(passes, guest.inside, "tcp", "169.254.169.254", 80)
    inside.run("ip", "link", "set", guest.port, "nomaster")
    await fabric.apply([site])
    assert await asyncio.to_thread(passes, guest.inside, "icmp", "10.9.0.2")
    await fabric.apply([])
    assert addresses("br-site") == ["10.8.0.2/24", "10.9.0.2/24"]
    assert await fabric.bridges() == []
    await fabric.close()
