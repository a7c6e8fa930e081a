"""What instances may be asked, in which order requests are refused, and who sees whose."""

from dataclasses import replace
from functools import partial
from typing import Protocol

import pytest

from app.domain.account import Caller, Role
from app.domain.commands import RunInstances
from app.domain.errors import (
    CloudError,
    Invalid,
    Malformed,
    Mismatch,
    Missing,
    NoCapacity,
    OverLimit,
    WrongState,
)
from app.domain.instance import SHOWN_AFTER_END_MS, Instance
from app.domain.ports import Unit
from app.domain.states import HostWanted, InstanceState, Seen, Wanted
from app.services import instances
from app.store.database import Database
from tests.builders import THEIRS, CountingEntropy, FrozenClock, a_caller, a_host, a_mapping

IMAGE = "emi-0a11beef"
ANA = a_caller()
EVE = a_caller(account_id=THEIRS)
ADMIN = a_caller(admin=True)
MAPPING = a_mapping()
OPERATOR = replace(ANA, role=Role.OPERATOR)


def ask(**said: object) -> RunInstances:
    return replace(RunInstances(image_id=IMAGE), **said)  # type: ignore[arg-type]


def running(unit: Unit, *instance_ids: str) -> None:
    """Report instances as up, as the loop would; to be run as the loop's writer."""
    for instance_id in instance_ids:
        instance = unit.instances.get(instance_id)
        assert instance is not None
        unit.instances.put(replace(instance, seen=Seen.RUNNING, launched=instance.launches))


class Run(Protocol):
    async def __call__(self, command: RunInstances, caller: Caller = ANA) -> list[Instance]: ...


@pytest.fixture
def run(store: Database, entropy: CountingEntropy) -> Run:
    async def go(command: RunInstances, caller: Caller = ANA) -> list[Instance]:
        _, started = await store.write(lambda unit: instances.run(unit, caller, command, entropy, a_mapping()))
        return started

    return go


async def test_as_many_as_fit_are_started_between_the_two_counts(run: Run) -> None:
    started = await run(ask(min_count=2, max_count=20))
    assert len(started) == 8
    assert [instance.launch_index for instance in started] == list(range(8))
    assert {instance.state for instance in started} == {InstanceState.PENDING}


async def test_nothing_is_started_when_the_least_count_does_not_fit(store: Database, run: Run) -> None:
    for caller, told in ((ADMIN, True), (OPERATOR, True), (ANA, False)):
        with pytest.raises(NoCapacity, match="9 instance") as refused:
            await run(ask(min_count=9, max_count=9), caller)
        assert ("host1" in str(refused.value)) is told
    assert await store.read(lambda unit: unit.instances.where()) == []
    assert await store.read(lambda unit: unit.reservations.where()) == []


@pytest.mark.parametrize(
    ("command", "error", "named"),
    [
        (ask(image_id="emi-ffffffff", key_name="none"), Missing, "emi-ffffffff"),
        (ask(image_id="emi-xyz"), Malformed, "emi-xyz"),
        (ask(key_name="none", vmtype="m9.huge"), Missing, "none"),
        (ask(vmtype="m1.smal", group_names=("none",)), Invalid, "m1.small"),
        (ask(group_names=("none",), min_count=99, max_count=99), Missing, "none"),
        (ask(cluster="nowhere"), Missing, "nowhere"),
        (ask(min_count=0), Invalid, "MinCount"),
        (ask(min_count=3, max_count=2), Invalid, "MaxCount"),
        (ask(max_count=5000), OverLimit, "1000"),
        (ask(user_data=b"x" * 20000), Invalid, "UserData"),
        (ask(shutdown_behavior="explode"), Invalid, "stop or terminate"),
        (ask(tags={"aws:x": "y"}), Invalid, "aws:"),
        (ask(client_token="é"), Invalid, "ClientToken"),
    ],
)
async def test_a_faulty_request_is_refused_by_its_first_fault_and_leaves_nothing(
    store: Database, run: Run, command: RunInstances, error: type[CloudError], named: str
) -> None:
    with pytest.raises(error, match=named):
        await run(command)
    assert await store.read(lambda unit: unit.instances.where()) == []
    assert await store.read(lambda unit: unit.groups.where()) == []


async def test_a_client_token_gives_the_first_reservation_again(store: Database, run: Run) -> None:
    token = {"client_token": "t-1", "request_sha256": "same"}
    first = await run(ask(max_count=2, **token))
    again = await run(ask(max_count=2, **token))
    assert [instance.id for instance in again] == [instance.id for instance in first]
    with pytest.raises(Mismatch):
        await run(ask(client_token="t-1", request_sha256="other"))
    strangers = await run(ask(**token), EVE)
    assert strangers[0].id not in {instance.id for instance in first}


@pytest.mark.parametrize("action", sorted(instances.ACTIONS))
async def test_what_belongs_to_another_account_does_not_exist(store: Database, run: Run, action: str) -> None:
    (mine,) = await run(ask())
    await store.write(lambda unit: running(unit, mine.id), writer="reconcile")
    with pytest.raises(Missing):
        await store.write(lambda unit: instances.act(unit, EVE, action, (mine.id,), a_mapping()))
    untouched = await store.read(lambda unit: unit.instances.get(mine.id))
    assert untouched is not None
    assert untouched.wanted is Wanted.RUNNING
    assert await store.read(lambda unit: instances.visible(unit, EVE)) == []


async def test_an_action_on_many_does_all_or_nothing_and_names_all_that_are_missing(store: Database, run: Run) -> None:
    (mine,) = await run(ask())
    with pytest.raises(Missing, match="i-00000001, i-00000002"):
        await store.write(lambda unit: instances.terminate(unit, ANA, ("i-00000001", mine.id, "i-00000002")))
    untouched = await store.read(lambda unit: unit.instances.get(mine.id))
    assert untouched == mine


async def test_a_stopped_instance_keeps_its_disk_and_needs_room_to_start_again(
    store: Database, run: Run, entropy: CountingEntropy
) -> None:
    started = await run(ask(min_count=8, max_count=8))
    ids = [instance.id for instance in started]
    await store.write(lambda unit: running(unit, *ids), writer="reconcile")
    with pytest.raises(NoCapacity):
        await run(ask())
    await store.write(lambda unit: instances.stop(unit, ANA, ids[:1]))

    def off(unit: Unit) -> None:
        instance = unit.instances.get(ids[0])
        assert instance is not None
        unit.instances.put(replace(instance, seen=Seen.OFF))

    await store.write(off, writer="reconcile")
    assert len(await run(ask())) == 1
    for caller, told in ((ADMIN, True), (ANA, False)):
        with pytest.raises(NoCapacity) as refused:
            await store.write(lambda unit, caller=caller: instances.start(unit, caller, ids[:1], MAPPING))  # type: ignore[misc]
        assert ("host1" in str(refused.value)) is told


async def test_an_instance_named_twice_in_two_spellings_is_rebooted_once(store: Database, run: Run) -> None:
    (mine,) = await run(ask())
    await store.write(lambda unit: running(unit, mine.id), writer="reconcile")
    named = (mine.id, mine.id.upper(), mine.id)
    (change,) = await store.write(lambda unit: instances.reboot(unit, ANA, named))
    assert change.instance.reboots == 1


async def test_a_pending_instance_can_not_be_stopped_or_rebooted(store: Database, run: Run) -> None:
    (young,) = await run(ask())
    for action in (instances.stop, instances.reboot):
        with pytest.raises(WrongState, match="pending"):
            await store.write(partial(action, caller=ANA, instance_ids=(young.id,)))


async def test_a_terminated_instance_is_shown_for_an_hour(store: Database, run: Run, clock: FrozenClock) -> None:
    (mine,) = await run(ask())
    await store.write(lambda unit: instances.terminate(unit, ANA, (mine.id,)))

    def gone(unit: Unit) -> None:
        instance = unit.instances.get(mine.id)
        assert instance is not None
        unit.instances.put(replace(instance, removed=True))

    await store.write(gone, writer="reconcile")
    clock.at_ms += SHOWN_AFTER_END_MS
    assert [i.state for i in await store.read(lambda unit: instances.visible(unit, ANA))] == [InstanceState.TERMINATED]
    clock.at_ms += 1
    assert await store.read(lambda unit: instances.visible(unit, ANA)) == []
    with pytest.raises(Missing):
        await store.read(lambda unit: instances.find(unit, ANA, (mine.id,)))


async def test_an_instance_that_can_not_start_ends_with_a_reason_a_user_can_read(store: Database, run: Run) -> None:
    (mine,) = await run(ask())
    why = "Server.InternalError: host1 says: the image is damaged"
    await store.write(lambda unit: instances.gave_up(unit, mine.id, "Server.InternalError", why))
    ended = await store.read(lambda unit: unit.instances.get(mine.id))
    assert ended is not None
    assert ended.state is InstanceState.SHUTTING_DOWN
    assert ended.state_reason == "Server.InternalError: its host says: the image is damaged"


async def test_an_instance_whose_host_lost_it_is_stopped_with_the_reason(store: Database, run: Run) -> None:
    (mine,) = await run(ask())
    await store.write(lambda unit: running(unit, mine.id), writer="reconcile")
    await store.write(lambda unit: instances.gave_up(unit, mine.id, "Server.InternalError", "the host lost its disks"))
    after = await store.read(lambda unit: unit.instances.get(mine.id))
    assert after is not None
    assert after.wanted is Wanted.STOPPED
    assert after.state_reason == "Server.InternalError: the host lost its disks"


@pytest.mark.parametrize(
    ("behavior", "state"), [("stop", InstanceState.STOPPING), ("terminate", InstanceState.SHUTTING_DOWN)]
)
async def test_a_guest_that_powers_itself_off_follows_its_shutdown_behavior(
    store: Database, run: Run, behavior: str, state: InstanceState
) -> None:
    (mine,) = await run(ask(shutdown_behavior=behavior))
    await store.write(lambda unit: running(unit, mine.id), writer="reconcile")
    await store.write(lambda unit: instances.powered_off(unit, mine.id, by_guest=True))
    after = await store.read(lambda unit: unit.instances.get(mine.id))
    assert after is not None
    assert after.state is state
    assert after.transition_reason.startswith("Instance initiated (2023-11-14 ")


async def test_an_instance_that_its_host_switched_off_keeps_its_disks_whatever_its_shutdown_behavior(
    store: Database, run: Run
) -> None:
    (mine,) = await run(ask(shutdown_behavior="terminate"))
    await store.write(lambda unit: running(unit, mine.id), writer="reconcile")
    await store.write(lambda unit: instances.powered_off(unit, mine.id, by_guest=False))
    after = await store.read(lambda unit: unit.instances.get(mine.id))
    assert after is not None
    assert (after.state, after.state_reason_code) == (InstanceState.STOPPING, "Server.InternalError")


async def test_a_lost_or_draining_host_takes_nothing_new(store: Database, run: Run) -> None:
    await store.write(lambda unit: unit.hosts.put(replace(a_host("host1"), wanted=HostWanted.DRAINING)))
    with pytest.raises(NoCapacity, match="draining"):
        await run(ask(), ADMIN)
