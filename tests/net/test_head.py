"""One public address for eight instances: the head answers; all of them reach each other and the world."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.commands import AskedRule
from app.store.database import Database
from tests.builders import FrozenClock
from tests.net.namespaces import Namespace, missing
from tests.net.probes import Try
from tests.net.small_cloud import OUTSIDE, WORLD, SmallCloud

pytestmark = pytest.mark.net
ANYBODY = AskedRule(protocol="tcp", from_port=22, to_port=22, cidr="0.0.0.0/0")
MANAGED = {"vnet_mode": "MANAGED", "vnet_subnet": "10.1.0.0", "vnet_netmask": "255.255.0.0"}
NOVLAN = MANAGED | {"vnet_mode": "MANAGED-NOVLAN"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    if why := missing("busybox", "ip"):
        pytest.skip(why)
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        yield store


@pytest.mark.parametrize("mode", [MANAGED, NOVLAN], ids=["MANAGED", "MANAGED-NOVLAN"])
async def test_of_one_and_seven_only_the_head_answers_from_outside_and_all_reach_all(
    inside: Namespace, store: Database, tmp_path: Path, mode: dict[str, str]
) -> None:
    async with SmallCloud(inside, store, tmp_path, **mode, addressing="head") as cloud:
        eight = await cloud.launch(5, "default") + await cloud.launch(3, "default", "private", "two")
        (stranger,) = await cloud.launch(1, "others", "private")
        assert await cloud.lease(*eight, stranger) == [one.private_ip for one in (*eight, stranger)]
        await cloud.let_in("default", ANYBODY)
        public = await cloud.public()
        assert list(public) == [eight[0].id]
        head = Try("tcp", public[eight[0].id], 22)
        private = [Try("tcp", one.private_ip, 22) for one in eight]

        # Somebody outside who sends private addresses to the gateway is no more welcome than any other.
        cloud.guests["outside"].inside.run("ip", "route", "add", "10.1.0.0/16", "via", WORLD)
        assert await cloud.passing("outside", head, *private, due={head}) == {head}
        assert await cloud.passing("outside", Try("tcp", head.address, 23), Try("icmp", head.address)) == set()

        others = [{Try("tcp", peer.private_ip, 5000) for peer in eight if peer is not one} for one in eight]
        found = await asyncio.gather(
            *(cloud.passing(one.id, *to, due=to) for one, to in zip(eight, others, strict=True))
        )
        assert found == others

        world = Try("tcp", OUTSIDE, 80)
        out = await asyncio.gather(*(cloud.passing(one.id, world, due={world}) for one in eight))
        assert out == [{world}] * 8
        assert await cloud.passing(stranger.id, *others[0]) == set()
        await cloud.end(*eight, stranger)
        assert await cloud.fabric.bridges() == []
