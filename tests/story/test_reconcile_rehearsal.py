"""The loop on libvirt's own test driver, which forgets everything with its process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.states import HostState, InstanceState, Seen, Wanted
from app.services import moves
from tests.unit.reconcile.cloud import Cloud, a_cloud, has_ended, launch, runs
from tests.unit.reconcile.rows import a_host, an_instance


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with a_cloud(tmp_path, hosts=0) as cloud:
        await cloud.add(a_host(uri="test:///rehearsal?cores=8&memory_mib=16384&disk_gb=200"))
        yield cloud


async def test_a_rehearsal_host_is_used_as_soon_as_it_is_added(cloud: Cloud) -> None:
    row = await launch(cloud)
    host = await cloud.host()
    assert host is not None and (host.cores, host.memory_mib, host.disk_gb) == (8, 16384, 200)
    await cloud.change(row.id, reboots=1)
    await cloud.until(lambda row: row.rebooted == 1)
    await cloud.change(row.id, wanted=Wanted.STOPPED)
    await cloud.until(lambda row: row.state is InstanceState.STOPPED)
    await cloud.change(row.id, wanted=Wanted.RUNNING, launches=2)
    await cloud.until(runs)
    await cloud.change(row.id, wanted=Wanted.TERMINATED)
    await cloud.until(has_ended)
    assert cloud.services.told == []


async def test_a_rehearsal_host_is_given_its_instances_back_after_a_restart(cloud: Cloud) -> None:
    ids = [f"i-{n:08x}" for n in range(1, 6)]
    for name in ids:
        await launch(cloud, id=name)
    before = await cloud.store.read(lambda unit: unit.cursor())
    await cloud.restart()
    await cloud.add(an_instance(id="i-00000009"))
    await cloud.until(runs, "i-00000009")
    domains = await cloud.hypervisors.host("host01").domains()
    assert {domain.instance_id for domain in domains if domain.state.value == "running"} == {*ids, "i-00000009"}
    told = await cloud.store.read(lambda unit: unit.entries(before, 100))
    assert {entry.resource_id for entry in told if entry.kind == "instance"} == {"i-00000009"}
    assert cloud.services.told == []


async def test_an_instance_that_moves_between_rehearsal_hosts_while_the_loop_is_restarted_arrives(cloud: Cloud) -> None:
    await cloud.add(a_host(name="host02", ordinal=2, uri="test:///rehearsal?cores=8&memory_mib=16384&disk_gb=200"))
    await cloud.until_host(lambda host: host is not None and host.state is HostState.UP, "host02")
    row = await launch(cloud)
    for target in ("host02", "host01"):
        await cloud.store.write(lambda unit, to=target: moves.begin(unit, row.id, to, "it is crowded"))  # type: ignore[misc]
        await cloud.restart()
        await cloud.until(lambda row, to=target: row.hosts == (to,) and runs(row))  # type: ignore[misc]
    running = {name: await cloud.hypervisors.host(name).domains() for name in ("host01", "host02")}
    assert {name: [domain.state for domain in domains] for name, domains in running.items()} == {
        "host01": [Seen.RUNNING],
        "host02": [],
    }
    assert cloud.services.told == [("moved", row.id)] * 2
