"""What differs on a host that is no rehearsal: images need their bytes, and lost disks are not made anew."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.states import InstanceState, Wanted
from tests.unit.reconcile.cloud import Cloud, a_cloud, has_ended, launch, runs
from tests.unit.reconcile.rows import an_image, an_instance

IMAGE = b"bytes of an image"


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with a_cloud(tmp_path, hosts=0) as cloud:
        path = tmp_path / "image"
        path.write_bytes(IMAGE)
        sha256 = hashlib.sha256(IMAGE).hexdigest()
        cloud.files.paths[sha256] = path
        await cloud.add(cloud.scripted(scheme="qemu"), an_image(id="emi-00000002", sha256=sha256, size_bytes=17))
        yield cloud


async def test_an_image_without_bytes_ends_the_launch_at_once_and_says_why(cloud: Cloud) -> None:
    await cloud.add(an_instance(image_id="emi-00000001"))
    row = await cloud.until(has_ended)
    assert "emi-00000001 is registered, but its bytes were never uploaded" in row.state_reason
    assert await cloud.world.done() == []


async def test_an_image_that_is_gone_ends_the_launch_at_once(cloud: Cloud) -> None:
    await cloud.add(an_instance(image_id="emi-0000dead"))
    row = await cloud.until(has_ended)
    assert "emi-0000dead is no longer registered" in row.state_reason


async def test_a_rebooted_host_starts_its_instances_again_from_their_disks(cloud: Cloud) -> None:
    row = await launch(cloud, image_id="emi-00000002")
    await cloud.world.act("undefine", "host01", instance_id=row.id)
    await cloud.until(lambda row: runs(row) and cloud.services.told == [])
    while len(await cloud.world.done("start")) < 2:
        pass
    assert cloud.services.told == []


async def test_an_instance_whose_disks_are_lost_stops_and_says_so(cloud: Cloud) -> None:
    row = await launch(cloud, image_id="emi-00000002")
    made = await cloud.world.done("create_volume")
    await cloud.world.direct("lose", "host01", told=True)
    await cloud.until(lambda row: row.impaired_since_ms > 0)
    await cloud.world.direct("back", "host01", empty=True)
    row = await cloud.until(lambda row: row.state is InstanceState.STOPPED)
    assert "the host lost the instance's domain and disks" in row.state_reason
    assert await cloud.world.done("create_volume") == made


async def test_a_stopped_instance_whose_disks_are_lost_does_not_start_empty(cloud: Cloud) -> None:
    row = await launch(cloud, image_id="emi-00000002")
    await cloud.change(row.id, wanted=Wanted.STOPPED)
    await cloud.until(lambda row: row.state is InstanceState.STOPPED and row.seen.value == "nothing")
    await cloud.world.act("delete_volume", "host01", name=f"{row.id}.root")
    await cloud.change(row.id, wanted=Wanted.RUNNING, launches=2)
    row = await cloud.until(lambda row: row.wanted is Wanted.STOPPED)
    assert "the host lost the instance's disks" in row.state_reason
