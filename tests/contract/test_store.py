"""What every implementation of the ports Store, Unit and Table does; so far there is one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain import errors
from app.domain.account import AccessKey, User
from app.domain.group import GroupRule, SecurityGroup
from app.domain.instance import Reservation
from app.domain.journal import Said
from app.domain.keypair import KeyPair
from app.domain.ports import Store, Unit
from app.domain.states import HostState, Seen, Wanted
from app.domain.tag import Tag
from app.domain.vmtype import Size
from app.store.database import Database
from tests.builders import FrozenClock
from tests.unit.store.builders import a_host, an_account, an_instance

pytestmark = pytest.mark.contract
SSH = GroupRule(
    id="sgr-1",
    group_id="sg-1",
    account_id="a",
    egress=False,
    protocol="tcp",
    from_port=22,
    to_port=22,
    peer="10.0.0.0/8",
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Database.open(tmp_path / "cloud.sqlite3", clock=FrozenClock()) as database:
        yield database


async def test_an_added_row_is_read_back(store: Store) -> None:
    row = an_instance(group_ids=("sg-1", "sg-2"), user_data=b"\0\xff", wanted=Wanted.STOPPED, removed=True)
    await store.write(lambda unit: unit.instances.add(row))
    assert await store.read(lambda unit: unit.instances.get(row.id)) == row


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.read(lambda unit: (unit.instances.get("i-1"), unit.instances.get("\ud800"))) == (None, None)


async def test_rows_are_listed_by_equality_in_key_order(store: Store) -> None:
    made = [an_instance(n, host=f"h{n % 3}", removed=n > 5) for n in (7, 1, 5, 3, 2)]

    def add(unit: Unit) -> None:
        for row in made:
            unit.instances.add(row)

    await store.write(add)
    ordered = sorted(made, key=lambda row: row.id)
    listed = await store.read(
        lambda unit: (
            unit.instances.where(),
            unit.instances.where(host="h1", removed=True),
            unit.instances.where(host=("h1", "h0")),
            unit.instances.where(wanted=[Wanted.RUNNING], host=["h2", "\ud800"]),
            unit.instances.where(host=[]),
            unit.instances.where(host=[f"h{n}" for n in range(1, 2000)], removed=False),
        )
    )
    assert listed == (
        ordered,
        [row for row in ordered if row.host == "h1" and row.removed],
        [row for row in ordered if row.host in ("h1", "h0")],
        [row for row in ordered if row.host == "h2"],
        [],
        [row for row in ordered if row.host != "h0" and not row.removed],
    )


async def test_an_unknown_column_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no column"):
        await store.read(lambda unit: unit.hosts.where(**{'name" = "name': "x"}))


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ("accounts", an_account(1, name="other"), "The account '000000000001' already exists"),
        ("accounts", an_account(2, name="account 1"), "The account 'account 1' already exists"),
        ("users", User(id="u2", account_id="a", name="eve", created_at_ms=1), "The user 'eve' already exists"),
        (
            "keypairs",
            KeyPair(
                id="key-2", account_id="a", name="mine", kind="rsa", public_key="", fingerprint="", created_at_ms=1
            ),
            "The key pair 'mine' already exists",
        ),
        (
            "groups",
            SecurityGroup(id="sg-2", account_id="a", name="web", description="", created_at_ms=1),
            "The security group 'web' already exists",
        ),
        (
            "group_rules",
            replace(SSH, id="sgr-2", description="again"),
            "The security group rule '10.0.0.0/8' already exists",
        ),
        (
            "reservations",
            Reservation(id="r-2", account_id="a", user_id="u", client_token="once", created_at_ms=1),
            "The reservation 'once' already exists",
        ),
        (
            "tags",
            Tag(resource_id="i-1", name="a", account_id="b", value="c"),
            "The tag 'i-1/a' already exists",
        ),
    ],
)
async def test_a_second_one_of_a_name_is_a_conflict(store: Store, first: str, second: object, text: str) -> None:
    def add(unit: Unit) -> None:
        unit.accounts.add(an_account(1))
        unit.users.add(User(id="u1", account_id="a", name="eve", created_at_ms=1))
        unit.keypairs.add(
            KeyPair(id="key-1", account_id="a", name="mine", kind="", public_key="", fingerprint="", created_at_ms=1)
        )
        unit.groups.add(SecurityGroup(id="sg-1", account_id="a", name="web", description="", created_at_ms=1))
        unit.group_rules.add(SSH)
        unit.reservations.add(Reservation(id="r-1", account_id="a", user_id="u", client_token="once", created_at_ms=1))
        unit.tags.add(Tag(resource_id="i-1", name="a", account_id="b", value="c"))

    await store.write(add)
    with pytest.raises(errors.Conflict) as caught:
        await store.write(lambda unit: getattr(unit, first).add(second))
    assert str(caught.value) == text


async def test_reservations_without_a_token_do_not_collide(store: Store) -> None:
    def add(unit: Unit) -> None:
        for number in (1, 2):
            unit.reservations.add(Reservation(id=f"r-{number}", account_id="a", user_id="u", created_at_ms=1))

    await store.write(add)


async def test_renaming_onto_a_name_in_use_is_a_conflict(store: Store) -> None:
    def add(unit: Unit) -> None:
        unit.accounts.add(an_account(1))
        unit.accounts.add(an_account(2))

    await store.write(add)
    with pytest.raises(errors.Conflict, match="'account 1' already exists"):
        await store.write(lambda unit: unit.accounts.put(an_account(2, name="account 1")))


async def test_putting_what_does_not_exist_is_missing(store: Store) -> None:
    with pytest.raises(errors.Missing, match="The host 'h1' does not exist"):
        await store.write(lambda unit: unit.hosts.put(a_host()))


@pytest.mark.parametrize(
    ("writer", "after"),
    [
        ("services", an_instance(seen=Seen.RUNNING)),
        ("services", an_instance(wanted=Wanted.STOPPED, attempts=1)),
        ("reconcile", an_instance(wanted=Wanted.STOPPED)),
    ],
)
async def test_a_column_of_the_other_writer_is_refused(store: Store, writer: str, after: object) -> None:
    await store.write(lambda unit: unit.instances.add(an_instance()))
    with pytest.raises(ValueError, match="may not write"):
        await store.write(lambda unit: unit.instances.put(after), writer)  # type: ignore[arg-type]
    assert await store.read(lambda unit: unit.instances.get(an_instance().id)) == an_instance()


async def test_each_writer_writes_its_own_columns(store: Store) -> None:
    await store.write(lambda unit: unit.instances.add(an_instance()))
    seen = an_instance(seen=Seen.RUNNING, launched=1)
    await store.write(lambda unit: unit.instances.put(seen), "reconcile")
    await store.write(lambda unit: unit.instances.put(replace(seen, wanted=Wanted.STOPPED)))
    after = await store.read(lambda unit: unit.instances.get(seen.id))
    assert after == replace(seen, wanted=Wanted.STOPPED)


async def test_reconcile_adds_no_rows(store: Store) -> None:
    with pytest.raises(ValueError, match="only services add rows"):
        await store.write(lambda unit: unit.hosts.add(a_host()), "reconcile")


async def test_reads_can_not_write(store: Store) -> None:
    for work in (
        lambda unit: unit.hosts.add(a_host()),
        lambda unit: unit.set_setting("a", "b"),
        lambda unit: unit.note("a", "b", "c", "d"),
    ):
        with pytest.raises(ValueError, match="only reads"):
            await store.read(work)


async def test_a_glance_sees_what_was_answered_and_writes_nothing(store: Store) -> None:
    await store.write(lambda unit: unit.accounts.add(an_account()))
    assert store.glance(lambda unit: unit.accounts.where()) == [an_account()]
    with pytest.raises(ValueError, match="only reads"):
        store.glance(lambda unit: unit.set_setting("a", "b"))


async def test_nobody_glances_at_a_closed_store(tmp_path: Path) -> None:
    async with Database.open(tmp_path / "closed.sqlite3", clock=FrozenClock()) as database:
        pass
    with pytest.raises(errors.Unavailable, match="closed"):
        database.glance(lambda unit: unit.now_ms)


async def test_a_unit_is_over_with_its_transaction(store: Store) -> None:
    kept = await store.write(lambda unit: unit)
    with pytest.raises(ValueError, match="over"):
        kept.hosts.add(a_host())


async def test_an_exception_undoes_everything_of_its_unit(store: Store) -> None:
    def half(unit: Unit) -> None:
        unit.hosts.add(a_host())
        unit.set_setting("kernel", "x")
        unit.audit(Said(who="a", source="b", action="c", target="d", outcome="e"))
        raise errors.Combination("no")

    with pytest.raises(errors.Combination):
        await store.write(half)
    left = await store.read(
        lambda unit: (
            unit.hosts.where(),
            unit.setting("kernel", "none"),
            unit.entries(0, 9),
            unit.audit_entries(0, 9),
            unit.cursor(),
        )
    )
    assert left == ([], "none", [], [], 0)


async def test_a_caught_conflict_leaves_the_rest_of_the_unit_standing(store: Store) -> None:
    def twice(unit: Unit) -> None:
        unit.hosts.add(a_host())
        with pytest.raises(errors.Conflict):
            unit.hosts.add(a_host())
        unit.hosts.add(a_host("h2"))

    await store.write(twice)
    assert len(await store.read(lambda unit: unit.hosts.where())) == 2


async def test_a_failure_in_a_group_touches_its_own_caller_only(store: Store) -> None:
    def work(number: int) -> None:
        raise errors.Combination(str(number))

    def add(number: int, unit: Unit) -> int:
        unit.accounts.add(an_account(number))
        if number % 3 == 0:
            work(number)
        return number

    told = await asyncio.gather(
        *(store.write(lambda unit, n=n: add(n, unit)) for n in range(30)),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert [n if isinstance(n, int) else type(n) for n in told] == [
        n if n % 3 else errors.Combination for n in range(30)
    ]
    kept = await store.read(lambda unit: [row.id for row in unit.accounts.where()])
    assert kept == [an_account(n).id for n in range(30) if n % 3]


async def test_work_that_raises_stop_iteration_is_answered(store: Store) -> None:
    for run in (store.write, store.read):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await run(lambda unit: next(iter(unit.hosts.where())))


async def test_values_that_sqlite_can_not_hold_are_invalid(store: Store) -> None:
    for row in (a_host(uri="\ud800"), a_host(max_cores=2**63)):
        with pytest.raises(errors.Invalid, match="can not be stored"):
            await store.write(lambda unit, row=row: unit.hosts.add(row))  # type: ignore[misc]


async def test_changes_are_journalled_without_secrets(store: Store) -> None:
    key = AccessKey(id="AK", user_id="u1", secret_key="hush", created_at_ms=1)

    def live(unit: Unit) -> None:
        unit.access_keys.add(key, text="made for tests")
        unit.access_keys.put(replace(key, enabled=False))
        unit.access_keys.put(replace(key, enabled=False))
        unit.access_keys.put(replace(key, secret_key="new hush"), event="access key.rotated")
        unit.access_keys.remove(key)
        unit.access_keys.remove(key)

    await store.write(live)
    entries = await store.read(lambda unit: unit.entries(0, 99))
    public: dict[str, object] = {"id": "AK", "user_id": "u1", "enabled": True, "created_at_ms": 1}
    assert [(entry.event, entry.text, entry.data) for entry in entries] == [
        ("access key.added", "made for tests", public),
        ("access key.changed", "", {"enabled": False}),
        ("access key.rotated", "", {"enabled": True}),
        ("access key.removed", "", public),
    ]
    assert {(entry.kind, entry.resource_id, entry.at_ms) for entry in entries} == {
        ("access key", "AK", FrozenClock().at_ms)
    }
    assert "hush" not in str(entries)


async def test_a_tag_is_journalled_under_its_resource_with_its_whole_key(store: Store) -> None:
    tag = Tag(resource_id="i-1", name="Name", account_id="a", value="web")
    await store.write(lambda unit: unit.tags.add(tag))
    await store.write(lambda unit: unit.tags.put(replace(tag, value="db")))
    entry = (await store.read(lambda unit: unit.entries(0, 9)))[-1]
    assert (entry.resource_id, entry.data) == ("i-1", {"resource_id": "i-1", "name": "Name", "value": "db"})


async def test_a_heartbeat_alone_is_not_journalled(store: Store) -> None:
    await store.write(lambda unit: unit.hosts.add(a_host()))
    before = await store.read(lambda unit: unit.cursor())
    await store.write(lambda unit: unit.hosts.put(a_host(seen_at_ms=5)), "reconcile")
    assert await store.read(lambda unit: unit.cursor()) == before
    await store.write(lambda unit: unit.hosts.put(a_host(seen_at_ms=6, state=HostState.UP)), "reconcile")
    stored, entries = await store.read(lambda unit: (unit.hosts.get("h1"), unit.entries(before, 9)))
    assert stored == a_host(seen_at_ms=6, state=HostState.UP)
    assert [entry.data for entry in entries] == [{"seen_at_ms": 6, "state": "up"}]


async def test_notes_are_entries_without_a_row(store: Store) -> None:
    await store.write(lambda unit: unit.note("host.slow", "host", "h1", "It \ud800 took 9 s"))
    (entry,) = await store.read(lambda unit: unit.entries(0, 9))
    assert (entry.event, entry.kind, entry.resource_id, entry.text, entry.data) == (
        "host.slow",
        "host",
        "h1",
        "It ? took 9 s",
        {},
    )


async def test_entries_come_in_portions(store: Store) -> None:
    for n in range(5):
        await store.write(lambda unit, n=n: unit.note("e", "k", str(n), ""))  # type: ignore[misc]
    portions = await store.read(
        lambda unit: [[e.cursor for e in unit.entries(after, 2)] for after in (0, 2, 4, 5)] + [[unit.oldest_cursor()]]
    )
    assert portions == [[1, 2], [3, 4], [5], [], [1]]
    assert [e.cursor for e in await store.read(lambda unit: unit.entries(0, 9, about="3"))] == [4]


async def test_settings_are_kept(store: Store) -> None:
    assert await store.read(lambda unit: unit.setting("kernel")) == ""
    for value in ("eki-1", "eki-2"):
        await store.write(lambda unit, value=value: unit.set_setting("kernel", value))  # type: ignore[misc]
    assert await store.read(lambda unit: unit.setting("kernel", "none")) == "eki-2"


async def test_what_hosts_hold_is_summed(store: Store) -> None:
    def add(unit: Unit) -> None:
        unit.instances.add(an_instance(1))
        unit.instances.add(an_instance(2, wanted=Wanted.STOPPED, seen=Seen.OFF))
        unit.instances.add(an_instance(3, wanted=Wanted.TERMINATED, removed=True))
        unit.instances.add(an_instance(4, host="h2", wanted=Wanted.TERMINATED))

    await store.write(add)
    assert await store.read(lambda unit: (unit.held(), unit.counts())) == (
        {"host1": Size(cores=1, memory_mib=128, disk_gb=20), "h2": Size(cores=1, memory_mib=128, disk_gb=10)},
        {"host1": 2, "h2": 1},
    )


async def test_changes_tell_the_newest_cursor_to_every_listener(store: Store) -> None:
    first, second = store.changes(), store.changes()
    await store.write(lambda unit: unit.note("e", "k", "1", ""))
    assert [await anext(first), await anext(second)] == [1, 1]
    await store.write(lambda unit: unit.set_setting("a", "b"))
    await store.write(lambda unit: unit.note("e", "k", "2", ""))
    await store.write(lambda unit: unit.note("e", "k", "3", ""))
    told = await anext(first)
    while told < 3:
        told = await anext(first)
    assert told == 3


async def test_a_listener_that_was_told_sees_the_entry(store: Store) -> None:
    changes = store.changes()
    await store.write(lambda unit: unit.note("e", "k", "1", ""))
    cursor = await anext(changes)
    assert [entry.cursor for entry in await store.read(lambda unit: unit.entries(0, 9))] == [cursor]
