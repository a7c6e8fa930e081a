"""Where volumes can be, how many and how large, and what becomes of them when they are let go of."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.commands import CreateVolume, NewDisk, RunInstances
from app.domain.errors import InUse, OverLimit, Unsupported, WrongState
from app.domain.ports import Unit
from app.domain.quota import Resource
from app.domain.states import Kept, Seen, VolumeState, Wanted
from app.domain.volume import Volume
from app.server.upkeep import tidy
from app.services import attachments, clusters, devices, instances, snapshots, tags, volumes
from app.services.quotas import DEFAULTS
from app.services.snapshots import Label
from app.store.database import Database
from tests.builders import OURS, CountingEntropy, FrozenClock, a_caller, a_host, a_mapping, an_instance

ANA = a_caller()
INSTANCE = "i-00000001"
WEEK_MS = 7 * 24 * 3600 * 1000


def a_volume(number: int = 1, **changes: Any) -> Volume:
    facts: dict[str, Any] = {
        "id": f"vol-{number:08x}",
        "account_id": OURS,
        "cluster": "one",
        "size_gib": 1,
        "seen_gib": 1,
        "created_at_ms": 1,
    }
    return Volume(**(facts | changes))


async def add(store: Database, *rows: Volume) -> None:
    def work(unit: Unit) -> None:
        for row in rows:
            unit.volumes.add(row)

    await store.write(work)


async def add_running(store: Database, instance_id: str = INSTANCE, **changes: Any) -> None:
    row = an_instance(instance_id, **({"seen": Seen.RUNNING, "launched": 1} | changes))
    await store.write(lambda unit: unit.instances.add(row))


async def test_a_zone_with_a_real_host_has_no_volume_storage(store: Database, entropy: CountingEntropy) -> None:
    real = replace(a_host("host9", ordinal=9), uri="qemu+ssh://root@host9/system")
    await store.write(lambda unit: unit.hosts.add(real))
    with pytest.raises(Unsupported, match="no volume storage in zone one"):
        await store.write(lambda u: volumes.create(u, ANA, CreateVolume(cluster="one", size_gib=1), entropy))
    await add(store, a_volume())
    await add_running(store)
    with pytest.raises(Unsupported, match="no volume storage in zone one"):
        await store.write(lambda u: attachments.attach(u, ANA, a_volume().id, INSTANCE, "/dev/sdf"))
    disks = RunInstances(image_id="emi-0a11beef", disks=(NewDisk(device="/dev/sdf", size_gib=1),))
    with pytest.raises(Unsupported, match="no volume storage in zone one"):
        await store.write(lambda u: instances.run(u, ANA, disks, entropy, a_mapping()))
    assert len(await store.read(lambda u: u.instances.where())) == 1


async def test_an_account_has_so_many_gib_and_no_more(store: Database, entropy: CountingEntropy) -> None:
    full = [a_volume(number, size_gib=16384) for number in range(3)]
    await add(store, *full)
    rest = (DEFAULTS[Resource.VOLUME_GIB] or 0) - 3 * 16384
    more = CreateVolume(cluster="one", size_gib=rest + 1)
    with pytest.raises(OverLimit, match="GiB of volumes"):
        await store.write(lambda u: volumes.create(u, ANA, more, entropy))
    await store.write(lambda u: volumes.create(u, ANA, replace(more, size_gib=rest), entropy))
    await add(store, a_volume(99, account_id="999999999999"))


async def test_growing_counts_against_the_account_too(store: Database) -> None:
    await add(store, *(a_volume(number, size_gib=12800, seen_gib=12800) for number in range(4)))
    with pytest.raises(OverLimit, match="GiB of volumes"):
        await store.write(lambda u: volumes.modify(u, ANA, a_volume(1).id, 12801, ""))


async def test_an_instance_has_so_many_volumes_and_no_more(store: Database) -> None:
    await add_running(store)
    letters = [f"/dev/sdb{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    letters += [f"/dev/sdc{letter}" for letter in "abcdefghijklmn"]
    assert len(letters) == devices.MOST_PER_INSTANCE
    hung = [a_volume(number, instance_id=INSTANCE, device=device) for number, device in enumerate(letters)]
    await add(store, *hung, a_volume(99))
    with pytest.raises(OverLimit, match="attachments"):
        await store.write(lambda u: attachments.attach(u, ANA, a_volume(99).id, INSTANCE, "/dev/sdd"))


@pytest.mark.parametrize(
    "state",
    [
        {"launched": 0},
        {"wanted": Wanted.STOPPED},
        {"wanted": Wanted.TERMINATED},
        {"wanted": Wanted.TERMINATED, "removed": True, "ended_at_ms": 1_700_000_000_000},
    ],
)
async def test_a_volume_is_attached_to_what_runs_or_is_stopped_only(store: Database, state: dict[str, Any]) -> None:
    await add_running(store, **state)
    await add(store, a_volume())
    with pytest.raises(WrongState):
        await store.write(lambda u: attachments.attach(u, ANA, a_volume().id, INSTANCE, "/dev/sdf"))


async def test_a_volume_that_is_being_modified_is_not_modified_again(store: Database) -> None:
    await add(store, a_volume())
    await store.write(lambda u: volumes.modify(u, ANA, a_volume().id, 2, ""))
    with pytest.raises(WrongState, match="modifying"):
        await store.write(lambda u: volumes.modify(u, ANA, a_volume().id, 3, ""))
    await store.write(lambda u: volumes.growth_refused(u, a_volume().id, "the storage is full"))
    kept = await store.read(lambda u: u.volumes.get(a_volume().id))
    assert kept is not None and (kept.size_gib, kept.modify_error) == (1, "the storage is full")


async def test_letting_go_of_an_attachment_that_is_over_does_not_touch_the_next_one(store: Database) -> None:
    seen = a_volume(instance_id=INSTANCE, device="/dev/sdf", attaches=1)
    await add(store, replace(seen, attaches=2))
    await store.write(lambda u: volumes.let_go(u, seen, ended=True))
    assert await store.read(lambda u: u.volumes.get(seen.id)) == replace(seen, attaches=2)


@pytest.mark.parametrize(("goes", "ended", "state"), [
    (True, True, VolumeState.DELETING), (True, False, VolumeState.AVAILABLE), (False, True, VolumeState.AVAILABLE),
])  # fmt: skip
async def test_a_volume_goes_with_its_instance_if_it_was_told_to(
    store: Database, goes: bool, ended: bool, state: VolumeState
) -> None:
    seen = a_volume(instance_id=INSTANCE, device="/dev/sdf", attaches=1, delete_on_termination=goes)
    await add(store, seen)
    await store.write(lambda u: volumes.let_go(u, seen, ended=ended))
    row = await store.read(lambda u: u.volumes.get(seen.id))
    assert row is not None and (row.state, row.instance_id, row.device) == (state, "", "")


async def test_a_cluster_stays_as_long_as_it_has_volumes(store: Database) -> None:
    await store.write(lambda u: clusters.add(u, "two"))
    await add(store, a_volume(cluster="two"))
    with pytest.raises(InUse, match=a_volume().id):
        await store.write(lambda u: clusters.remove(u, "two"))
    gone = replace(a_volume(cluster="two"), wanted=Kept.DELETED)
    await store.write(lambda u: u.volumes.put(gone))
    await store.write(lambda u: u.volumes.put(replace(gone, removed=True)), writer="reconcile")
    await store.write(lambda u: clusters.remove(u, "two"))


async def test_a_snapshot_in_use_is_not_deleted(store: Database, entropy: CountingEntropy) -> None:
    await add(store, a_volume())
    [taken] = await store.write(lambda u: snapshots.take(u, ANA, [a_volume()], Label(), entropy))
    done = replace(taken, percent=100, completed_at_ms=1)
    await store.write(lambda u: u.snapshots.put(done), writer="reconcile")
    clone = CreateVolume(cluster="one", snapshot_id=taken.id)
    made = await store.write(lambda u: volumes.create(u, ANA, clone, entropy))
    with pytest.raises(InUse, match=made.id):
        await store.write(lambda u: snapshots.delete(u, ANA, taken.id))
    await store.write(lambda u: u.volumes.put(replace(made, seen_gib=1)), writer="reconcile")
    copy = await store.write(lambda u: snapshots.copy(u, ANA, taken.id, Label(), entropy))
    with pytest.raises(InUse, match=copy.id):
        await store.write(lambda u: snapshots.delete(u, ANA, taken.id))


async def test_what_was_deleted_leaves_a_week_later_with_its_tags(store: Database, clock: FrozenClock) -> None:
    deleted = {"wanted": Kept.DELETED, "deleted_at_ms": clock.at_ms}
    await add(store, a_volume(1, **deleted, removed=True), a_volume(2, **deleted), a_volume(3))
    await store.write(lambda u: tags.set_on(u, ANA, (a_volume(2).id, a_volume(3).id), {"a": "b"}))
    clock.at_ms += WEEK_MS + 1
    await tidy(store, clock, WEEK_MS)
    assert [row.id for row in await store.read(lambda u: u.volumes.where())] == [a_volume(2).id, a_volume(3).id]
