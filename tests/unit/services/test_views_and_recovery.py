"""What operators are shown, and rows rebuilt from domains."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.instance import SHOWN_AFTER_END_MS, SWITCHES, Instance
from app.domain.journal import Entry
from app.domain.ports import DomainSeen, Unit
from app.domain.states import HostState, InstanceState, Seen, Wanted
from app.domain.tag import Tag
from app.reconcile.disks import recovery
from app.services.overview import overview
from app.services.recover import instance_of, rebuild
from app.services.views import World, cluster_view, event_view, instance_views
from app.store.database import Database
from tests.builders import OURS, FrozenClock, a_host

RUNNING = Instance(
    id="i-0123456789abcdef0",
    reservation_id="r-0123456789abcdef0",
    account_id=OURS,
    launch_index=0,
    image_id="emi-0a11beef",
    vmtype="m1.large",
    cores=2,
    memory_mib=512,
    disk_gb=10,
    cluster="one",
    host="host1",
    mac="d0:0d:01:23:45:67",
    group_ids=("sg-0a", "sg-0b"),
    placement_reasons=("found on host1",),
    launched_at_ms=5,
    created_at_ms=4,
    launches=2,
    launched=2,
    seen=Seen.RUNNING,
)


def domain(instance: Instance, seen: Seen = Seen.RUNNING) -> DomainSeen:
    return DomainSeen(
        instance_id=instance.id, state=seen, launch=instance.launches, reason="", recovery=recovery(instance)
    )


def test_a_running_instance_comes_back_as_it_was() -> None:
    assert instance_of(domain(RUNNING), "host1") == RUNNING
    turned: dict[str, Any] = {switch: not getattr(RUNNING, switch) for switch in SWITCHES}
    changed = replace(RUNNING, metadata_hops=7, **turned)
    assert instance_of(domain(changed), "host1") == changed


def test_a_domain_of_an_older_version_comes_back_with_what_was_so_then() -> None:
    seen = domain(RUNNING)
    older = {name: word for name, word in seen.recovery.items() if name not in (*SWITCHES, "metadata_hops")}
    assert instance_of(replace(seen, recovery=older), "host1") == RUNNING


@pytest.mark.parametrize("seen", [Seen.OFF, Seen.CRASHED])
def test_one_that_is_off_is_wanted_off(seen: Seen) -> None:
    back = instance_of(domain(RUNNING, seen), "host1")
    assert (back.wanted, back.state) == (Wanted.STOPPED, InstanceState.STOPPED)


async def test_recovery_leaves_alone_what_is_known_or_unreadable(store: Database) -> None:
    broken = DomainSeen(instance_id="i-0000000000000bad0", state=Seen.RUNNING, launch=1, reason="", recovery={})
    found = [domain(RUNNING), broken]
    first = await store.write(lambda unit: rebuild(unit, "host1", found))
    assert (first.added, first.known) == ((RUNNING.id,), ())
    assert [name for name, _ in first.unreadable] == [broken.instance_id]
    again = await store.write(lambda unit: rebuild(unit, "host1", found))
    assert (again.added, again.known) == ((), (RUNNING.id,))


async def test_recovery_makes_the_account_and_the_groups_that_were_lost(store: Database) -> None:
    theirs = replace(RUNNING, account_id="999988887777")
    done = await store.write(lambda unit: rebuild(unit, "host1", [domain(theirs)]))
    account = await store.read(lambda unit: unit.accounts.get("999988887777"))
    assert account is not None
    assert account.name == "recovered-999988887777"
    assert done.accounts == (account.name,)
    groups = await store.read(lambda unit: unit.groups.where(account_id=account.id))
    assert [group.id for group in groups] == list(theirs.group_ids)


async def test_recovery_names_instances_of_which_only_disks_are_left(store: Database) -> None:
    names = [f"{RUNNING.id}.root", "i-00000bad.root", "i-00000bad.swap", "image-0123", "somebody-elses.img"]
    done = await store.write(lambda unit: rebuild(unit, "host1", [domain(RUNNING)], names))
    assert done.disks_only == ("i-00000bad",)


async def test_used_room_is_what_instances_hold(store: Database) -> None:
    await store.write(lambda unit: rebuild(unit, "host1", [domain(RUNNING)]))

    def work(unit: Unit) -> tuple[int, int, int]:
        view = cluster_view(unit.clusters.where()[0], unit.hosts.where(), World.of(unit))
        return view.cores, view.cores_used, view.instances

    assert await store.read(work) == (8, 2, 1)


async def test_an_instance_is_shown_with_its_tags_until_an_hour_after_its_end(
    store: Database, clock: FrozenClock
) -> None:
    await store.write(lambda unit: rebuild(unit, "host1", [domain(RUNNING)]))
    tag = Tag(resource_id=RUNNING.id, name="Name", account_id=OURS, value="[b]web[/b]")
    await store.write(lambda unit: unit.tags.add(tag))
    shown = await store.read(lambda unit: instance_views(unit, unit.instances.where()))
    assert [(view.name, view.status) for view in shown] == [("[b]web[/b]", "ok")]
    ended = replace(RUNNING, wanted=Wanted.TERMINATED, removed=True, ended_at_ms=clock.now_ms())
    clock.at_ms += SHOWN_AFTER_END_MS + 1
    assert await store.read(lambda unit: instance_views(unit, [ended])) == []


async def test_the_overview_says_what_needs_somebody(store: Database) -> None:
    lost = replace(a_host("host2", lost=True), last_error="no route")
    await store.write(lambda unit: unit.hosts.add(lost))
    shown = await store.read(lambda unit: overview(unit, "1"))
    assert shown.hosts_by_state == {HostState.UP: 1, HostState.LOST: 1}
    assert [text for text in shown.trouble if "host2" in text and "no route" in text]


async def test_an_instance_that_its_host_paused_is_impaired_and_in_trouble(store: Database) -> None:
    await store.write(lambda unit: rebuild(unit, "host1", [domain(RUNNING, Seen.PAUSED)]))
    (view,) = await store.read(lambda unit: instance_views(unit, unit.instances.where()))
    assert (view.state, view.status) == ("running", "impaired")
    shown = await store.read(lambda unit: overview(unit, "1"))
    assert [text for text in shown.trouble if RUNNING.id in text and "paused" in text]


def test_an_event_without_words_says_what_became_of_it() -> None:
    assert _told("tag.added", "tag", {"resource_id": "i-1", "name": "role", "value": "web"}) == "role=web"
    assert _told("instance.changed", "instance", {"seen": "nothing", "seen_at_ms": 1, "tries": 2}) == (
        "nothing of i-1 is on its host any more, tries: 2"
    )
    assert _told("reservation.added", "reservation", {"user_id": "A1"}) == "Launch i-1 was asked for"
    assert _told("security group rule.added", "security group rule", {"protocol": "tcp"}) == "security group rule added"


def _told(event: str, kind: str, data: dict[str, object]) -> str:
    return event_view(Entry(cursor=1, at_ms=1, event=event, kind=kind, resource_id="i-1", text="", data=data)).text
