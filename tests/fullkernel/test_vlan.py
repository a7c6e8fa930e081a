"""Each network is a VLAN of its own between machines, and the gateway's rules are the only way within one as well."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import Broken
from app.domain.network import Network
from app.network.far_links import mac_of
from tests.net.capture import FORGED, SAID, Capture, forge, hears
from tests.net.far import WIRE
from tests.net.farm import ONE, OTHER, WHOLE, Farm, farming
from tests.net.namespaces import Namespace
from tests.net.yard import DB, WEB, let, member, out

pytestmark = pytest.mark.fullkernel
TAGGED = replace(WHOLE, bridge="eucabr12", mtu=0, trunk="eth0", vlan=12)
STRANGER = member(5, "10.9.1.5", DB)
ANOTHER = Network(name="b", bridge="eucabr13", gateway="10.9.1.1/24", members=(STRANGER,), trunk="eth0", vlan=13)
OPEN = {WEB: [let("0.0.0.0/0"), out()], DB: [let(WEB), out()]}
VLAN_12, VLAN_13 = bytes.fromhex("8100000c"), bytes.fromhex("8100000d")


@pytest.fixture
async def farm(machine: Namespace, tmp_path: Path) -> AsyncIterator[Farm]:
    """The gateway's card is plugged into the wire as those of hosts are."""
    async with farming(machine, tmp_path, TAGGED, by_ssh=False) as farm:
        for line in ("add eth0 type veth peer name up0", "set eth0 up", f"set up0 master {WIRE} up"):
            machine.run("ip", "link", *line.split())
        yield farm


async def test_guests_of_one_network_speak_by_its_vlan_and_only_as_rules_say(farm: Farm) -> None:
    await farm.begin()
    assert await farm.reached() == set()
    await farm.yard.judge([farm.whole], **OPEN)
    web, db = {"i-1", "i-2"}, {"i-3", "i-4"}
    everybody = {(one, two) for one in web | db for two in web | db if one != two}
    allowed = everybody - {("i-3", "i-4"), ("i-4", "i-3")}
    assert await farm.reached(allowed) == allowed
    with Capture(farm.yard.machine, "far12") as path:
        assert await asyncio.to_thread(hears, farm.yard, "i-1", OTHER.address, "i-4")
        tags = {frame[12:16] for frame in path.frames() if SAID in frame}
    assert tags == {VLAN_12}
    with Capture(farm.yard.guests["i-2"].inside, "eth0") as neighbour:
        forge(farm.yard.guests["i-4"].inside, mac_of("yard", TAGGED.bridge), ONE.mac)
        assert await asyncio.to_thread(hears, farm.yard, "i-1", ONE.address, "i-2")
        heard = neighbour.frames()
    assert any(SAID in frame for frame in heard)
    assert not any(FORGED in frame for frame in heard)


async def test_two_networks_on_the_same_machines_never_see_each_others_frames(farm: Farm) -> None:
    await farm.begin()
    both = [farm.whole, ANOTHER]
    await farm.yard.fabric.apply(both)
    await farm.outreach.reach(farm.second.shell, [farm.at_second, ANOTHER])
    farm.yard.add("i-5", ANOTHER.bridge, STRANGER.mac, STRANGER.address, "10.9.1.1", farm.second.inside)
    await farm.outreach.reach(farm.second.shell, [farm.at_second, ANOTHER])
    await farm.yard.judge(both, **OPEN)
    with Capture(farm.yard.guests["i-5"].inside, "eth0") as stranger, Capture(farm.yard.machine, "far12") as path:
        assert await asyncio.to_thread(hears, farm.yard, "i-1", OTHER.address, "i-4")
        assert not await farm.yard.passes("i-5", "tcp", OTHER.address, 80)
        seen, wired = stranger.frames(), path.frames()
    assert not any(SAID in frame or bytes.fromhex(OTHER.mac.replace(":", "")) in frame for frame in seen)
    assert {frame[12:16] for frame in wired if frame[12:14] == VLAN_12[:2]} == {VLAN_12, VLAN_13}


async def test_what_somebody_breaks_is_mended_and_all_goes_with_the_last_network(farm: Farm) -> None:
    machine, host = farm.yard.machine, farm.first.inside
    before = farm.first.links()
    await farm.begin()
    await farm.yard.judge([farm.whole], **OPEN)
    for place in (machine, host):
        place.run("ip", "link", "delete", "eth0.12")
    assert "VLAN eth0.12 was gone" in await farm.yard.judge([farm.whole], **OPEN)
    assert await farm.reach() == ["root@192.0.2.11: VLAN eth0.12 was gone"]
    host.run("ip", "link", "set", "eth0.12", "nomaster")
    assert await farm.reach() == ["root@192.0.2.11: VLAN eth0.12 was down or not on bridge eucabr12"]
    assert await farm.reach() == []
    for harm in (
        "filter delete dev eth0.12 ingress pref 2",
        "qdisc delete dev eth0.12 clsact",
        "filter add dev eth0.12 ingress pref 1 handle 9 protocol all flower action pass",
    ):
        assert host.run("tc", *harm.split()).returncode == 0, harm
        assert await farm.reach() == ["root@192.0.2.11: the fence of VLAN eth0.12 was changed"], harm
        assert "handle 0x9" not in host.run("tc", "filter", "show", "dev", "eth0.12", "ingress").stdout
        assert await farm.reach() == []
    assert await asyncio.to_thread(hears, farm.yard, "i-1", "10.9.0.6", "i-2")
    for guest in [*farm.yard.guests]:
        farm.yard.guests.pop(guest).close()
    await farm.outreach.reach(farm.first.shell, [])
    await farm.yard.fabric.apply([])
    assert "eth0." not in machine.run("ip", "link").stdout + host.run("ip", "link").stdout
    assert {line.split()[0] for line in farm.first.links()} == {line.split()[0] for line in before}


async def test_a_vlan_of_the_sites_own_is_never_touched(farm: Farm) -> None:
    farm.yard.machine.run("ip", "link", "add", "link", "eth0", "name", "eth0.12", "type", "vlan", "id", "12")
    before = farm.yard.machine.run("ip", "link", "show", "eth0.12").stdout
    with pytest.raises(Broken, match=r"eth0\.12 is there already and is not ours"):
        await farm.yard.fabric.apply([farm.whole])
    assert farm.yard.machine.run("ip", "link", "show", "eth0.12").stdout == before
