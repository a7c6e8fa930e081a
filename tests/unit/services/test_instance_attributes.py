"""What a change of an instance's type, groups and protection means for what comes after it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from app.domain.errors import Combination, Invalid, Missing, NoCapacity, Protected, WrongState
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import InstanceState, Seen, Wanted
from app.domain.vmtype import VmType
from app.services import groups, instance_attributes, instance_options, instances
from app.store.database import Database
from tests.builders import THEIRS, CountingEntropy, a_mapping
from tests.unit.services.test_instances import ADMIN, ANA, EVE, ask, running

Launch = Callable[..., Awaitable[list[Instance]]]


@pytest.fixture
def launch(store: Database, entropy: CountingEntropy) -> Launch:
    async def go(count: int = 1, **said: object) -> list[Instance]:
        command = ask(min_count=count, max_count=count, **said)
        _, started = await store.write(lambda unit: instances.run(unit, ANA, command, entropy, a_mapping()))
        return started

    return go


async def rest(store: Database, instance_id: str) -> None:
    """Have an instance run and then stop, as the loop would report it."""
    await store.write(lambda unit: running(unit, instance_id), writer="reconcile")
    await store.write(lambda unit: instances.stop(unit, ANA, (instance_id,)))
    await store.write(partial(off, instance_id=instance_id), writer="reconcile")


def off(unit: Unit, instance_id: str) -> None:
    """Report an instance as gone from its host, its disks kept."""
    unit.instances.put(replace(unit.instances.where(id=instance_id)[0], seen=Seen.NOTHING))


async def held(store: Database) -> tuple[int, int]:
    size = (await store.read(lambda unit: unit.held()))["host1"]
    return size.cores, size.memory_mib


async def change(store: Database, mine: str, attribute: str, value: object) -> Instance:
    return await store.write(lambda unit: instance_attributes.modify(unit, ANA, mine, attribute, value))


async def test_a_larger_type_starts_only_where_its_room_is(store: Database, launch: Launch) -> None:
    (mine,) = await launch()
    await rest(store, mine.id)
    await launch(5)
    larger = await change(store, mine.id, "instanceType", "c1.xlarge")
    assert (larger.cores, larger.memory_mib, larger.state) == (4, 2048, InstanceState.STOPPED)
    assert (await held(store))[0] == 5
    with pytest.raises(NoCapacity):
        await store.write(lambda unit: instances.start(unit, ANA, (mine.id,), a_mapping()))
    await change(store, mine.id, "instanceType", "m1.large")
    await store.write(lambda unit: instances.start(unit, ANA, (mine.id,), a_mapping()))
    assert await held(store) == (5 + 2, 5 * 128 + 512)


async def test_the_disk_stays_as_it_was_made(store: Database, launch: Launch) -> None:
    (mine,) = await launch()
    await rest(store, mine.id)
    await store.write(lambda unit: unit.vmtypes.add(VmType.of("wide", 1, 128, 99, 9)))
    assert (await change(store, mine.id, "instanceType", "wide")).disk_gb == mine.disk_gb


async def test_a_ramdisk_needs_a_kernel_and_groups_are_of_the_owner(
    store: Database, launch: Launch, entropy: CountingEntropy
) -> None:
    (mine,) = await launch()
    await rest(store, mine.id)
    theirs = await store.write(lambda unit: groups.ensure_default(unit, THEIRS, entropy))
    for attribute, value, error in (
        ("ramdisk", "eri-0a11beef", Combination),
        ("groupSet", (theirs.id,), Missing),
        ("groupSet", tuple(f"sg-{number:08x}" for number in range(3)), Missing),
        ("colour", "red", Invalid),
    ):
        with pytest.raises(error):
            await change(store, mine.id, attribute, value)
    with pytest.raises(Missing):
        await store.write(lambda unit: instance_attributes.modify(unit, ADMIN, mine.id, "groupSet", (theirs.id,)))


async def test_protection_holds_for_everybody_but_the_guest(store: Database, launch: Launch) -> None:
    one, mine = await launch(2, shutdown_behavior="terminate")
    await store.write(lambda unit: running(unit, one.id, mine.id), writer="reconcile")
    await change(store, mine.id, "disableApiTermination", True)
    for caller in (ANA, ADMIN):
        with pytest.raises(Protected, match="disableApiTermination"):
            await store.write(partial(instances.terminate, caller=caller, instance_ids=(one.id, mine.id)))
    rows = await store.read(lambda unit: unit.instances.where())
    assert {row.wanted for row in rows} == {Wanted.RUNNING}
    await store.write(lambda unit: instances.powered_off(unit, mine.id, by_guest=True))
    (ended,) = await store.read(lambda unit: unit.instances.where(id=mine.id))
    assert ended.wanted is Wanted.TERMINATED
    with pytest.raises(WrongState):
        await change(store, mine.id, "disableApiTermination", False)


async def test_a_stop_may_be_forced_from_the_beginning_or_later_and_a_start_forgets_it(
    store: Database, launch: Launch
) -> None:
    (mine,) = await launch()
    await store.write(lambda unit: running(unit, mine.id), writer="reconcile")
    for force, forced in ((False, False), (True, True), (False, True)):
        (stopping,) = await store.write(partial(instances.stop, caller=ANA, instance_ids=(mine.id,), force=force))
        assert stopping.instance.forced is forced
    await store.write(partial(off, instance_id=mine.id), writer="reconcile")
    (started,) = await store.write(lambda unit: instances.start(unit, ANA, (mine.id,), a_mapping()))
    assert started.instance.forced is False


async def test_nobody_changes_what_is_another_s(store: Database, launch: Launch) -> None:
    (mine,) = await launch()
    with pytest.raises(Missing):
        await store.write(lambda unit: instance_attributes.modify(unit, EVE, mine.id, "sourceDestCheck", False))
    with pytest.raises(Missing):
        await store.write(lambda unit: instance_options.monitor(unit, EVE, (mine.id,), on=True))


async def test_a_change_to_what_is_so_already_writes_nothing(store: Database, launch: Launch) -> None:
    (mine,) = await launch()
    before = await store.read(lambda unit: unit.cursor())
    await change(store, mine.id, "disableApiStop", False)
    assert await store.read(lambda unit: unit.cursor()) == before


async def test_a_report_is_an_event_of_the_journal(store: Database, launch: Launch) -> None:
    (mine,) = await launch()
    await store.write(lambda unit: running(unit, mine.id), writer="reconcile")
    await store.write(lambda unit: instance_options.report(unit, ANA, (mine.id,), "impaired (other): it <hangs>"))
    entries = await store.read(lambda unit: unit.entries(0, 1000))
    (said,) = [entry for entry in entries if entry.event == "instance.reported"]
    assert said.text.endswith("reports: impaired (other): it <hangs>")
