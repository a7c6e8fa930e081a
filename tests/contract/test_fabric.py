"""What every fabric does: it becomes what it is told, however often, and touches nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from app.domain.fabric import Fabric
from app.domain.network import GuestAnswer, GuestRequest, Member, Network
from app.network.certificates import Authority
from app.network.elsewhere import Door
from app.network.gateway import GatewayEnd, Papers, Server
from app.network.gateway_words import Invitation
from app.network.kernel import KernelFabric
from tests.crash.paper_fabric import PaperFabric
from tests.deadline import PATIENCE_S
from tests.gateway_book import TrustingBook
from tests.net.namespaces import Namespace, missing
from tests.unit.reconcile.fabrics import RecordedFabric
from tests.unit.reconcile.reaches import RecordedReach

pytestmark = pytest.mark.contract
ONE = Member(instance_id="i-1", mac="d0:0d:00:00:00:01", address="10.9.0.5", hostname="ip-10-9-0-5")
FIRST = Network(name="a", bridge="eucabr0", gateway="10.9.0.1/24", members=(ONE,))
SECOND = Network(name="b", bridge="eucabr1", gateway="10.9.1.1/24")


class Shown(Fabric, Protocol):
    """A fabric that a test can look at."""

    async def bridges(self) -> list[str]: ...


async def silence(asked: GuestRequest) -> GuestAnswer:
    return GuestAnswer(status=404)


class Remote:
    """A fabric at the other end of a wire, and the gateway's own, which can be looked at."""

    def __init__(self, fabric: Fabric, own: KernelFabric) -> None:
        self.apply, self.close, self.bridges = fabric.apply, fabric.close, own.bridges


@asynccontextmanager
async def remote(folder: Path) -> AsyncIterator[Remote]:
    """Let a gateway of this process join and follow a door of this process."""
    own, authority = KernelFabric("contract", silence), Authority.of(folder / "keys")
    end, door = (
        GatewayEnd(own, RecordedReach(), folder / "wanted", lambda wanted: None),
        Door(authority, TrustingBook(), ["one"]),
    )
    fabric, connected = door.fabrics["one"], asyncio.Event()
    fabric.changed = connected.set
    async with door.open("127.0.0.1", 0) as port:
        server, papers = Server("127.0.0.1", port), Papers(folder / "gateway")
        await papers.join(server, Invitation.parse(f"eucagw.{authority.server_fingerprint}.{'x' * 43}.one"))
        following = asyncio.create_task(end.follow(server, papers))
        await asyncio.wait_for(connected.wait(), PATIENCE_S)
        yield Remote(fabric, own)
        following.cancel()
        await asyncio.wait([following])
    await own.close()


@pytest.fixture(params=["recorded", "paper", "kernel", "elsewhere"])
async def fabric(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shown]:
    if request.param == "recorded":
        yield RecordedFabric()
        return
    if request.param == "paper":
        yield PaperFabric(tmp_path / "paper.json")
        return
    if why := missing():
        pytest.skip(why)
    with Namespace() as namespace, namespace.entered():
        if request.param == "elsewhere":
            async with remote(tmp_path) as far:
                yield far
            return
        fabric = KernelFabric("contract", silence)
        yield fabric
        await fabric.close()


async def test_a_new_fabric_has_no_bridges(fabric: Shown) -> None:
    assert await fabric.bridges() == []
    await fabric.apply([])
    assert await fabric.bridges() == []


async def test_it_becomes_what_it_is_told_and_the_same_again_changes_nothing(fabric: Shown) -> None:
    for _ in range(3):
        assert list(await fabric.apply([FIRST, SECOND])) == []
        assert await fabric.bridges() == ["eucabr0", "eucabr1"]


async def test_what_is_no_longer_wanted_goes(fabric: Shown) -> None:
    await fabric.apply([FIRST, SECOND])
    await fabric.apply([SECOND])
    assert await fabric.bridges() == ["eucabr1"]
    await fabric.apply([])
    assert await fabric.bridges() == []


async def test_a_network_may_change_its_members_its_gateway_and_its_bridge(fabric: Shown) -> None:
    for wanted in (
        FIRST,
        replace(FIRST, members=()),
        replace(FIRST, gateway="10.9.7.1/24"),
        replace(FIRST, bridge="eucabr7"),
    ):
        await fabric.apply([wanted])
        assert await fabric.bridges() == [wanted.bridge]


async def test_bridges_outlive_the_answers(fabric: Shown) -> None:
    await fabric.apply([FIRST])
    await fabric.close()
    assert await fabric.bridges() == ["eucabr0"]
    await fabric.apply([FIRST])
    assert await fabric.bridges() == ["eucabr0"]


async def test_what_was_given_up_is_not_carried_out_after_what_was_asked_for_later(fabric: Shown) -> None:
    for _ in range(10):
        given_up = asyncio.create_task(fabric.apply([FIRST]))
        await asyncio.sleep(0)
        given_up.cancel()
        await fabric.apply([SECOND])
        assert await fabric.bridges() == ["eucabr1"]
