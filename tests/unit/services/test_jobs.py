"""What a job does to its targets, a few at a time; what it refuses, in words; how it is stopped and tried again."""

from dataclasses import replace
from typing import Any

import pytest

from app.api.jobs import JobTargetAsked
from app.domain.errors import CloudError, Forbidden, Invalid, Malformed, Missing, OverLimit, WrongState
from app.domain.instance import Instance
from app.domain.job import JobState
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted, Wanted
from app.services import accounts, expiry, hosts, instances, job_turns, jobs, moves
from app.services.mapping import Mapping
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock
from tests.unit.services.job_world import OPERATOR, USER, JobWorld, one


@pytest.fixture
async def world(store: Database, mapping: Mapping, entropy: CountingEntropy) -> JobWorld:
    made = JobWorld(store, mapping, entropy)
    await made.furnish()
    return made


async def instance(world: JobWorld, number: int) -> Instance:
    row = await world.store.read(lambda unit: unit.instances.get(one(number)))
    assert row is not None
    return row


async def change(world: JobWorld, number: int, **columns: Any) -> None:
    await world.store.write(lambda unit: unit.instances.put(replace(instances.get(unit, one(number)), **columns)))


async def test_no_more_targets_are_under_way_than_was_asked(world: JobWorld) -> None:
    job = await world.ask("terminate", *map(one, (1, 2, 3)), at_once=2)
    assert (job.title, job.state, job.total) == ("terminate 3 instances", "waiting", 3)
    await world.step()
    assert await world.states(job) == ["under way", "under way", "waiting"]
    assert not await world.step()
    await world.see()
    await world.step()
    assert await world.states(job) == ["done", "done", "waiting"]
    await world.finish()
    ended = await world.job(job)
    assert (ended.state, ended.done, ended.under_way, ended.waiting) == ("done", 3, 0, 0)
    assert (await instance(world, 4)).wanted is Wanted.RUNNING


async def test_a_target_that_is_not_as_it_was_confirmed_is_refused_and_the_rest_goes_on(world: JobWorld) -> None:
    was = {"state": "running", "host": "host1", "name": ""}
    job = await world.ask("terminate", *(JobTargetAsked(id=one(n), expected=was) for n in (1, 2)), at_once=1)
    await change(world, 2, host="host2")
    await world.finish()
    ended = await world.job(job)
    assert (await world.states(job), ended.state) == (["done", "changed"], JobState.FAILED)
    assert ended.told == f"{one(2)}: its host is host2 now, and was host1 when this was confirmed"
    assert (await instance(world, 2)).wanted is Wanted.RUNNING


async def test_one_that_was_coming_up_and_is_there_now_counts_as_unchanged(world: JobWorld) -> None:
    job = await world.ask("reboot", JobTargetAsked(id=one(1), expected={"state": "pending"}))
    await world.finish()
    assert (await world.job(job)).state == "done"


async def test_a_target_that_is_no_more_is_told_and_the_rest_is_done(world: JobWorld) -> None:
    job = await world.ask("stop", one(1), one(99))
    await world.finish()
    assert [target.detail for target in await world.targets(job)] == ["", "it is no more"]
    assert await world.states(job) == ["done", "changed"]


async def test_what_a_service_refuses_fails_with_its_words_and_is_tried_again_alone(world: JobWorld) -> None:
    await change(world, 2, disable_api_termination=True)
    job = await world.ask("terminate", one(1), one(2))
    await world.finish()
    assert await world.states(job) == ["done", "failed"]
    assert "may not be terminated" in (await world.job(job)).told
    await change(world, 2, disable_api_termination=False)
    again = await world.store.write(lambda unit: jobs.retry(unit, OPERATOR, job.id))
    assert (again.state, again.waiting, again.done, again.ended_at_ms) == ("running", 1, 1, 0)
    await world.finish()
    assert (await world.job(job)).state == "done"
    with pytest.raises(WrongState, match="none of its targets failed"):
        await world.store.write(lambda unit: jobs.retry(unit, OPERATOR, job.id))


async def test_cancelling_lets_what_is_under_way_end_and_begins_nothing_more(world: JobWorld) -> None:
    job = await world.ask("stop", *map(one, (1, 2, 3)), at_once=1)
    await world.step()
    cancelled = await world.store.write(lambda unit: jobs.cancel(unit, OPERATOR, job.id))
    assert (cancelled.state, cancelled.cancelled, cancelled.under_way) == ("cancelling", 2, 1)
    await world.store.write(lambda unit: jobs.cancel(unit, OPERATOR, job.id))
    await world.see()
    await world.finish()
    assert (await world.job(job)).state == "cancelled"
    assert await world.states(job) == ["done", "cancelled", "cancelled"]
    with pytest.raises(WrongState, match="has ended"):
        await world.store.write(lambda unit: jobs.cancel(unit, OPERATOR, job.id))


async def test_a_paused_job_waits_until_it_is_resumed(world: JobWorld) -> None:
    job = await world.ask("reboot", one(1), one(2))
    await world.store.write(lambda unit: jobs.pause(unit, OPERATOR, job.id))
    assert not await world.step()
    assert (await world.job(job)).state == "paused"
    await world.store.write(lambda unit: jobs.resume(unit, OPERATOR, job.id))
    await world.finish()
    assert (await world.job(job)).state == "done"
    assert (await instance(world, 1)).reboots == 1


async def test_a_drain_moves_what_is_on_the_host_to_others_of_its_cluster(world: JobWorld) -> None:
    job = await world.ask("drain", "host1")
    host = await world.store.read(lambda unit: hosts.get(unit, "host1"))
    assert (host.wanted, job.total, job.done) == (HostWanted.DRAINING, 5, 1)
    await world.step()
    assert (await world.job(job)).under_way == 2
    await world.finish()
    ended = await world.job(job)
    assert (ended.state, ended.done) == ("done", 5)
    assert {(await instance(world, n)).host for n in range(1, 5)} == {"host2", "host3"}


async def test_a_drain_says_what_stays_and_why(world: JobWorld) -> None:
    stopped = await world.ask("stop", one(1))
    await world.finish()
    assert (await world.job(stopped)).state == "done"
    job = await world.ask("drain", "host1")
    await world.finish()
    told = {target.target: (target.state, target.detail) for target in await world.targets(job)}
    assert told[one(1)] == ("stays", "it is stopped, and its disk is on host1")
    ended = await world.job(job)
    assert (ended.state, ended.failed, ended.done) == ("done", 0, ended.total)
    assert ended.told == f"{one(1)} stays: it is stopped, and its disk is on host1"


async def test_a_drain_watches_moves_that_rules_began_before_it(world: JobWorld) -> None:
    await world.store.write(lambda unit: moves.begin(unit, one(1), "host3", "rules say so"))
    job = await world.ask("drain", "host1")
    assert job.total == 4  # the moving one is on its way already
    await world.store.write(lambda unit: moves.begin(unit, one(2), "host3", "rules say so"))
    await world.finish()
    assert (await world.job(job)).state == "done"
    assert (await instance(world, 2)).host == "host3"


async def test_a_host_that_takes_instances_again_is_emptied_no_further(world: JobWorld) -> None:
    job = await world.ask("drain", "host1", at_once=1)
    await world.step()
    await world.ask("undrain", "host1")
    await world.finish()
    assert (await world.job(job)).told.endswith("host1 takes instances again")
    assert {(await instance(world, n)).host for n in range(2, 5)} == {"host1"}


async def test_a_move_that_did_not_come_to_be_says_why(world: JobWorld) -> None:
    job = await world.ask("move", one(1), argument="host2")
    await world.step()
    await world.store.write(lambda unit: moves.failed(unit, one(1), "no route"))
    await world.step()
    assert (await world.job(job)).told == f"{one(1)}: it did not move to host2: no route"


async def test_hosts_sleep_wake_and_stay_on_if_they_are_needed(world: JobWorld) -> None:
    job = await world.ask("sleep", "host1", "host2")
    await world.finish()
    assert await world.states(job) == ["failed", "done"]
    assert "by i-00000001 and 3 more: it can not sleep" in (await world.job(job)).told
    woken = await world.ask("wake", "host2")
    await world.finish()
    assert (await world.job(woken)).state == "done"


async def test_what_is_not_seen_in_time_fails_and_is_still_wanted(world: JobWorld, clock: FrozenClock) -> None:
    job = await world.ask("terminate", one(1))
    await world.step()
    clock.at_ms += job_turns.PATIENCE_MS + 1
    await world.step()
    assert "not seen within 15 minutes" in (await world.job(job)).told
    assert (await instance(world, 1)).wanted is Wanted.TERMINATED


async def test_a_user_who_was_disabled_meanwhile_changes_nothing_more(world: JobWorld) -> None:
    job = await world.ask("terminate", one(1))
    await world.store.write(lambda unit: accounts.switch_user(unit, USER, enabled=False))
    await world.finish()
    assert "ana was disabled meanwhile" in (await world.job(job)).told
    assert (await instance(world, 1)).wanted is Wanted.RUNNING


@pytest.mark.parametrize(
    ("kind", "targets", "given", "error", "words"),
    [
        ("explode", [one(1)], {}, Invalid, "Choose one of terminate, stop, start"),
        ("stop", [], {}, OverLimit, "at least 1"),
        ("stop", ["node 1"], {}, Malformed, "node 1"),
        ("stop", [one(98), one(99)], {}, Missing, "i-00000062, i-00000063"),
        ("stop", [one(1)], {"at_once": 101}, Invalid, "from 1 to 100"),
        ("stop", [one(1)], {"argument": "host2"}, Invalid, "takes none"),
        ("move", [one(1)], {"argument": "host9"}, Missing, "host9"),
        ("remove", ["host2"], {}, Forbidden, "needs the role admin"),
        ("stop", [JobTargetAsked(id=one(1), expected={"stat": "running"})], {}, CloudError, "state or host or vmtype"),
    ],
)
async def test_a_job_that_makes_no_sense_is_refused_whole(
    world: JobWorld, kind: str, targets: list[str], given: dict[str, Any], error: type[CloudError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await world.ask(kind, *targets, **given)
    assert await world.store.read(lambda unit: unit.jobs.where()) == []


async def test_a_target_named_twice_is_one(world: JobWorld) -> None:
    job = await world.ask("reboot", one(1), one(1).upper())
    assert job.total == 1


async def test_ended_jobs_are_kept_for_a_while_and_then_go_with_all_that_hangs_on_them(
    world: JobWorld, clock: FrozenClock
) -> None:
    job = await world.ask("reboot", one(1))
    await world.finish()

    def left(unit: Unit) -> tuple[int, int]:
        return len(unit.jobs.where()), len(unit.job_targets.where())

    await world.store.write(lambda unit: expiry.drop_ended(unit, 1000))
    assert await world.store.read(left) == (1, 1)
    clock.at_ms += 2000
    await world.store.write(lambda unit: expiry.drop_ended(unit, 1000))
    assert await world.store.read(left) == (0, 0)
    with pytest.raises(Missing):
        await world.job(job)


async def test_moves_find_no_room_on_hosts_that_are_lost(world: JobWorld) -> None:
    def lose(unit: Unit) -> None:
        for name in ("host2", "host3"):
            unit.hosts.put(replace(hosts.get(unit, name), state=HostState.LOST))

    await world.store.write(lose, "reconcile")
    job = await world.ask("move", one(1))
    await world.finish()
    assert "host2 is lost; host3 is lost" in (await world.job(job)).told
