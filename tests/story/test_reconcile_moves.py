"""Running instances move between scripted hosts: refused, slow, unanswered, lost, stopped on the way, cut short."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.instance import Instance
from app.domain.journal import Entry
from app.domain.states import HostState, HostWanted, Wanted
from app.services import hosts, moves
from tests.unit.reconcile.cloud import QUICK, Cloud, a_cloud, has_ended, launch, runs
from tests.unit.reconcile.fabrics import RecordedFabric
from tests.unit.reconcile.reaches import RecordedReach

ID = "i-00000001"


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """Two hosts that count as real ones, an instance running on the first."""
    async with a_cloud(tmp_path, hosts=0) as cloud:
        await cloud.add(*(cloud.scripted(f"host{n:02}", n, scheme="qemu") for n in (1, 2)))
        for name in ("host01", "host02"):
            await cloud.until_host(lambda host: host is not None and host.state is HostState.UP, name)
        await launch(cloud, image_id="")
        yield cloud
        assert await cloud.world.direct("doubles") == []


async def begin(cloud: Cloud) -> None:
    await cloud.store.write(lambda unit: moves.begin(unit, ID, "host02", "it is crowded"))


def settled(row: Instance) -> bool:
    return not row.moving_from


async def left(cloud: Cloud, host: str) -> tuple[list[Any], list[str]]:
    domains = await cloud.world.act("domains", host)
    return domains, [volume["name"] for volume in await cloud.world.act("volumes", host)]


async def last_event(cloud: Cloud) -> Entry:
    entries = await cloud.store.read(lambda unit: unit.entries(0, 10_000))
    return [entry for entry in entries if entry.event.startswith("instance.move")][-1]


async def test_an_instance_moves_with_its_disks_and_leaves_nothing_behind(cloud: Cloud) -> None:
    volumes = (await left(cloud, "host01"))[1]
    await begin(cloud)
    row = await cloud.until(settled)
    assert (row.host, row.state) == ("host02", "running")
    assert await left(cloud, "host01") == ([], [])
    domains, moved = await left(cloud, "host02")
    assert ([domain["state"] for domain in domains], moved) == (["running"], volumes)
    assert await cloud.world.done("start", "destroy") == [("start", ID)]


@pytest.mark.parametrize("refused", [False, True])
async def test_both_hosts_have_their_networks_looked_at_once_a_move_is_over(tmp_path: Path, refused: bool) -> None:
    reach, calm = RecordedReach(), replace(QUICK, resync_s=3600.0)
    async with a_cloud(tmp_path, calm, hosts=0, fabric=RecordedFabric(), reach=reach) as cloud:
        far = [cloud.scripted(f"host{n:02}", n, scheme="qemu") for n in (1, 2)]
        await cloud.add(*(replace(host, uri=host.uri.replace("//", f"//{host.name}", 1)) for host in far))
        await launch(cloud, image_id="", private_ip="10.9.0.5")
        if refused:
            await cloud.world.direct("refuse", "host01", what="migrate", words="no route to host02")
        await begin(cloud)
        stayed = "host01" if (await cloud.until(settled)).host == "host01" else "host02"
        assert (stayed == "host01") is refused
        async with asyncio.timeout(60):
            while on(reach) != {stayed: [False]}:
                reach.news.clear()
                await reach.news.wait()


def on(reach: RecordedReach) -> dict[str, list[bool]]:
    """Tell by host whose guests it was told of last, and whether they may be elsewhere."""
    found = {shell.name: [one.moving for n in networks for one in n.members] for shell, networks in reach.told.items()}
    return {name: moving for name, moving in found.items() if moving}


async def test_an_instance_that_moved_can_be_ended(cloud: Cloud) -> None:
    await begin(cloud)
    await cloud.until(settled)
    await cloud.change(ID, wanted=Wanted.TERMINATED)
    await cloud.until(has_ended)
    assert await left(cloud, "host02") == ([], [])


async def test_a_move_that_is_refused_leaves_it_where_it_was_and_says_why(cloud: Cloud) -> None:
    await cloud.world.direct("refuse", "host01", what="migrate", words="no route to host02")
    await begin(cloud)
    row = await cloud.until(settled)
    assert (row.host, row.state) == ("host01", "running")
    assert (await last_event(cloud)).event == "instance.move failed"
    assert "no route to host02" in (await last_event(cloud)).text
    assert await left(cloud, "host02") == ([], [])
    assert len(await cloud.world.done("migrate")) == cloud.limits.move_attempts


async def test_a_move_that_is_refused_once_is_tried_again(cloud: Cloud) -> None:
    await cloud.world.direct("refuse", "host01", what="migrate", times=1)
    await begin(cloud)
    assert (await cloud.until(settled)).host == "host02"


async def test_a_move_whose_answer_comes_too_late_comes_true(cloud: Cloud) -> None:
    await cloud.world.direct("delay", "host01", what="migrate", seconds=1.5)
    await begin(cloud)
    assert (await cloud.until(settled)).host == "host02"
    assert await left(cloud, "host01") == ([], [])


@pytest.mark.parametrize("seconds", [0.0, 0.3])
async def test_a_loop_that_dies_in_the_middle_is_followed_by_one_that_finishes(cloud: Cloud, seconds: float) -> None:
    await cloud.world.direct("delay", "host01", what="migrate", seconds=0.4)
    await begin(cloud)
    await asyncio.sleep(seconds)
    await cloud.restart()
    row = await cloud.until(settled)
    assert row.host == "host02"
    assert await left(cloud, "host01") == ([], [])


async def test_one_to_be_stopped_on_its_way_is_stopped_where_it_arrives(cloud: Cloud) -> None:
    await cloud.world.direct("delay", "host01", what="migrate", seconds=0.3)
    await begin(cloud)
    await cloud.change(ID, wanted=Wanted.STOPPED)
    row = await cloud.until(lambda row: row.state == "stopped" and settled(row))
    assert row.host == "host02"
    assert (await left(cloud, "host01"))[0] == (await left(cloud, "host02"))[0] == []


async def test_one_to_be_ended_on_its_way_ends_and_leaves_nothing(cloud: Cloud) -> None:
    await cloud.world.direct("delay", "host01", what="migrate", seconds=0.3)
    await begin(cloud)
    await cloud.change(ID, wanted=Wanted.TERMINATED)
    await cloud.until(has_ended)
    assert await left(cloud, "host01") == await left(cloud, "host02") == ([], [])


async def test_a_guest_that_switches_itself_off_on_its_way_is_stopped_where_it_was(cloud: Cloud) -> None:
    await cloud.world.direct("delay", "host01", what="migrate", seconds=0.3)
    await begin(cloud)
    await cloud.world.direct("power_off", "host01", instance_id=ID)
    row = await cloud.until(lambda row: row.state == "stopped" and settled(row))
    assert row.host == "host01"
    assert await left(cloud, "host02") == ([], [])


async def test_a_host_lost_before_the_move_began_does_not_get_the_instance(cloud: Cloud) -> None:
    await cloud.world.direct("lose", "host02", told=True)
    await cloud.store.write(lambda unit: moves.begin(unit, ID, "host02", "nobody has noticed yet"))
    row = await cloud.until(settled)
    assert (row.host, row.state) == ("host01", "running")
    assert "host02 can not be reached" in (await last_event(cloud)).text


async def test_a_host_that_is_lost_with_an_instance_on_its_way_is_waited_for(cloud: Cloud) -> None:
    await cloud.world.direct("delay", "host01", what="migrate", seconds=30.0)
    await begin(cloud)
    await cloud.world.direct("lose", "host01", told=True)
    await cloud.until(lambda row: row.impaired_since_ms > 0)
    assert (await cloud.row()).moving_from == "host01"
    await cloud.world.direct("delay", "host01", what="migrate", seconds=0.0)
    await cloud.world.direct("back", "host01")
    row = await cloud.until(lambda row: settled(row) and not row.impaired_since_ms)
    assert runs(row)


async def test_a_host_leaves_only_when_nothing_moves_away_from_it_any_more(cloud: Cloud) -> None:
    await cloud.world.direct("delay", "host01", what="migrate", seconds=0.5)
    await begin(cloud)
    await cloud.store.write(lambda unit: hosts.remove(unit, "host01"))
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        host = await cloud.host("host01")
        assert host is not None and host.wanted is HostWanted.REMOVED
        await asyncio.sleep(0.02)
    await cloud.until_host(lambda host: host is None, "host01")
    assert (await cloud.row()).host == "host02"
