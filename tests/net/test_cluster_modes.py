"""Two clusters of one cloud, each in its own mode: neither takes from the other what its mode gives or forbids."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.commands import AskedRule
from app.domain.errors import Unsupported
from app.store.database import Database
from tests.builders import FrozenClock
from tests.net.namespaces import Namespace, missing
from tests.net.site import lend_out
from tests.net.small_cloud import SmallCloud

pytestmark = pytest.mark.net
OF_TWO = """VNET_MODE="STATIC"
VNET_BRIDGE="br-site"
VNET_SUBNET="10.1.0.0"
VNET_NETMASK="255.255.255.0"
VNET_ROUTER="10.1.0.1"
VNET_MACMAP="d0:0d:00:00:00:0a=10.1.0.10"
"""
MANAGED = {"vnet_mode": "MANAGED", "vnet_subnet": "10.2.0.0", "vnet_netmask": "255.255.0.0"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    if why := missing("busybox", "ip"):
        pytest.skip(why)
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        yield store


async def test_one_cluster_is_managed_while_the_other_has_a_list_of_pairs(
    inside: Namespace, store: Database, tmp_path: Path
) -> None:
    (tmp_path / "two.conf").write_text(OF_TWO)
    clusters = f"two={tmp_path / 'two.conf'}"
    with lend_out(inside, "br-site", tmp_path, leases=False):
        async with SmallCloud(inside, store, tmp_path, **MANAGED, vnet_clusters=clusters) as cloud:
            (ours,) = await cloud.launch(1, "web")
            (theirs,) = await cloud.launch(1, "web", cluster="two")
            assert await cloud.lease(ours, theirs) == [ours.private_ip, theirs.private_ip]
            assert (theirs.private_ip, theirs.mac) == ("10.1.0.10", "d0:0d:00:00:00:0a")
            assert await cloud.fabric.bridges() == ["eucabr10"]
            await cloud.let_in("web", AskedRule(protocol="tcp", from_port=22, to_port=22, cidr="0.0.0.0/0"))
            assert await cloud.reaches("outside", "tcp", await cloud.give_public(ours), 22)
            assert not await cloud.passes("outside", "tcp", ours.private_ip, 23)
            with pytest.raises(Unsupported, match="with VNET_MODE STATIC the network is the site's"):
                await cloud.give_public(theirs)
            assert await cloud.reaches("outside", "tcp", theirs.private_ip, 23)
            assert await cloud.reaches(ours.id, "tcp", theirs.private_ip, 23)
            await cloud.end(ours)
            assert await cloud.fabric.bridges() == []
