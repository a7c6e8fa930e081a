"""Images reach hosts once each, and leave them when the cache is full; lost disks are not hidden."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.states import Wanted
from app.reconcile.disks import MIB
from tests.unit.reconcile.cloud import QUICK, Cloud, a_cloud, has_ended, launch, runs
from tests.unit.reconcile.rows import an_image, an_instance


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    async with a_cloud(tmp_path, replace(QUICK, cache_mib=3)) as cloud:
        yield cloud


async def add_image(cloud: Cloud, folder: Path, number: int) -> str:
    """Register an image of 1 MiB; return the name of its volume."""
    content = bytes([number]) * MIB
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"image{number}"
    path.write_bytes(content)
    cloud.files.paths[sha256] = path
    await cloud.add(an_image(id=f"emi-1000000{number}", sha256=sha256, size_bytes=MIB))
    return f"image-{sha256}"


async def volumes(cloud: Cloud) -> set[str]:
    return {volume["name"] for volume in await cloud.world.act("volumes", "host01")}


async def test_many_instances_share_one_upload(cloud: Cloud, tmp_path: Path) -> None:
    image = await add_image(cloud, tmp_path, 1)
    await cloud.world.direct("delay", "host01", what="upload", seconds=0.2)
    ids = [f"i-{n:08x}" for n in range(1, 9)]
    await cloud.add(*(an_instance(id=name, image_id="emi-10000001") for name in ids))
    for name in ids:
        await cloud.until(runs, name)
    assert len(await cloud.world.done("upload")) == 1
    assert image in await volumes(cloud)


async def test_a_failed_upload_is_tried_again(cloud: Cloud, tmp_path: Path) -> None:
    await add_image(cloud, tmp_path, 1)
    await cloud.world.direct("refuse", "host01", what="upload", times=2)
    await launch(cloud, image_id="emi-10000001")
    assert len(await cloud.world.done("upload")) == 3


async def test_an_upload_that_always_fails_ends_the_launch_with_its_reason(cloud: Cloud, tmp_path: Path) -> None:
    await add_image(cloud, tmp_path, 1)
    await cloud.world.direct("refuse", "host01", what="upload", words="the pool is full")
    await cloud.add(an_instance(image_id="emi-10000001"))
    row = await cloud.until(has_ended)
    assert "the pool is full" in row.state_reason


async def test_the_longest_unused_image_makes_room_and_one_in_use_never_does(cloud: Cloud, tmp_path: Path) -> None:
    images = {number: await add_image(cloud, tmp_path, number) for number in range(1, 5)}
    await launch(cloud, id="i-00000001", image_id="emi-10000001")
    for number in (2, 3):
        row = await launch(cloud, id=f"i-0000000{number}", image_id=f"emi-1000000{number}")
        await cloud.change(row.id, wanted=Wanted.TERMINATED)
        await cloud.until(has_ended, row.id)
    await launch(cloud, id="i-00000004", image_id="emi-10000004")
    left = {name for name in await volumes(cloud) if name.startswith("image-")}
    assert left == {images[1], images[3], images[4]}


async def test_an_image_whose_deletion_was_not_answered_is_copied_anew_before_anything_leans_on_it(
    cloud: Cloud, tmp_path: Path
) -> None:
    images = {number: await add_image(cloud, tmp_path, number) for number in range(1, 5)}
    for number in (1, 2, 3):
        row = await launch(cloud, id=f"i-0000000{number}", image_id=f"emi-1000000{number}")
        await cloud.change(row.id, wanted=Wanted.TERMINATED)
        await cloud.until(has_ended, row.id)
    await cloud.world.direct("refuse", "host01", what="delete_volume", times=1)
    await launch(cloud, id="i-00000004", image_id="emi-10000004")
    assert images[1] not in await volumes(cloud)
    before = len(await cloud.world.done("upload"))
    await launch(cloud, id="i-00000005", image_id="emi-10000001")
    assert len(await cloud.world.done("upload")) == before + 1
    assert images[1] in await volumes(cloud)
