"""An instance's life on a scripted host: real SQLite, the real loop, a hypervisor in its own process."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.journal import Entry
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted, InstanceState, Seen, Wanted
from tests.deadline import PATIENCE_S
from tests.unit.reconcile.cloud import Cloud, a_cloud, has_ended, launch, runs
from tests.unit.reconcile.rows import an_instance


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with a_cloud(tmp_path) as cloud:
        yield cloud


async def test_an_instance_that_is_asked_for_runs(cloud: Cloud) -> None:
    row = await launch(cloud)
    assert row.launched == 1
    assert await cloud.world.done("define", "start") == [("define", row.id), ("start", row.id)]


async def test_a_terminated_instance_leaves_nothing_on_its_host(cloud: Cloud) -> None:
    row = await launch(cloud)
    await cloud.change(row.id, wanted=Wanted.TERMINATED)
    row = await cloud.until(has_ended)
    assert row.seen is Seen.NOTHING
    assert await cloud.world.act("domains", "host01") == []
    assert await cloud.world.act("volumes", "host01") == []
    deadline = time.monotonic() + PATIENCE_S
    while cloud.reconciler.remembered:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_stopped_instance_keeps_its_disks_and_starts_again_from_them(cloud: Cloud) -> None:
    row = await launch(cloud)
    await cloud.change(row.id, wanted=Wanted.STOPPED)
    await cloud.until(lambda row: row.seen is Seen.NOTHING and row.state is InstanceState.STOPPED)
    assert [volume["name"] for volume in await cloud.world.act("volumes", "host01")] == [f"{row.id}.root"]
    await cloud.change(row.id, wanted=Wanted.RUNNING, launches=2)
    row = await cloud.until(runs)
    assert row.launched == 2
    assert ("destroy", row.id) not in await cloud.world.done()


async def test_a_guest_that_switches_itself_off_is_stopped(cloud: Cloud) -> None:
    row = await launch(cloud)
    await cloud.world.direct("power_off", "host01", instance_id=row.id)
    await cloud.until(lambda row: row.state is InstanceState.STOPPED)
    assert cloud.services.told == [("powered off", row.id)]


async def test_a_guest_that_crashes_is_stopped_with_the_reason_and_keeps_its_disks(cloud: Cloud) -> None:
    row = await launch(cloud, shutdown_behavior="terminate")
    await cloud.world.direct("crash", "host01", instance_id=row.id)
    row = await cloud.until(lambda row: row.state is InstanceState.STOPPED and row.seen is Seen.NOTHING)
    assert row.state_reason == "the guest crashed"
    assert await cloud.world.done("delete_volume") == []


async def test_trouble_that_is_over_is_forgotten(cloud: Cloud) -> None:
    row = await launch(cloud)
    await cloud.world.direct("refuse", "host01", what="shutdown", times=2, words="not now")
    await cloud.change(row.id, wanted=Wanted.STOPPED)
    await cloud.until(lambda row: "not now" in row.last_error)
    await cloud.until(lambda row: row.state is InstanceState.STOPPED and row.last_error == "")


async def test_a_reboot_is_asked_of_the_guest(cloud: Cloud) -> None:
    row = await launch(cloud)
    await cloud.change(row.id, reboots=1)
    await cloud.until(lambda row: row.rebooted == 1)
    assert await cloud.world.done("reboot", "reset") == [("reboot", row.id)]


async def test_a_launch_that_is_refused_again_and_again_is_given_up_with_a_reason(cloud: Cloud) -> None:
    await cloud.world.direct("refuse", "host01", what="start", words="no room in the pool")
    await cloud.add(an_instance())
    row = await cloud.until(has_ended)
    assert row.state_reason_code == "Server.InternalError"
    assert "no room in the pool" in row.state_reason
    assert len(await cloud.world.done("start")) == cloud.limits.attempts


async def test_a_launch_that_is_refused_twice_succeeds_the_third_time(cloud: Cloud) -> None:
    await cloud.world.direct("refuse", "host01", what="define", times=2)
    row = await launch(cloud)
    assert (row.attempts, row.last_error) == (0, "")


async def test_instances_of_a_lost_host_are_left_alone_until_it_is_back(cloud: Cloud) -> None:
    row = await launch(cloud)
    await cloud.world.direct("lose", "host01", told=True)
    row = await cloud.until(lambda row: row.impaired_since_ms > 0)
    assert row.state is InstanceState.RUNNING
    host = await cloud.host()
    assert host is not None and host.state is HostState.LOST
    before = await cloud.world.done()
    await cloud.change(row.id, wanted=Wanted.TERMINATED)
    await cloud.world.direct("back", "host01")
    row = await cloud.until(has_ended)
    assert row.impaired_since_ms == 0
    assert (await cloud.world.done())[: len(before)] == before


async def test_a_host_that_comes_back_empty_gets_its_instances_again(cloud: Cloud) -> None:
    row = await launch(cloud)
    await cloud.world.direct("lose", "host01", told=True)
    await cloud.until(lambda row: row.impaired_since_ms > 0)
    await cloud.world.direct("back", "host01", empty=True)
    await cloud.until(lambda row: row.impaired_since_ms == 0 and runs(row))
    assert [domain["state"] for domain in await cloud.world.act("domains", "host01")] == ["running"]
    assert cloud.services.told == [], row


async def test_a_restarted_loop_adopts_what_runs(cloud: Cloud) -> None:
    row = await launch(cloud)
    await cloud.restart()
    await cloud.change(row.id, reboots=1)
    await cloud.until(lambda row: row.rebooted == 1)
    assert await cloud.world.done("start") == [("start", row.id)]


async def test_a_domain_of_ours_that_nobody_knows_is_reported_and_never_touched(cloud: Cloud) -> None:
    spec = {"instance_id": "i-0000beef", "launch": 1, "cores": 1, "memory_mib": 64, "recovery": {}}
    await cloud.world.act("define", "host01", spec=spec)
    await cloud.world.act("start", "host01", instance_id="i-0000beef")
    await launch(cloud)
    entries: list[Entry] = []
    while not entries:
        every = await cloud.store.read(lambda unit: unit.entries(0, 1000))
        entries = [entry for entry in every if entry.event == "host.unknown_domain"]
    assert "i-0000beef" in entries[0].text and "euca recover" in entries[0].text
    assert await cloud.world.done("destroy", "undefine") == []


async def test_a_host_to_be_removed_leaves_once_it_is_empty(cloud: Cloud) -> None:
    row = await launch(cloud)
    await _want_removed(cloud)
    await cloud.change(row.id, wanted=Wanted.TERMINATED)
    await cloud.until_host(lambda host: host is None)
    assert cloud.services.told == [("emptied", "host01")]


async def _want_removed(cloud: Cloud) -> None:
    def work(unit: Unit) -> None:
        host = unit.hosts.get("host01")
        assert host is not None
        unit.hosts.put(replace(host, wanted=HostWanted.REMOVED))

    await cloud.store.write(work)
