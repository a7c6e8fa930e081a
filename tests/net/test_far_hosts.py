"""Hosts that are other machines: their guests are on the gateway's networks, and its rules are the only way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from app.domain.errors import Unavailable
from app.domain.network import TUNNEL_MTU
from app.network.far_links import XEN_MAC, mac_of
from app.network.pins import end_of
from tests.deadline import eventually
from tests.net.capture import SAID, Capture, claim, hears
from tests.net.far import WIRE
from tests.net.farm import HERE, ONE, OTHER, TWO, WHOLE, Farm, farming, missing
from tests.net.moving import move, move_silently
from tests.net.namespaces import Namespace, links
from tests.net.probes import passes
from tests.net.yard import DB, WEB, let, out

pytestmark = pytest.mark.net
SILENT_S = 1.5


@pytest.fixture
async def farm(machine: Namespace, tmp_path: Path) -> AsyncIterator[Farm]:
    if why := missing():
        pytest.skip(why)
    async with farming(machine, tmp_path) as farm:
        yield farm


@pytest.mark.parametrize("ends", ["libvirt's", "Xen's"])
async def test_guests_of_several_machines_reach_each_other_as_rules_say(farm: Farm, ends: str) -> None:
    await farm.begin()
    for guest in ("i-2", "i-3") if ends == "Xen's" else ():
        port = farm.yard.guests[guest].port
        farm.first.inside.run("ip", "link", "set", port, "address", XEN_MAC, "type", "bridge_slave", "isolated", "off")
    await farm.reach()
    assert await farm.reached() == set()
    await farm.yard.judge([WHOLE], **{WEB: [let("0.0.0.0/0"), out()], DB: [let(WEB), out()]})
    allowed = {("i-1", "i-2"), ("i-2", "i-1"), ("i-3", "i-1"), ("i-4", "i-1")} | {
        ("i-3", "i-2"),
        ("i-4", "i-2"),
        ("i-1", "i-3"),
        ("i-2", "i-3"),
        ("i-1", "i-4"),
        ("i-2", "i-4"),
    }
    assert await farm.reached(allowed) == allowed


async def test_hosts_call_the_gateway_as_the_operator_says(farm: Farm) -> None:
    farm.outreach = farm.another_outreach("192.0.2.2")
    farm.yard.machine.run("ip", "address", "add", "192.0.2.2/24", "dev", WIRE)
    await farm.begin()
    await farm.open()
    assert "remote 192.0.2.2 " in farm.first.inside.run("ip", "-details", "link", "show", "type", "vxlan").stdout
    assert await farm.yard.reaches("i-1", "tcp", ONE.address, 80)


async def test_who_moves_to_another_host_is_silent_for_a_moment_and_keeps_its_connections(farm: Farm) -> None:
    await farm.begin()
    await farm.open()
    assert max(await farm.silence_of_a_move(farm.first, farm.second)) < SILENT_S
    assert await farm.missing(farm.second, replace(WHOLE, members=(ONE, OTHER))) == []


async def test_who_moved_and_is_not_heard_of_is_found_at_the_next_look_and_wherever_it_speaks_later(farm: Farm) -> None:
    await farm.begin()
    await farm.open()
    guest = farm.yard.guests[ONE.instance_id]
    guest.inside.run("sysctl", "net.ipv6.conf.all.disable_ipv6=1")  # else it says by itself that it has a card again
    assert await farm.yard.passes("i-1", "tcp", ONE.address, 80)
    assert farm.led_to(ONE) == farm.first.address
    coming = replace(farm.whole, members=(replace(ONE, moving=True), OTHER))
    await farm.outreach.reach(farm.second.shell, [coming])
    assert farm.led_to(ONE) == farm.first.address  # it is there yet
    await move_silently(guest, farm.first.inside, farm.second.inside, farm.whole.bridge)
    assert not await farm.yard.is_heard("i-1", ONE.address, at="i-2")
    await farm.outreach.reach(farm.second.shell, [replace(farm.whole, members=(ONE, OTHER))])
    assert farm.led_to(ONE) == farm.second.address
    assert await asyncio.to_thread(hears, farm.yard, "i-1", ONE.address, "i-2")
    await farm.outreach.reach(farm.first.shell, [replace(farm.whole, members=(replace(ONE, moving=True), TWO))])
    await move(guest, ONE.address, farm.second.inside, farm.first.inside, farm.whole.bridge)
    await asyncio.to_thread(eventually, lambda: farm.led_to(ONE) == farm.first.address)


async def test_a_host_is_told_only_what_it_lacks_and_gives_back_all_of_it(farm: Farm) -> None:
    farm.first.inside.run("ip", "link", "add", "mine0", "type", "bridge")
    before = farm.first.links()
    await farm.begin()
    assert await farm.missing(farm.first, farm.at_first) == []
    for guest in ("i-2", "i-3"):
        farm.yard.guests.pop(guest).close()
    await farm.outreach.reach(farm.first.shell, [])
    assert {line.split()[0] for line in farm.first.links()} == {line.split()[0] for line in before}


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("link delete dev eucabr0", ["bridge eucabr0 was gone", "CARD was taken off bridge eucabr0"]),
        ("link set dev eucabr0 down", ["bridge eucabr0 was down"]),
        ("link delete dev TUNNEL", ["tunnel TUNNEL was gone"]),
        ("link set dev TUNNEL down", ["tunnel TUNNEL was down or not on bridge eucabr0"]),
    ],
)
async def test_what_somebody_breaks_on_a_host_is_mended_at_the_next_look_which_says_it(
    farm: Farm, harm: str, said: list[str]
) -> None:
    await farm.begin()
    await farm.open()
    assert await farm.reach() == []
    tunnel = next(line.split()[0] for line in farm.first.links() if line.startswith("euvx"))
    card = farm.yard.guests["i-2"].port
    farm.first.inside.run("ip", *harm.replace("TUNNEL", tunnel).split())
    assert not await farm.yard.passes("i-1", "tcp", ONE.address, 80)
    told = await farm.reach()
    for clause in said:
        assert f"root@192.0.2.11: {clause.replace('TUNNEL', tunnel).replace('CARD', card)}" in told
    assert await farm.reach() == []
    asking = farm.yard.guests["i-1"].inside  # while the gateway looks for a lost guest once a second only
    await asyncio.to_thread(eventually, lambda: passes(asking, "tcp", ONE.address, 80))
    assert await farm.missing(farm.first, farm.at_first) == []


async def test_who_takes_a_neighbour_s_mac_and_ip_address_on_a_host_neither_hears_nor_speaks_for_it(farm: Farm) -> None:
    await farm.begin()
    rules = {WEB: [let("0.0.0.0/0"), out()], DB: [out()]}
    await farm.yard.judge([WHOLE], **rules)
    thief = farm.yard.steal("i-3", ONE)
    with Capture(thief, "eth0") as overheard:
        for _ in range(3):
            assert not await farm.yard.is_heard("i-3", HERE.address, at="i-1")
            assert await asyncio.to_thread(hears, farm.yard, "i-1", ONE.address, "i-2")
        assert not any(SAID in frame for frame in overheard.frames())
    assert await farm.yard.seen_as("i-2", HERE.address, at="i-1") == ONE.address


async def test_a_guest_of_a_host_poisons_the_arp_of_nobody_anywhere(farm: Farm) -> None:
    await farm.begin()
    await farm.yard.judge([WHOLE], **{group: [let("0.0.0.0/0"), out()] for group in (WEB, DB)})
    farm.yard.machine.run("sysctl", "net.ipv4.neigh.eucabr0.locktime=0")
    guests, gateway = {one.instance_id: one for one in (HERE, ONE, OTHER)}, "10.9.0.1"
    asking = [(mac_of("yard", "eucabr0"), gateway), *((one.mac, one.address) for one in guests.values())]
    thief = farm.yard.guests["i-3"].inside
    with Capture(thief, "eth0") as overheard, ExitStack() as stack:
        ears = [stack.enter_context(Capture(farm.yard.guests[name].inside, "eth0")) for name in guests]
        for source, target in permutations(guests, 2):
            assert await asyncio.to_thread(hears, farm.yard, source, guests[target].address, target)
            lies = [claim(thief, TWO.mac, stolen, *asking) for stolen in (guests[target].address, gateway)]
            assert await asyncio.to_thread(hears, farm.yard, source, guests[target].address, target)
            assert not any(lie in frame for ear in ears for frame in ear.frames() for lie in lies)
        assert not any(SAID in frame for frame in overheard.frames())


async def test_what_is_for_a_guest_that_was_silent_for_so_long_that_it_is_forgotten_is_heard_by_no_other(
    farm: Farm,
) -> None:
    await farm.begin()
    await farm.yard.judge([WHOLE], **{group: [let("0.0.0.0/0"), out()] for group in (WEB, DB)})
    with (
        Capture(farm.yard.guests["i-1"].inside, "eth0") as here,
        Capture(farm.yard.guests["i-3"].inside, "eth0") as far,
    ):
        assert farm.yard.machine.run("ip", "link", "set", "eucabr0", "type", "bridge", "fdb_flush").returncode == 0
        assert await asyncio.to_thread(hears, farm.yard, "i-2", OTHER.address, "i-4")
        assert not any(SAID in frame for frame in (*here.frames(), *far.frames()))


async def test_a_card_draws_nothing_before_its_guest_has_moved_to_it(farm: Farm) -> None:
    await farm.begin()
    await farm.open()
    assert await farm.yard.passes("i-1", "tcp", ONE.address, 80)
    port = f"address {end_of(ONE.mac)} type veth peer name other0"
    for line in (f"add name waiting0 {port}", "set waiting0 master eucabr0 up"):
        assert farm.yard.machine.run("ip", "link", *line.split()).returncode == 0
    comes = replace(WHOLE, members=(HERE, replace(ONE, moving=True), TWO, OTHER))
    for network, stays in ((comes, True), (WHOLE, False)):
        await farm.yard.judge([network], **{WEB: [let("0.0.0.0/0"), out()]})
        assert await farm.yard.passes("i-1", "tcp", ONE.address, 80) is stays


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("link set dev CARD locked off", "CARD was let speak with any MAC address"),
        (f"fdb del {ONE.mac} dev CARD master", f"{ONE.mac} was not pinned to CARD any more"),
        (f"fdb add {OTHER.mac} dev CARD master static", f"{OTHER.mac} was pinned to CARD"),
    ],
)
async def test_what_somebody_unlocks_on_a_host_is_locked_at_the_next_look_which_says_it(
    farm: Farm, harm: str, said: str
) -> None:
    await farm.begin()
    assert await farm.reach() == []
    card = farm.yard.guests["i-2"].port
    assert farm.first.inside.run("bridge", *harm.replace("CARD", card).split()).returncode == 0
    assert await farm.reach() == [f"root@192.0.2.11: {said.replace('CARD', card)}"]
    assert await farm.reach() == []
    assert await farm.missing(farm.first, farm.at_first) == []


async def test_what_a_host_lacked_when_the_server_came_is_said_once(farm: Farm) -> None:
    await farm.begin()
    await farm.reach()
    farm.outreach = farm.another_outreach()
    farm.first.inside.run("ip", "link", "set", "dev", "eucabr0", "down")
    (told,) = await farm.reach()
    assert told.startswith("root@192.0.2.11: ")
    assert told.endswith(" to do: link set dev eucabr0 up")
    assert await farm.reach() == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("ip link delete dev TUNNEL", "tunnel TUNNEL was gone"),
        ("ip link set dev TUNNEL nomaster", "tunnel TUNNEL was down or not on bridge eucabr0"),
        ("ip link set dev TUNNEL down", "tunnel TUNNEL was down or not on bridge eucabr0"),
        ("bridge fdb del 00:00:00:00:00:00 dev TUNNEL dst 192.0.2.11", "tunnel TUNNEL led no more to 192.0.2.11"),
    ],
)
async def test_what_somebody_breaks_of_the_gateway_s_own_end_is_mended_and_said(
    farm: Farm, harm: str, said: str
) -> None:
    await farm.begin()
    tunnel = next(name for name in farm.yard.machine.call(links) if name.startswith("euvx"))
    assert farm.yard.machine.run(*harm.replace("TUNNEL", tunnel).split()).returncode == 0
    assert said.replace("TUNNEL", tunnel) in await farm.reach()
    assert await farm.reach() == []
    await farm.open()
    assert await farm.yard.reaches("i-1", "tcp", ONE.address, 80)


async def test_a_lease_comes_through_the_tunnel_with_the_frame_size_that_fits(farm: Farm, tmp_path: Path) -> None:
    await farm.begin()
    lease = await asyncio.to_thread(farm.yard.guests["i-4"].lease, tmp_path, "-O", "mtu")
    assert lease is not None
    assert (lease["ip"], lease["mtu"]) == (OTHER.address, str(TUNNEL_MTU))


async def test_a_host_that_can_not_be_reached_is_named(farm: Farm) -> None:
    await farm.yard.fabric.apply([WHOLE])
    nobody = replace(farm.first.shell, port=23)
    with pytest.raises(Unavailable, match=r"root@192\.0\.2\.11 can not be reached by ssh: .*refused"):
        await farm.outreach.reach(nobody, [farm.at_first])
