"""The disk of a stopped instance becomes an image, once and whole, whatever happens on the way."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import WrongState
from app.domain.image import Image
from app.domain.states import ImageState, InstanceState, Wanted
from app.reconcile.disks import MIB
from app.services import captures
from tests.deadline import PATIENCE_S
from tests.unit.reconcile.cloud import QUICK, Cloud, a_cloud, has_ended, launch, runs
from tests.unit.reconcile.rows import an_image

CONTENT = b"what the guest sees " * 1000
ON_DISK = CONTENT.ljust(MIB, b"\0")
CAPTURED = "emi-20000001"
LIFE = ("shutdown", "destroy", "undefine", "download", "define", "start")


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """A cloud with a stopped instance whose disk holds something."""
    async with a_cloud(tmp_path, replace(QUICK, resync_s=0.2)) as cloud:
        source, sha256 = tmp_path / "image", hashlib.sha256(CONTENT).hexdigest()
        source.write_bytes(CONTENT)
        cloud.files.paths[sha256] = source
        await cloud.add(an_image(id="emi-10000001", sha256=sha256, size_bytes=len(CONTENT)))
        row = await launch(cloud, image_id="emi-10000001")
        await cloud.change(row.id, wanted=Wanted.STOPPED)
        await cloud.until(lambda row: row.state is InstanceState.STOPPED)
        yield cloud


async def ask(cloud: Cloud) -> None:
    wanted = an_image(id=CAPTURED, state=ImageState.PENDING, source_instance_id="i-00000001")
    await cloud.add(wanted)


async def image(cloud: Cloud) -> Image:
    row = await cloud.store.read(lambda unit: unit.images.get(CAPTURED))
    assert row is not None
    return row


async def until(cloud: Cloud, state: ImageState) -> Image:
    deadline = time.monotonic() + PATIENCE_S
    while (row := await image(cloud)).state is not state:
        assert time.monotonic() < deadline, row
        await asyncio.sleep(0.01)
    return row


async def begun(cloud: Cloud) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not await cloud.world.done("download"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def script(cloud: Cloud, direction: str, **facts: Any) -> None:
    await cloud.world.direct(direction, "host01", **facts)


async def test_the_image_has_the_bytes_of_the_disk(cloud: Cloud) -> None:
    await ask(cloud)
    made = await until(cloud, ImageState.AVAILABLE)
    assert made.size_bytes == MIB
    assert cloud.files.stored[made.sha256] == ON_DISK
    assert (await cloud.row()).state is InstanceState.STOPPED


async def test_a_running_instance_rests_meanwhile_and_comes_back(cloud: Cloud) -> None:
    await cloud.change("i-00000001", wanted=Wanted.RUNNING, launches=2)
    await cloud.until(runs)
    so_far = len(await cloud.world.done(*LIFE))
    await cloud.change("i-00000001", resting=True)
    await ask(cloud)
    made = await until(cloud, ImageState.AVAILABLE)
    assert cloud.files.stored[made.sha256] == ON_DISK
    row = await cloud.until(lambda row: not row.resting and runs(row))
    assert row.state is InstanceState.RUNNING
    await cloud.until(runs)
    done = [do for do, _ in (await cloud.world.done(*LIFE))[so_far:]]
    assert done == ["shutdown", "undefine", "download", "define", "start"]


async def test_a_failed_image_lets_its_instance_run_again(cloud: Cloud) -> None:
    await script(cloud, "refuse", what="download")
    await cloud.change("i-00000001", wanted=Wanted.RUNNING, launches=2)
    await cloud.until(runs)
    await cloud.change("i-00000001", resting=True)
    await ask(cloud)
    await until(cloud, ImageState.FAILED)
    await cloud.until(lambda row: not row.resting and runs(row))


async def test_a_loop_that_begins_anew_reads_the_disk_again(cloud: Cloud) -> None:
    await script(cloud, "delay", what="download", seconds=0.5)
    await ask(cloud)
    await cloud.restart()
    made = await until(cloud, ImageState.AVAILABLE)
    assert cloud.files.stored == {made.sha256: ON_DISK}


async def test_an_image_waits_for_a_lost_host(cloud: Cloud) -> None:
    await script(cloud, "lose")
    await cloud.until_host(lambda host: host is not None and host.state.value == "lost")
    await ask(cloud)
    await cloud.restart()  # it knows of the image from the store alone
    assert (await image(cloud)).state is ImageState.PENDING
    await script(cloud, "back")
    await until(cloud, ImageState.AVAILABLE)


async def test_a_host_that_refuses_ends_the_image_and_is_not_named(cloud: Cloud) -> None:
    await script(cloud, "refuse", what="download", words="host01 has no such volume")
    await ask(cloud)
    over = await until(cloud, ImageState.FAILED)
    assert over.state_reason_code == "Server.InternalError"
    assert "host01" not in over.state_reason
    assert cloud.services.told[-1][0] == "not captured"


async def test_an_instance_that_ends_ends_its_image(cloud: Cloud) -> None:
    await script(cloud, "delay", what="download", seconds=0.3)
    await script(cloud, "refuse", what="delete_volume", times=-1)  # its disk is there longer than it is read
    await ask(cloud)
    await begun(cloud)
    await cloud.change("i-00000001", wanted=Wanted.TERMINATED)
    over = await until(cloud, ImageState.FAILED)
    assert over.state_reason_code == "Client.InstanceTerminated"
    await script(cloud, "refuse", what="delete_volume", times=0)
    await cloud.until(has_ended)
    assert (over.sha256, over.size_bytes) == ("", 0)


async def test_an_instance_does_not_start_while_its_disk_is_read(cloud: Cloud) -> None:
    row = await cloud.row()
    await script(cloud, "delay", what="download", seconds=0.5)
    await ask(cloud)
    with pytest.raises(WrongState, match=CAPTURED):
        await cloud.store.read(lambda unit: captures.refuse_start(unit, row))
    await until(cloud, ImageState.AVAILABLE)
    await cloud.store.read(lambda unit: captures.refuse_start(unit, row))
