"""Refusals that no request over HTTP brings about in a test: limits of thousands, and what is over too soon."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.domain.commands import CreateVolume
from app.domain.errors import CloudError
from app.domain.ports import Unit
from app.domain.quota import Quota, Resource
from app.domain.volume import Snapshot, Volume
from app.services import snapshots, volumes
from app.services.snapshots import Label
from app.store.database import Database
from app.wire.amendments import Amendments
from app.wire.faults import Codes
from tests.builders import OURS, CountingEntropy, a_caller, a_host

ANA = a_caller()
VOLUME = Volume(id="vol-00000001", account_id=OURS, cluster="one", size_gib=1, created_at_ms=0, seen_gib=1)
SNAPSHOT = Snapshot(
    id="snap-00000001", account_id=OURS, volume_id=VOLUME.id, source_id=VOLUME.id, size_gib=1, created_at_ms=0
)


def new_volume(unit: Unit) -> Any:
    return volumes.create(unit, ANA, CreateVolume(cluster="one", size_gib=1), CountingEntropy())


def at_most(unit: Unit, resource: Resource, most: int) -> None:
    unit.quotas.add(Quota(account_id=ANA.account_id, resource=resource, most=most))


def a_volume_too_many(unit: Unit) -> None:
    at_most(unit, Resource.VOLUMES, 2)
    for n in range(2):
        unit.volumes.add(replace(VOLUME, id=f"vol-{n:08x}"))
    new_volume(unit)


def a_snapshot_too_many(unit: Unit) -> None:
    unit.volumes.add(VOLUME)
    at_most(unit, Resource.SNAPSHOTS, 2)
    for n in range(2):
        unit.snapshots.add(replace(SNAPSHOT, id=f"snap-{n:08x}"))
    snapshots.take(unit, ANA, (VOLUME,), Label(), CountingEntropy())


def a_snapshot_that_a_volume_is_made_from(unit: Unit) -> None:
    unit.snapshots.add(SNAPSHOT)
    unit.volumes.add(replace(VOLUME, snapshot_id=SNAPSHOT.id, seen_gib=0))
    snapshots.delete(unit, ANA, SNAPSHOT.id)


def a_volume_that_grows_still(unit: Unit) -> None:
    unit.volumes.add(VOLUME)
    volumes.modify(unit, ANA, VOLUME.id, 2, "")
    volumes.modify(unit, ANA, VOLUME.id, 3, "")


def a_zone_of_real_hosts(unit: Unit) -> None:
    unit.hosts.add(replace(a_host("host2", ordinal=2), uri="xen+ssh://somewhere/"))
    new_volume(unit)


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (a_volume_too_many, "VolumeLimitExceeded"),
        (a_snapshot_too_many, "SnapshotLimitExceeded"),
        (a_snapshot_that_a_volume_is_made_from, "InvalidSnapshot.InUse"),
        (a_volume_that_grows_still, "IncorrectModificationState"),
        (a_zone_of_real_hosts, "VolumeTypeNotAvailableInZone"),
    ],
)
async def test_what_is_refused_rarely_has_amazon_s_code(
    store: Database, refused: Callable[[Unit], None], code: str
) -> None:
    with pytest.raises(CloudError) as told:
        await store.write(refused)
    assert Codes(Amendments.load().codes).code("ec2", told.value) == (code, 400)
