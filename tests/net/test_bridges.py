"""Bridges in the kernel: what drifts is repaired, what an operator made is only lent, what is another's stays."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import Broken
from app.domain.network import GuestAnswer, GuestRequest, Member, Network
from app.network.kernel import KernelFabric
from tests.net.conftest import Join
from tests.net.namespaces import Namespace, addresses, delete, links, make_bridge

pytestmark = pytest.mark.net
ONE = Member(instance_id="i-1", mac="d0:0d:00:00:00:01", address="10.9.0.5", hostname="ip-10-9-0-5")
NETWORK = Network(name="n", bridge="eucabr0", gateway="10.9.0.1/24", members=(ONE,))
OURS = ["10.9.0.1/24", "169.254.169.254/32"]


async def whose(asked: GuestRequest) -> GuestAnswer:
    return GuestAnswer(status=200, body=asked.instance_id.encode())


@pytest.fixture
async def fabric(inside: Namespace) -> AsyncIterator[KernelFabric]:
    fabric = KernelFabric("one", whose)
    yield fabric
    await fabric.close()


async def test_a_bridge_that_somebody_deleted_is_back_with_its_guests_at_the_next_pass(
    fabric: KernelFabric, join: Join, tmp_path: Path
) -> None:
    await fabric.apply([NETWORK])
    guest = join(ONE.mac)
    assert await asyncio.to_thread(guest.lease, tmp_path) is not None
    await asyncio.to_thread(delete, "eucabr0")
    assert await fabric.bridges() == []
    await fabric.apply([NETWORK])
    assert addresses("eucabr0") == OURS
    lease = await asyncio.to_thread(guest.lease, tmp_path)
    assert lease is not None
    assert lease["ip"] == "10.9.0.5"
    got = await asyncio.to_thread(guest.inside.run, "busybox", "wget", "-q", "-O", "-", "http://169.254.169.254/")
    assert got.stdout == "i-1"


async def test_addresses_that_were_changed_are_put_right(fabric: KernelFabric) -> None:
    await fabric.apply([NETWORK])
    await fabric.apply([replace(NETWORK, gateway="10.9.7.1/24")])
    assert addresses("eucabr0") == ["10.9.7.1/24", "169.254.169.254/32"]
    await fabric.apply([NETWORK])
    assert addresses("eucabr0") == OURS


async def test_an_operator_s_bridge_is_used_and_given_back_as_it_was(fabric: KernelFabric) -> None:
    make_bridge("eucabr0", "192.0.2.1/24")
    await fabric.apply([NETWORK])
    await fabric.apply([NETWORK])
    assert addresses("eucabr0") == [OURS[0], OURS[1], "192.0.2.1/24"]
    await fabric.apply([])
    assert addresses("eucabr0") == ["192.0.2.1/24"]
    assert await fabric.bridges() == []


async def test_another_cloud_of_this_machine_keeps_its_bridge(fabric: KernelFabric) -> None:
    other = KernelFabric("other", whose)
    await other.apply([replace(NETWORK, bridge="eucabr9", gateway="10.8.0.1/24")])
    await fabric.apply([NETWORK])
    await fabric.apply([])
    assert await other.bridges() == ["eucabr9"]
    assert {"eucabr0", "eucabr9"} & links() == {"eucabr9"}
    await other.close()


async def test_a_new_server_takes_over_what_a_killed_one_left(fabric: KernelFabric) -> None:
    await fabric.apply([NETWORK])
    await fabric.close()
    again = KernelFabric("one", whose)
    await again.apply([NETWORK])
    assert addresses("eucabr0") == OURS
    await again.apply([])
    assert "eucabr0" not in links()
    await again.close()


async def test_a_name_that_is_no_bridge_is_left_alone_and_said(fabric: KernelFabric) -> None:
    with pytest.raises(Broken, match="lo is there already and is no bridge"):
        await fabric.apply([replace(NETWORK, bridge="lo")])
    assert addresses("lo") == ["127.0.0.1/8"]
