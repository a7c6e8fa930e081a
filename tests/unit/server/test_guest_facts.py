"""What guests behind a gateway are told is as fresh as the store, though most of it is remembered."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.address import Address
from app.domain.ports import Unit
from app.domain.tag import Tag
from app.server.guest_facts import KnownFacts
from app.server.metadata import facts_of
from app.store.database import Database
from tests.builders import OURS, FrozenClock
from tests.unit.server.metadata_cloud import furnish_guests

IDS = ("i-00000001", "i-00000002")
ADDRESS = Address(id="eipalloc-1", ip="203.0.113.9", account_id=OURS, pool="p", instance_id=IDS[0], created_at_ms=0)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(furnish_guests)
        yield store


def first(unit: Unit, **changes: object) -> None:
    unit.instances.put(replace(unit.instances.where(id=IDS[0])[0], **changes))  # type: ignore[arg-type]


CHANGES: dict[str, Callable[[Unit], object]] = {
    "nothing": lambda unit: None,
    "the service switched off": lambda unit: first(unit, metadata_enabled=False),
    "tags shown": lambda unit: first(unit, metadata_tags=True),
    "a tag": lambda unit: unit.tags.add(Tag(resource_id=IDS[0], name="role", value="head", account_id=OURS)),
    "a public address": lambda unit: unit.addresses.add(ADDRESS),
    "a public address that moved": lambda unit: unit.addresses.put(replace(ADDRESS, instance_id=IDS[1])),
    "a public address that was given back": lambda unit: unit.addresses.remove(ADDRESS),
    "another image": lambda unit: unit.images.put(replace(unit.images.where()[0], location="elsewhere")),
    "an end": lambda unit: first(unit, ended_at_ms=5),
}


async def test_after_each_change_it_is_what_would_be_formed_anew(store: Database) -> None:
    known = KnownFacts()
    for name, change in CHANGES.items():
        await store.write(change)
        told = await store.read(lambda unit: known.read(unit, IDS))
        assert told == await store.read(lambda unit: facts_of(unit, IDS)), name


async def test_what_has_not_changed_is_not_formed_again(store: Database) -> None:
    known = KnownFacts()
    before = await store.read(lambda unit: known.read(unit, IDS))
    await store.write(lambda unit: first(unit, metadata_tags=True))
    after = await store.read(lambda unit: known.read(unit, IDS))
    assert [after[each] is before[each] for each in IDS] == [False, True]
    assert list(await store.read(lambda unit: known.read(unit, IDS[1:]))) == [IDS[1]]
