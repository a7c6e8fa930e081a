"""Instance types: aliases neither chain nor shadow, and the table counts what fits."""

from dataclasses import replace

import pytest

from app.api.resources import SetType
from app.domain.errors import Conflict, InUse, Invalid, Missing
from app.domain.ports import Unit
from app.domain.vmtype import STANDARD
from app.services import hosts, types
from app.services.views import type_views
from app.store.database import Database
from tests.builders import a_host

BIG = SetType(cores=4, memory_mib=4096, disk_gb=20)


async def test_an_operators_type_comes_after_the_standard_ones(store: Database) -> None:
    await store.write(lambda unit: types.set_type(unit, "m9.big", BIG))
    names = [row.name for row in await store.read(types.list_types)]
    assert names == [*(row.name for row in STANDARD), "m9.big"]


async def test_a_standard_type_can_be_changed_but_not_removed(store: Database) -> None:
    changed = await store.write(lambda unit: types.set_type(unit, "m1.small", BIG))
    assert (changed.cores, changed.ordinal) == (4, 1)
    with pytest.raises(Conflict):
        await store.write(lambda unit: types.remove(unit, "m1.small"))


@pytest.mark.parametrize(
    ("name", "asked", "error"),
    [
        ("t3.nano", SetType(alias_of="t3.micro"), Invalid),
        ("m1.small", SetType(alias_of="m1.large"), Conflict),
        ("t3.micro", BIG, Conflict),
        ("t3.nano", SetType(alias_of="nothing"), Missing),
        ("t3.nano", SetType(alias_of="m1.small", cores=2), Invalid),
        ("m9.big", SetType(cores=4, memory_mib=4096), Invalid),
        ("m9.big", SetType(cores=-1, memory_mib=1, disk_gb=1), Invalid),
        ("m9 big", BIG, Invalid),
    ],
)
async def test_a_type_that_makes_no_sense_is_refused(
    store: Database, name: str, asked: SetType, error: type[Exception]
) -> None:
    await store.write(lambda unit: types.set_type(unit, "t3.micro", SetType(alias_of="m1.small")))
    with pytest.raises(error):
        await store.write(lambda unit: types.set_type(unit, name, asked))


async def test_a_type_with_an_alias_stays(store: Database) -> None:
    await store.write(lambda unit: types.set_type(unit, "m9.big", BIG))
    await store.write(lambda unit: types.set_type(unit, "t3.big", SetType(alias_of="m9.big")))
    with pytest.raises(InUse, match=r"t3\.big"):
        await store.write(lambda unit: types.remove(unit, "m9.big"))
    await store.write(lambda unit: types.remove(unit, "t3.big"))
    await store.write(lambda unit: types.remove(unit, "m9.big"))


async def test_the_table_counts_what_fits_where_it_may_go(store: Database) -> None:
    def work(unit: Unit) -> None:
        unit.hosts.add(replace(a_host("host2", cores=4), ordinal=2))
        unit.hosts.add(replace(a_host("host3", lost=True), ordinal=3))
        hosts.drain(unit, "host2")

    await store.write(work)
    rooms = {room.vmtype.name: (room.free, room.most) for room in await store.read(types.table)}
    assert rooms["m1.small"] == (8, 12)
    assert rooms["c1.xlarge"] == (2, 3)


async def test_an_alias_shows_what_stands_behind_it(store: Database) -> None:
    await store.write(lambda unit: types.set_type(unit, "t3.micro", SetType(alias_of="m1.large")))
    shown = {view.name: view for view in await store.read(type_views)}
    real, alias = shown["m1.large"], shown["t3.micro"]
    assert (alias.cores, alias.memory_mib, alias.free) == (real.cores, real.memory_mib, real.free)
    assert alias.alias_of == "m1.large"
