"""kill -9 in the middle of many launches, stops and ends, again and again: the next loop finishes the work."""

import asyncio
import sys
from pathlib import Path

import pytest

from app.domain.states import InstanceState, Wanted
from tests.deadline import PATIENCE_S
from tests.unit.reconcile.cloud import Cloud, a_cloud, has_ended, runs
from tests.unit.reconcile.rows import an_instance

INSTANCES = 30


async def killed_after(database: Path, cloud: Cloud, actions: int) -> None:
    """Run a loop in a process of its own and kill it once hosts were told that many more things."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.unit.reconcile.loop_process", str(database), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        before = len(await cloud.world.done())
        async with asyncio.timeout(PATIENCE_S):
            while len(await cloud.world.done()) < before + actions:
                pass
    finally:
        process.kill()
        await process.wait()


@pytest.mark.crash
async def test_a_killed_loop_loses_nothing_and_starts_nothing_twice(tmp_path: Path) -> None:
    async with a_cloud(tmp_path, hosts=2) as cloud:
        await cloud.close()
        database = tmp_path / "state" / "cloud.sqlite3"
        ids = [f"i-{n:08x}" for n in range(INSTANCES)]
        await cloud.add(*(an_instance(id=name, host=f"host0{n % 2 + 1}") for n, name in enumerate(ids)))
        for _ in range(3):
            await killed_after(database, cloud, 7)
        for name in ids[:10]:
            await cloud.change(name, wanted=Wanted.TERMINATED)
        for name in ids[10:20]:
            await cloud.change(name, wanted=Wanted.STOPPED)
        for _ in range(3):
            await killed_after(database, cloud, 7)
        await cloud.restart()
        for name in ids[:10]:
            await cloud.until(has_ended, name)
        for name in ids[10:20]:
            await cloud.until(lambda row: row.state is InstanceState.STOPPED, name)
        for name in ids[20:]:
            await cloud.until(runs, name)
        assert await cloud.world.direct("doubles") == []
        destroyed = {name for _, name in await cloud.world.done("destroy")}
        assert not destroyed & set(ids[20:])
        for host in ("host01", "host02"):
            left = {volume["name"][:10] for volume in await cloud.world.act("volumes", host)}
            assert not left & set(ids[:10])
