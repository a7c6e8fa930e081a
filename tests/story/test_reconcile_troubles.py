"""Hosts that hang, blink and stay away; a loop that is stopped in the middle."""

import time
from dataclasses import replace
from pathlib import Path

from app.domain.states import HostState, Wanted
from tests.unit.reconcile.cloud import QUICK, QUICK_TIMING, a_cloud, has_ended, launch, runs
from tests.unit.reconcile.rows import a_host, an_instance

ENDLESS = replace(QUICK_TIMING, call_s=3600, start_s=3600)


async def test_a_host_that_hangs_delays_no_other(tmp_path: Path) -> None:
    """Nothing on it is given up while the others start: they are not only late."""
    async with a_cloud(tmp_path, replace(QUICK, concurrency=4, pass_s=3600), hosts=2, timing=ENDLESS) as cloud:
        await cloud.world.direct("delay", "host01", what="define", seconds=3600)
        await cloud.add(*(an_instance(id=f"i-1000000{n}", host="host01") for n in range(8)))
        await cloud.add(*(an_instance(id=f"i-2000000{n}", host="host02") for n in range(8)))
        for n in range(8):
            await cloud.until(runs, f"i-2000000{n}")
        assert not (await cloud.row("i-10000000")).last_error


async def test_a_silent_host_is_found_by_its_heartbeat(tmp_path: Path) -> None:
    async with a_cloud(tmp_path) as cloud:
        row = await launch(cloud)
        await cloud.world.direct("lose", "host01")
        await cloud.until_host(lambda host: host is not None and host.state is HostState.LOST)
        await cloud.until(lambda row: row.impaired_since_ms > 0)
        await cloud.world.direct("back", "host01")
        await cloud.until(lambda row: row.impaired_since_ms == 0)
        assert await cloud.world.done("start") == [("start", row.id)]


async def test_a_host_that_is_said_to_be_slow_may_take_longer_over_its_heartbeat(tmp_path: Path) -> None:
    async with a_cloud(tmp_path) as cloud:
        await cloud.world.direct("delay", "host02", what="facts", seconds=2 * QUICK.probe_s)
        slow = cloud.scripted("host02", 2)
        await cloud.add(replace(slow, uri=f"{slow.uri}&patience=100"))
        await cloud.until_host(lambda host: host is not None and host.state is HostState.UP, "host02")


async def test_nothing_fails_because_its_host_is_away(tmp_path: Path) -> None:
    async with a_cloud(tmp_path) as cloud:
        await launch(cloud, id="i-00000009")
        await cloud.world.direct("lose", "host01")
        await cloud.add(an_instance())
        row = await cloud.until(lambda row: row.impaired_since_ms > 0)
        assert (row.attempts, row.wanted) == (0, Wanted.RUNNING)
        await cloud.world.direct("back", "host01")
        await cloud.until(runs)
        assert cloud.services.told == []


async def test_doubled_and_lost_events_change_nothing(tmp_path: Path) -> None:
    async with a_cloud(tmp_path) as cloud:
        for times in (3, 0):
            await cloud.world.direct("repeat", times=times)
            name = f"i-0000000{times}"
            await launch(cloud, id=name)
            await cloud.world.direct("power_off", "host01", instance_id=name)
            await cloud.until(lambda row: row.wanted is Wanted.STOPPED, name)
        assert [what for what, _ in cloud.services.told] == ["powered off", "powered off"]


async def test_a_stopped_loop_ends_in_time_though_a_host_hangs_and_the_next_one_goes_on(tmp_path: Path) -> None:
    async with a_cloud(tmp_path, timing=ENDLESS) as cloud:
        await cloud.world.direct("delay", "host01", what="start", seconds=3600)
        await cloud.add(*(an_instance(id=f"i-0000000{n}") for n in range(6)))
        while not await cloud.world.done("define"):
            pass
        began = time.monotonic()
        await cloud.reconciler.stop()
        assert time.monotonic() - began < 30
        await cloud.world.direct("delay", "host01", what="start", seconds=0)
        await cloud.restart()
        for n in range(6):
            await cloud.until(runs, f"i-0000000{n}")
        assert await cloud.world.direct("doubles") == []


async def test_an_instance_terminated_while_it_starts_does_not_stay(tmp_path: Path) -> None:
    async with a_cloud(tmp_path) as cloud:
        await cloud.world.direct("delay", "host01", what="define", seconds=0.2)
        row = an_instance()
        await cloud.add(row)
        while not await cloud.world.done("create_volume"):
            pass
        await cloud.change(row.id, wanted=Wanted.TERMINATED)
        await cloud.until(has_ended)
        assert await cloud.world.act("domains", "host01") == []
        assert await cloud.world.done("start") == []


async def test_a_host_whose_uri_makes_no_sense_is_lost_and_harms_no_other(tmp_path: Path) -> None:
    async with a_cloud(tmp_path) as cloud:
        await cloud.add(a_host(name="host09", uri="nonsense://host09", ordinal=9))
        host = await cloud.until_host(lambda host: host is not None and host.state is HostState.LOST, "host09")
        assert host is not None and "nonsense" in host.last_error
        await launch(cloud)


async def test_what_the_loop_writes_and_does_itself_does_not_shorten_its_back_off(tmp_path: Path) -> None:
    limits = replace(QUICK, attempts=3, retry_first_s=0.3, retry_most_s=10.0, jitter=lambda: 1.0)
    async with a_cloud(tmp_path, limits) as cloud:
        await cloud.world.direct("refuse", "host01", what="start")
        await cloud.until_host(lambda host: host is not None and host.state is HostState.UP)
        began = time.monotonic()
        await cloud.add(an_instance())
        await cloud.until(has_ended)
        assert time.monotonic() - began >= 0.3 + 0.6
