"""Between machines what guests say is encrypted, unless an operator says that the wire is one to trust."""

import asyncio
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.network import SEALED_MTU, Network
from app.network.outreach import EVERYBODY
from tests.net.capture import FORGED, SAID, Capture, hears, inject
from tests.net.farm import ONE, OTHER, WHOLE, Farm, farming
from tests.net.namespaces import Namespace, links
from tests.net.yard import DB, WEB, let, out

pytestmark = pytest.mark.fullkernel
SEALED = replace(WHOLE, sealed=True, mtu=SEALED_MTU)
OPEN = {WEB: [let("0.0.0.0/0"), out()], DB: [let(WEB), out()]}


@pytest.fixture
async def farm(machine: Namespace, tmp_path: Path) -> AsyncIterator[Farm]:
    async with farming(machine, tmp_path, SEALED, by_ssh=False) as farm:
        yield farm


@pytest.mark.parametrize("whole", [SEALED, WHOLE], ids=["wireguard", "trusted"])
async def test_the_wire_shows_what_guests_say_only_if_it_is_trusted(
    machine: Namespace, tmp_path: Path, whole: Network
) -> None:
    async with farming(machine, tmp_path, whole, by_ssh=False) as farm:
        await farm.begin()
        assert await farm.reached() == set()
        await farm.yard.judge([farm.whole], **OPEN)
        with Capture(machine, "far12") as path:
            assert await asyncio.to_thread(hears, farm.yard, "i-1", OTHER.address, "i-4")
            frames = path.frames()
    assert frames
    assert any(SAID in frame for frame in frames) is not whole.sealed


@pytest.mark.parametrize("whole", [SEALED, WHOLE], ids=["wireguard", "trusted"])
async def test_whoever_is_on_the_wire_gets_nothing_into_a_tunnel_unless_it_is_trusted(
    machine: Namespace, tmp_path: Path, whole: Network
) -> None:
    async with farming(machine, tmp_path, whole, by_ssh=False) as farm:
        await farm.begin()
        await farm.yard.judge([farm.whole], **OPEN)
        told = farm.first.inside.run("ip", "-6", "-brief", "address", "show", "dev", "eth0").stdout.split()[2]
        address = f"{told.partition('/')[0]}%eth0" if whole.sealed else farm.first.address
        with Capture(farm.first.inside, "eth0") as host, Capture(farm.yard.guests["i-2"].inside, "eth0") as guest:
            await asyncio.to_thread(inject, farm.second.inside, address, whole.bridge, ONE.mac)
            assert await asyncio.to_thread(hears, farm.yard, "i-1", ONE.address, "i-2")
            assert any(FORGED in frame for frame in host.frames())
            assert any(FORGED in frame for frame in guest.frames()) is not whole.sealed


async def test_a_host_whose_end_was_lost_gets_another_one_and_the_old_key_is_worth_nothing(farm: Farm) -> None:
    await farm.begin()
    await farm.yard.judge([farm.whole], **OPEN)
    card = next(line.split()[0] for line in farm.first.links() if line.startswith("euwg"))
    before = farm.first.inside.run("wg", "show", card, "public-key").stdout.strip()
    farm.first.inside.run("ip", "link", "delete", card)
    assert f"root@192.0.2.11: encrypted way {card} was gone" in await farm.reach()
    assert await farm.reach() == []
    assert await asyncio.to_thread(hears, farm.yard, "i-1", "10.9.0.6", "i-2")
    peers = farm.yard.machine.run("wg", "show", card, "peers").stdout.split()
    assert len(peers) == 2
    assert before not in peers


async def test_the_gateway_s_end_is_switched_on_again_and_that_is_told(farm: Farm) -> None:
    await farm.begin()
    await farm.yard.judge([farm.whole], **OPEN)
    card = next(line.split()[0] for line in farm.first.links() if line.startswith("euwg"))
    farm.yard.machine.run("ip", "link", "set", card, "down")
    assert await farm.reach() == [f"encrypted way {card} was down"]
    assert await farm.reach() == []
    assert await asyncio.to_thread(hears, farm.yard, "i-1", ONE.address, "i-2")


async def test_what_is_for_a_guest_that_is_thought_to_be_on_another_host_goes_to_its_own_after_a_look(
    farm: Farm,
) -> None:
    await farm.begin()
    await farm.yard.judge([farm.whole], **OPEN)
    assert await asyncio.to_thread(hears, farm.yard, "i-2", OTHER.address, "i-4")
    right, card = farm.led_to(ONE), next(line.split()[0] for line in farm.first.links() if line.startswith("euwg"))
    tunnel = next(name for name in farm.yard.machine.call(links) if name.startswith("euvx"))
    lie = f"fdb replace {ONE.mac} dev {tunnel} dst {farm.led_to(OTHER)} via {card} dynamic"
    assert farm.yard.machine.run("bridge", *lie.split()).returncode == 0
    assert farm.led_to(ONE) != right
    assert await farm.reach() == []
    assert farm.led_to(ONE) == right
    assert await asyncio.to_thread(hears, farm.yard, "i-1", ONE.address, "i-2")


async def test_key_and_cards_are_made_for_nobody_else_and_go_with_the_last_network(farm: Farm) -> None:
    before = farm.first.links()
    await farm.begin()
    assert stat.S_IMODE(farm.key_file.stat().st_mode) == 0o600
    for guest in ("i-2", "i-3"):
        farm.yard.guests.pop(guest).close()
    await farm.outreach.reach(farm.first.shell, [])
    led = farm.yard.machine.run("bridge", "fdb", "show").stdout.splitlines()
    assert len([line for line in led if line.startswith(EVERYBODY)]) == 1  # to the other host
    assert {line.split()[0] for line in farm.first.links()} == {line.split()[0] for line in before}
    await farm.yard.fabric.apply([])
    assert "euwg" not in farm.yard.machine.run("ip", "link").stdout
