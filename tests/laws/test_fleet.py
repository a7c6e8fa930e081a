"""The law of the host table: however it came about, it is the one that would be built anew."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.ports import Unit
from app.domain.rows import Writer
from app.domain.states import HostState, HostWanted, Seen, Wanted
from app.domain.tag import Tag
from app.rules.catalogue import SENSORS
from app.services.books import Books
from app.services.fleet import Fleet
from app.store.database import Database
from tests.builders import FrozenClock, a_host, an_instance, furnish

HOSTS, INSTANCES = ("a", "b", "c", "d"), tuple(f"i-0000000{number}" for number in range(1, 5))
Step = tuple[Writer, Callable[[Unit], None]]


class Undone(Exception):
    pass


def put_host(name: str, changes: dict[str, Any], unit: Unit) -> None:
    host = unit.hosts.get(name)
    if host is None:
        unit.hosts.add(replace(a_host(name, cluster="one" if name < "c" else "two", ordinal=ord(name)), **changes))
    else:
        unit.hosts.put(replace(host, **changes))


def see_host(name: str, changes: dict[str, Any], unit: Unit) -> None:
    host = unit.hosts.get(name)
    if host is not None:
        unit.hosts.put(replace(host, **changes))


def remove_host(name: str, unit: Unit) -> None:
    unit.hosts.remove(a_host(name))


def put_instance(instance_id: str, changes: dict[str, Any], unit: Unit) -> None:
    instance = unit.instances.get(instance_id)
    if instance is None:
        unit.instances.add(an_instance(instance_id, **changes))
    else:
        unit.instances.put(replace(instance, **changes))


def see_instance(instance_id: str, changes: dict[str, Any], unit: Unit) -> None:
    instance = unit.instances.get(instance_id)
    if instance is not None:
        unit.instances.put(replace(instance, **changes))


def remove_instance(instance_id: str, unit: Unit) -> None:
    unit.instances.remove(an_instance(instance_id))


def tag(instance_id: str, there: bool, unit: Unit) -> None:
    one = Tag(resource_id=instance_id, name="ha", account_id="x", value="")
    if there and unit.tags.get(instance_id, "ha") is None:
        unit.tags.add(one)
    elif not there:
        unit.tags.remove(one)


names, ids = st.sampled_from(HOSTS), st.sampled_from(INSTANCES)


def some(**columns: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=columns)


wanted_of_host = some(
    wanted=st.sampled_from(HostWanted),
    rack=st.sampled_from(["", "r1", "r2"]),
    tags=st.sampled_from([(), ("gpu",), ("gpu", "lab")]),
    max_memory_mib=st.sampled_from([0, 4096]),
    cpu_ratio=st.sampled_from([1.0, 2.5]),
    mips=st.sampled_from([0.0, 9000.0]),
)
seen_of_host = some(state=st.sampled_from(HostState), cores=st.integers(0, 8), foreign_memory_mib=st.just(512))
wanted_of_instance = some(
    host=names,
    wanted=st.sampled_from(Wanted),
    launches=st.integers(1, 2),
    vmtype=st.sampled_from(["m1.small", "c1.medium"]),
    placement_group=st.sampled_from(["", "web"]),
)
seen_of_instance = some(seen=st.sampled_from(Seen), launched=st.integers(0, 2), removed=st.booleans())
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda *given: ("services", partial(put_host, *given)), names, wanted_of_host),
    st.builds(lambda *given: ("reconcile", partial(see_host, *given)), names, seen_of_host),
    st.builds(lambda *given: ("services", partial(remove_host, *given)), names),
    st.builds(lambda *given: ("services", partial(put_instance, *given)), ids, wanted_of_instance),
    st.builds(lambda *given: ("services", partial(put_instance, *given)), ids, wanted_of_instance),
    st.builds(lambda *given: ("reconcile", partial(see_instance, *given)), ids, seen_of_instance),
    st.builds(lambda *given: ("services", partial(remove_instance, *given)), ids),
    st.builds(lambda *given: ("services", partial(tag, *given)), ids, st.booleans()),
    st.builds(lambda *given: ("services", partial(tag, *given)), ids, st.just(True)),
)


def told(books: Books) -> dict[str, object]:
    """Tell all that rules can read, but for when something last came or went: nobody remembers what left long ago."""
    cells = {
        (host, name): books.table.cell(sensor, row, 0.0)
        for host, row in books.table.rows.items()
        for name, sensor in SENSORS.items()
        if sensor.scope in {"host", "rack", "cluster"} and name != "host.settled" and not sensor.formula
    }
    crowds = {trait: dict(counts) for trait, counts in books.table.crowds._rows.items() if counts}
    images = {image: held.tolist() for image, held in books.table.images.items() if held.any()}
    return {
        "cells": cells,
        "crowds": crowds,
        "images": images,
        "closed": list(books.closed),
        "machines": books.machines,
        "vms": sorted(map(str, books.running({}))),
    }


def a_start(unit: Unit) -> None:
    furnish(unit, *(a_host(name, ordinal=ord(name), cluster="one" if name < "c" else "two") for name in HOSTS))
    for instance_id, host in zip(INSTANCES, ("a", "a", "b", "d"), strict=True):
        unit.instances.add(an_instance(instance_id, host=host))


def seen_by(fleet: Fleet, unit: Unit) -> dict[str, object]:
    with fleet.current(unit) as books:
        return told(books)


async def live_through(file: Path, story: Sequence[tuple[Step, bool, bool]]) -> None:
    clock = FrozenClock()
    fleet = Fleet(clock.monotonic_s, nullcontext())
    async with Database.open(file, clock=clock) as store:
        await store.write(a_start)
        await store.write(partial(seen_by, fleet))
        for (writer, step), looks, fails in story:

            def work(unit: Unit, step=step, looks=looks, fails=fails) -> None:  # type: ignore[no-untyped-def]
                step(unit)
                if looks:
                    seen_by(fleet, unit)
                if fails:
                    raise Undone

            with suppress(Undone):
                await store.write(work, writer=writer)
            if looks:
                anew = Fleet(clock.monotonic_s, nullcontext())
                assert await store.read(partial(seen_by, fleet)) == await store.read(partial(seen_by, anew))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(steps, st.booleans(), st.sampled_from([False, False, False, True])), max_size=20))
def test_a_table_that_was_caught_up_is_the_one_that_would_be_built_anew(
    story: list[tuple[Step, bool, bool]],
) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(live_through(Path(directory) / "cloud.sqlite3", story))
