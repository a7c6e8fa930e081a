"""The contract of the Volumes port, on every implementation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.domain.errors import Broken
from app.domain.storage import WHOLE, Hold, StoredVolume, Volumes, VolumeSpec
from app.storage.rehearsed_volumes import RehearsedVolumes
from tests.deadline import PATIENCE_S

pytestmark = pytest.mark.contract
VOLUME, OTHER = "vol-0000000a", "vol-0000000b"
SNAPSHOT, COPY = "snap-0000000a", "snap-0000000b"
HOLD = Hold(instance_id="i-0000abcd", host="h1", device="/dev/sdf")


@pytest.fixture(params=["rehearsed"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Volumes]:
    made = {"rehearsed": RehearsedVolumes}[request.param](tmp_path / "volumes")
    yield made
    for volume in await made.volumes():
        await made.detach(volume.volume_id, force=True)
        await made.delete(volume.volume_id)
    for snapshot in await made.snapshots():
        await made.delete_snapshot(snapshot.snapshot_id)
    await made.aclose()


def a_spec(volume_id: str = VOLUME, size_gib: int = 2, snapshot_id: str = "") -> VolumeSpec:
    return VolumeSpec(volume_id=volume_id, cluster="one", size_gib=size_gib, snapshot_id=snapshot_id)


async def whole(storage: Volumes, snapshot_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (seen := await storage.snapshot(snapshot_id)) is None or seen.percent < WHOLE:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_an_empty_storage_has_nothing_and_removing_that_is_no_error(storage: Volumes) -> None:
    assert await storage.volumes() == []
    assert await storage.snapshots() == []
    assert await storage.volume(VOLUME) is None
    assert await storage.snapshot(SNAPSHOT) is None
    await storage.detach(VOLUME, force=False)
    await storage.delete(VOLUME)
    await storage.delete_snapshot(SNAPSHOT)


async def test_every_step_of_a_life_may_be_repeated(storage: Volumes) -> None:
    for _ in range(2):
        await storage.create(a_spec())
        assert await storage.volume(VOLUME) == StoredVolume(volume_id=VOLUME, size_gib=2)
    for _ in range(2):
        await storage.attach(VOLUME, HOLD)
        assert await storage.volumes() == [StoredVolume(volume_id=VOLUME, size_gib=2, hold=HOLD)]
    for _ in range(2):
        await storage.grow(VOLUME, 5)
        assert await storage.volume(VOLUME) == StoredVolume(volume_id=VOLUME, size_gib=5, hold=HOLD)
    await storage.create(a_spec())
    assert await storage.volume(VOLUME) == StoredVolume(volume_id=VOLUME, size_gib=5, hold=HOLD)
    for _ in range(2):
        await storage.detach(VOLUME, force=False)
        assert await storage.volume(VOLUME) == StoredVolume(volume_id=VOLUME, size_gib=5)
    for _ in range(2):
        await storage.delete(VOLUME)
        assert await storage.volumes() == []


async def test_a_volume_never_shrinks(storage: Volumes) -> None:
    await storage.create(a_spec(size_gib=5))
    await storage.grow(VOLUME, 3)
    assert await storage.volume(VOLUME) == StoredVolume(volume_id=VOLUME, size_gib=5)


async def test_a_volume_hangs_on_one_instance_and_of_two_at_once_one_gets_it(storage: Volumes) -> None:
    await storage.create(a_spec())
    holds = [Hold(instance_id=f"i-{number:08x}", host="h1", device="/dev/sdf") for number in range(4)]
    tried = await asyncio.gather(*(storage.attach(VOLUME, hold) for hold in holds), return_exceptions=True)
    won = [hold for hold, failure in zip(holds, tried, strict=True) if failure is None]
    assert len(won) == 1
    assert all(isinstance(failure, Broken) for failure in tried if failure is not None)
    seen = await storage.volume(VOLUME)
    assert seen is not None and seen.hold == won[0]


async def test_an_instance_that_moved_sees_its_volume_on_the_new_host(storage: Volumes) -> None:
    await storage.create(a_spec())
    await storage.attach(VOLUME, HOLD)
    there = Hold(instance_id=HOLD.instance_id, host="h2", device=HOLD.device)
    await storage.attach(VOLUME, there)
    seen = await storage.volume(VOLUME)
    assert seen is not None and seen.hold == there


async def test_an_attached_volume_is_not_deleted(storage: Volumes) -> None:
    await storage.create(a_spec())
    await storage.attach(VOLUME, HOLD)
    with pytest.raises(Broken):
        await storage.delete(VOLUME)
    assert await storage.volume(VOLUME) == StoredVolume(volume_id=VOLUME, size_gib=2, hold=HOLD)


async def test_what_is_not_there_is_neither_attached_nor_grown_nor_copied(storage: Volumes) -> None:
    with pytest.raises(Broken):
        await storage.attach(VOLUME, HOLD)
    with pytest.raises(Broken):
        await storage.grow(VOLUME, 5)
    with pytest.raises(Broken):
        await storage.take_snapshot(SNAPSHOT, VOLUME)
    with pytest.raises(Broken):
        await storage.create(a_spec(snapshot_id=SNAPSHOT))
    assert await storage.volumes() == []
    assert await storage.snapshots() == []


async def test_a_snapshot_outlives_its_volume_and_volumes_made_from_it_outlive_the_snapshot(storage: Volumes) -> None:
    await storage.create(a_spec())
    for _ in range(2):
        await storage.take_snapshot(SNAPSHOT, VOLUME)
    await whole(storage, SNAPSHOT)
    await storage.delete(VOLUME)
    await storage.create(a_spec(OTHER, 3, SNAPSHOT))
    for _ in range(2):
        await storage.delete_snapshot(SNAPSHOT)
    assert await storage.snapshots() == []
    assert await storage.volumes() == [StoredVolume(volume_id=OTHER, size_gib=3)]


async def test_a_snapshot_keeps_the_size_that_its_volume_had_and_a_smaller_volume_is_refused(storage: Volumes) -> None:
    await storage.create(a_spec(size_gib=4))
    await storage.take_snapshot(SNAPSHOT, VOLUME)
    await storage.grow(VOLUME, 8)
    await whole(storage, SNAPSHOT)
    seen = await storage.snapshot(SNAPSHOT)
    assert seen is not None and seen.size_gib == 4
    with pytest.raises(Broken):
        await storage.create(a_spec(OTHER, 3, SNAPSHOT))


async def test_a_snapshot_can_be_copied_and_the_copy_is_its_own(storage: Volumes) -> None:
    await storage.create(a_spec())
    await storage.take_snapshot(SNAPSHOT, VOLUME)
    await whole(storage, SNAPSHOT)
    await storage.take_snapshot(COPY, SNAPSHOT)
    await whole(storage, COPY)
    await storage.delete_snapshot(SNAPSHOT)
    assert [snapshot.snapshot_id for snapshot in await storage.snapshots()] == [COPY]


async def test_a_step_that_is_cancelled_was_taken_or_not_and_can_be_taken_again(storage: Volumes) -> None:
    for _ in range(20):
        step = asyncio.create_task(storage.create(a_spec()))
        await asyncio.sleep(0)
        step.cancel()
        with suppress(asyncio.CancelledError):
            await step
        await storage.create(a_spec())
        assert await storage.volumes() == [StoredVolume(volume_id=VOLUME, size_gib=2)]
        await storage.delete(VOLUME)
