"""What must hold for an instance to move, and what its row says while it does and afterwards."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.errors import CloudError, WrongState
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted, PowerWanted, Seen, Wanted
from app.rules.plan import Move
from app.services import moves, remapping, rulesets
from app.store.database import Database
from tests.builders import a_host, an_instance

ID = "i-00000001"


async def runs(store: Database, **given: Any) -> None:
    """Have a second host, and one instance on the first."""

    def work(unit: Unit) -> None:
        unit.hosts.add(a_host("host2", ordinal=2))
        unit.instances.add(an_instance(ID, **{"seen": Seen.RUNNING, "launched": 1, **given}))

    await store.write(work)


async def begin(store: Database) -> Instance:
    return await store.write(lambda unit: moves.begin(unit, ID, "host2", "it is crowded"))


async def change(store: Database, name: str, **columns: Any) -> None:
    def work(unit: Unit) -> None:
        host = unit.hosts.get(name)
        assert host is not None
        unit.hosts.put(replace(host, **columns))

    observed = "reconcile" if columns.keys() & {"state", "architecture", "hypervisor", "cores"} else "services"
    await store.write(work, observed)  # type: ignore[arg-type]


async def last(store: Database) -> tuple[str, str]:
    entry = await store.read(lambda unit: unit.entries(unit.cursor() - 1, 1)[0])
    return entry.event, entry.text


async def test_a_moving_instance_is_wanted_there_and_holds_its_room_on_both_hosts(store: Database) -> None:
    await runs(store)
    moving = await begin(store)
    assert (moving.host, moving.moving_from, moving.state) == ("host2", "host1", "running")
    assert await last(store) == ("instance.move asked", f"{ID} moves from host1 to host2: it is crowded")
    held, counts = await store.read(lambda unit: (dict(unit.held()), dict(unit.counts())))
    assert held == {"host1": moving.size, "host2": moving.size}
    assert counts == {"host1": 1, "host2": 1}


async def test_a_host_that_sleeps_is_woken_for_what_comes(store: Database) -> None:
    await runs(store)
    await change(store, "host2", power_wanted=PowerWanted.ASLEEP)
    await begin(store)
    host = await store.read(lambda unit: unit.hosts.get("host2"))
    assert host is not None and host.power_wanted is PowerWanted.ON


async def test_nobody_waits_for_a_move_that_another_policy_wanted(store: Database) -> None:
    await runs(store)
    await begin(store)
    step = Move(vm=ID, source="host1", target="host2", why="", points=(), downtime_s=0.0)
    active_id = await store.read(rulesets.active_id)
    assert await store.read(lambda unit: remapping.moved(unit, active_id, step)) is None
    await store.write(lambda unit: rulesets.activate(unit, "GREEDY", "an operator"))
    with pytest.raises(WrongState, match="GREEDY"):
        await store.read(lambda unit: remapping.moved(unit, active_id, step))
    await store.write(lambda unit: moves.done(unit, ID))
    assert await store.read(lambda unit: remapping.moved(unit, active_id, step)) is True


async def test_one_that_moved_is_on_its_new_host_only(store: Database) -> None:
    await runs(store)
    await begin(store)
    await store.write(lambda unit: moves.done(unit, ID))
    assert await last(store) == ("instance.moved", f"{ID} moved from host1 to host2")
    row = await store.read(lambda unit: unit.instances.get(ID))
    assert row is not None
    assert (row.host, row.moving_from) == ("host2", "")
    assert await store.read(lambda unit: dict(unit.counts())) == {"host2": 1}


async def test_one_whose_move_failed_is_where_it_was_and_the_journal_says_why(store: Database) -> None:
    await runs(store)
    await begin(store)
    await store.write(lambda unit: moves.failed(unit, ID, "no route"))
    assert await last(store) == ("instance.move failed", f"{ID} did not move from host1 to host2: no route")
    row = await store.read(lambda unit: unit.instances.get(ID))
    assert row is not None
    assert (row.host, row.cluster, row.moving_from) == ("host1", "one", "")


async def test_the_end_of_a_move_that_is_over_is_told_in_vain(store: Database) -> None:
    await runs(store)
    before = await store.read(lambda unit: unit.cursor())
    await store.write(lambda unit: moves.done(unit, ID))
    await store.write(lambda unit: moves.failed(unit, ID, "no route"))
    assert await store.read(lambda unit: unit.cursor()) == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"wanted": Wanted.STOPPED}, "is in state 'stopping', and its host shows running: it stays"),
        ({"launched": 0}, "is in state 'pending'"),
        ({"seen": Seen.PAUSED}, "its host shows paused"),
        ({"moving_from": "host3"}, "moves from host3 to host1 already"),
        ({"cores": 9}, "host2 has 8 cores, 16384 MiB and 200 GB free"),
        ({"host": "host2"}, "is on host2 already"),
    ],
)
async def test_what_can_not_move_is_refused_in_words(store: Database, given: dict[str, Any], words: str) -> None:
    await runs(store, **given)
    with pytest.raises(CloudError, match=words):
        await begin(store)


@pytest.mark.parametrize(
    ("name", "columns", "words"),
    [
        ("host2", {"wanted": HostWanted.DRAINING}, "host2 is draining"),
        ("host2", {"state": HostState.LOST}, "host2 is lost"),
        ("host2", {"architecture": "aarch64"}, "host2 runs test on aarch64 and host1 runs test on x86_64"),
        ("host2", {"hypervisor": "Xen 4.17.0"}, "host2 runs xen on x86_64"),
        ("host1", {"state": HostState.LOST}, "host1, where the instance is, is lost"),
    ],
)
async def test_hosts_that_do_not_take_or_give_it_are_refused_in_words(
    store: Database, name: str, columns: dict[str, Any], words: str
) -> None:
    await runs(store)
    await change(store, name, **columns)
    with pytest.raises(CloudError, match=words):
        await begin(store)


async def test_a_newer_version_of_the_same_hypervisor_takes_it(store: Database) -> None:
    await runs(store)
    for name, version in (("host1", "QEMU 8.2.2"), ("host2", "QEMU 10.0.0")):
        await change(store, name, hypervisor=version)
    assert (await begin(store)).host == "host2"
