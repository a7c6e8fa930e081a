"""A lost host that is switched off for certain: its instances start elsewhere, and it is cleaned up when it is back."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.errors import NoCapacity, WrongState
from app.domain.host import Host
from app.domain.states import HostState, Seen
from app.services import fencing
from app.services.rooms import closed
from tests.unit.reconcile.cloud import Cloud, a_cloud, launch, runs
from tests.unit.reconcile.rows import an_image

IMAGE = "emi-00000002"


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    content = b"bytes of an image"
    digest = hashlib.sha256(content).hexdigest()
    (tmp_path / "image").write_bytes(content)
    async with a_cloud(tmp_path, hosts=0) as made:
        made.files.paths[digest] = tmp_path / "image"
        await made.add(an_image(id=IMAGE, sha256=digest, size_bytes=len(content)))
        await made.add(*(made.scripted(f"host0{n}", n, scheme="qemu") for n in (1, 2)))
        for name in ("host01", "host02"):
            await made.until_host(_up, name)
        yield made


def _up(host: Host | None) -> bool:
    return host is not None and host.state is HostState.UP


def _lost(host: Host | None) -> bool:
    return host is not None and host.state is HostState.LOST


async def _volumes(cloud: Cloud, host: str) -> set[str]:
    found = await cloud.hypervisors.host(host).volumes()
    return {volume.name for volume in found if volume.name.startswith("i-")}


async def _lose(cloud: Cloud) -> None:
    await cloud.world.direct("lose", "host01", told=True)
    await cloud.until_host(_lost)


async def test_an_instance_of_a_fenced_host_runs_elsewhere_with_fresh_disks(cloud: Cloud) -> None:
    await launch(cloud, image_id=IMAGE)
    await _lose(cloud)
    with pytest.raises(WrongState, match="euca host fence host01"):
        await cloud.store.write(lambda unit: fencing.restart(unit, "i-00000001", "host02", "a test"))
    await cloud.store.write(lambda unit: fencing.fence(unit, "host01", "a test"))
    await cloud.store.write(lambda unit: fencing.restart(unit, "i-00000001", "host02", "a test"))
    row = await cloud.until(lambda row: runs(row) and row.launched == 2)
    assert (row.host, row.launches, row.disks_from) == ("host02", 2, 2)
    assert "i-00000001.root" in await _volumes(cloud, "host02")


async def test_a_fenced_host_that_is_back_gives_up_what_runs_elsewhere_and_keeps_the_rest(cloud: Cloud) -> None:
    await launch(cloud, image_id=IMAGE)
    stays = await launch(cloud, image_id=IMAGE, id="i-00000002")
    await _lose(cloud)
    await cloud.store.write(lambda unit: fencing.fence(unit, "host01", "a test"))
    await cloud.store.write(lambda unit: fencing.restart(unit, "i-00000001", "host02", "a test"))
    await cloud.until(lambda row: runs(row) and row.launched == 2)
    fenced = await cloud.host()
    assert fenced is not None
    assert "switched off" in closed(fenced)
    await cloud.world.direct("back", "host01")
    await cloud.until_host(lambda host: host is not None and host.state is HostState.UP and not host.fenced)
    domains = await cloud.hypervisors.host("host01").domains()
    assert [(domain.instance_id, domain.state) for domain in domains] == [(stays.id, Seen.RUNNING)]
    assert {name.partition(".")[0] for name in await _volumes(cloud, "host01")} == {stays.id}
    assert runs(await cloud.row()) and runs(await cloud.row(stays.id))


async def test_only_a_lost_host_is_fenced(cloud: Cloud) -> None:
    with pytest.raises(WrongState, match="only a lost one"):
        await cloud.store.write(lambda unit: fencing.fence(unit, "host01", "a test"))


async def test_an_instance_starts_elsewhere_only_where_there_is_room(cloud: Cloud) -> None:
    await launch(cloud, image_id=IMAGE)
    await launch(cloud, image_id=IMAGE, id="i-00000002", host="host02", cores=8)
    await _lose(cloud)
    await cloud.store.write(lambda unit: fencing.fence(unit, "host01", "a test"))
    with pytest.raises(NoCapacity):
        await cloud.store.write(lambda unit: fencing.restart(unit, "i-00000001", "host02", "a test"))
    assert (await cloud.row()).host == "host01"
