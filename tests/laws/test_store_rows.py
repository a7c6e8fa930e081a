"""Laws of rows: nothing is lost in the codec, tables behave like a dict, SQL sums like Python."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.account import Account
from app.domain.errors import Conflict, Missing
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import InstanceState, Seen, Wanted
from app.domain.tag import Tag
from app.domain.vmtype import Size
from app.store.catalogue import KINDS
from app.store.codec import Codec, codec_of
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.store.builders import TEXT, an_instance, rows

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(["a", "b", "ä\0", ""])
SMALL = st.integers(0, 64)


def with_store(test: Callable[[Database], Awaitable[None]]) -> None:
    async def run(directory: str) -> None:
        async with Database.open(Path(directory) / "cloud.sqlite3", clock=FrozenClock()) as database:
            await test(database)

    with TemporaryDirectory() as directory:
        asyncio.run(run(directory))


@pytest.mark.parametrize("entity", KINDS, ids=lambda entity: entity.__name__)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_decoding_undoes_encoding(entity: type, data: st.DataObject) -> None:
    row = data.draw(rows(entity))
    codec: Codec[Any] = codec_of(entity)
    assert codec.decode(tuple(codec.encode(row))) == row


@SLOW
@given(st.tuples(*(rows(entity) for entity in KINDS)))
def test_a_row_comes_back_from_the_file_as_it_was_added(made: tuple[Any, ...]) -> None:
    async def test(database: Database) -> None:
        for (entity, (table, _)), row in zip(KINDS.items(), made, strict=True):
            key = codec_of(entity).key_of(row)
            await database.write(lambda unit, t=table, r=row: getattr(unit, t).add(r))  # type: ignore[misc]
            back = await database.read(lambda unit, t=table, k=key: getattr(unit, t).get(*k))  # type: ignore[misc]
            assert back == row

    with_store(test)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "put", "remove"]),
        rows(Tag, resource_id=NAMES, name=NAMES, account_id=NAMES, value=TEXT),
    ),
    max_size=25,
)


def on_model(model: dict[tuple[str, str], Tag], step: str, row: Tag) -> type[Exception] | None:
    key = (row.resource_id, row.name)
    if step == "add" and key in model:
        return Conflict
    if step == "put" and key not in model:
        return Missing
    if step == "remove":
        model.pop(key, None)
    else:
        model[key] = row
    return None


def on_unit(unit: Unit, step: str, row: Tag) -> type[Exception] | None:
    try:
        getattr(unit.tags, step)(row)
    except (Conflict, Missing) as error:
        return type(error)
    return None


@SLOW
@given(STEPS)
def test_a_table_behaves_like_a_dict(steps: list[tuple[str, Tag]]) -> None:
    model: dict[tuple[str, str], Tag] = {}

    def live(unit: Unit) -> None:
        for step, row in steps:
            before = (dict(model), unit.cursor())
            assert on_unit(unit, step, row) == on_model(model, step, row)
            assert (unit.cursor() > before[1]) == (model != before[0])

    async def test(database: Database) -> None:
        await database.write(live)
        ordered = [row for _, row in sorted(model.items(), key=lambda item: [part.encode() for part in item[0]])]
        assert await database.read(lambda unit: unit.tags.where()) == ordered
        for name in ("a", "ä\0"):
            listed = await database.read(lambda unit, n=name: unit.tags.where(account_id=n))  # type: ignore[misc]
            assert listed == [row for row in ordered if row.account_id == name]

    with_store(test)


# Only what matters here varies: a failure with all columns of twenty instances takes minutes to shrink.
INSTANCES = st.lists(
    st.builds(
        an_instance,
        st.integers(1, 2**32 - 1),
        host=NAMES,
        moving_from=NAMES,
        cores=SMALL,
        memory_mib=SMALL,
        disk_gb=SMALL,
        wanted=st.sampled_from(Wanted),
        seen=st.sampled_from(Seen),
        removed=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda row: row.id,
)


@SLOW
@given(INSTANCES)
def test_sql_sums_what_hosts_hold_as_python_does(instances: list[Instance]) -> None:
    there = [row for row in instances if row.state is not InstanceState.TERMINATED]
    held: dict[str, Size] = {}
    for host, size in ((host, row.held) for row in there for host in row.hosts):
        held[host] = held.get(host, Size(cores=0, memory_mib=0, disk_gb=0)) + size

    def add(unit: Unit) -> None:
        for row in instances:
            unit.instances.add(row)

    async def test(database: Database) -> None:
        await database.write(add)
        summed = await database.read(lambda unit: (unit.held(), unit.counts()))
        assert summed == (held, Counter(host for row in there for host in row.hosts))

    with_store(test)


@SLOW
@given(st.lists(st.tuples(st.sampled_from(["add", "fail", "prune", "reopen"]), st.integers(-5, 5)), max_size=25))
def test_cursors_only_grow_whatever_is_pruned_undone_or_reopened(steps: list[tuple[str, int]]) -> None:
    clock = FrozenClock()

    def add(unit: Unit, number: int, fails: bool) -> int:
        unit.accounts.add(Account(id=str(number), name=str(number), created_at_ms=1))
        if fails:
            raise Missing("account", "x")
        return unit.cursor()

    async def live(file: Path) -> None:
        seen = [0]
        database = Database.open(file, clock=clock)
        for number, (step, forward) in enumerate(steps):
            clock.at_ms += forward
            if step == "reopen":
                await database.close()
                database = Database.open(file, clock=clock)
            elif step == "prune":
                await database.prune_journal(clock.at_ms)
            elif step == "fail":
                with pytest.raises(Missing):
                    await database.write(lambda unit, n=number: add(unit, n, True))  # type: ignore[misc]
            else:
                seen.append(await database.write(lambda unit, n=number: add(unit, n, False)))  # type: ignore[misc]
            newest, left = await database.read(lambda unit: (unit.cursor(), unit.entries(0, 99)))
            cursors = [entry.cursor for entry in left]
            assert newest == seen[-1]
            assert cursors == seen[len(seen) - len(cursors) :]
        await database.close()
        assert seen == sorted(set(seen))

    with TemporaryDirectory() as directory:
        asyncio.run(live(Path(directory) / "cloud.sqlite3"))
