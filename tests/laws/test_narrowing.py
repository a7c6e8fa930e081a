"""Laws of Describe lists: what SQLite passes over meets no filter, pages are the whole list cut, states agree."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.address import Address
from app.domain.group import SecurityGroup
from app.domain.image import Image
from app.domain.instance import Instance, Reservation
from app.domain.keypair import KeyPair
from app.domain.ports import Unit
from app.domain.states import InstanceState, Seen, Wanted
from app.domain.tag import Tag
from app.server.ec2 import filters, narrowing, pages
from app.server.ec2.columns import (
    GROUP_COLUMNS,
    IMAGE_COLUMNS,
    INSTANCE_COLUMNS,
    INTERFACE_COLUMNS,
    KEY_PAIR_COLUMNS,
    STATUS_COLUMNS,
)
from app.server.ec2.facts import IMAGE, INSTANCE, KEY_PAIR, STATUS
from app.server.ec2.group_scene import FACTS as GROUP
from app.server.ec2.group_scene import ShownGroup
from app.server.ec2.network_facts import INTERFACE
from app.server.ec2.operation import Filter
from app.server.ec2.scene import Shown
from app.store.database import Database
from tests.builders import OURS, THEIRS, FrozenClock, a_caller, a_host, an_image, an_instance, furnish

TAGS = {"Name": "web*1", "a[b]": "?"}
CALLERS = [a_caller(), a_caller(admin=True)]


def in_a_store(work: Callable[[Unit], None]) -> None:
    async def run(directory: str) -> None:
        async with Database.open(Path(directory) / "cloud.sqlite3", clock=FrozenClock()) as store:
            await store.write(work)

    with TemporaryDirectory() as directory:
        asyncio.run(run(directory))


def full_instances(unit: Unit) -> list[Instance]:
    """Two instances that differ in everything, and what belongs to them."""
    furnish(unit, a_host("host1"))
    made = []
    for n, wanted in ((1, Wanted.RUNNING), (2, Wanted.STOPPED)):
        image = replace(an_image(f"emi-0000000{n}"), root_device=f"/dev/vd{n}")
        unit.images.add(image)
        unit.groups.add(
            SecurityGroup(id=f"sg-0000000{n}", account_id=OURS, name=f"g{n}*", description="", created_at_ms=n)
        )
        unit.reservations.add(
            Reservation(id=f"r-0000000{n}", account_id=OURS, user_id="u", client_token=f"t{n}", created_at_ms=n)
        )
        row = an_instance(
            f"i-0000000{n}", reservation_id=f"r-0000000{n}", launch_index=n, image_id=image.id, created_at_ms=n,
            kernel_id=f"eki-0000000{n}", ramdisk_id=f"eri-0000000{n}", key_name=f"key {n}", placement_group=f"p{n}",
            group_ids=(f"sg-0000000{n}",), vmtype=f"m{n}.x", cluster=f"zone{n}", private_ip=f"10.0.0.{n}",
            architecture=f"arch{n}", launched_at_ms=n * 1001, state_reason_code=f"code {n}", state_reason=f"why {n}",
            transition_reason=f"User ({n})", wanted=wanted, monitoring=n == 1,
        )  # fmt: skip
        unit.instances.add(row)
        address = Address(
            id=f"eipalloc-{n}", ip=f"203.0.113.{n}", account_id=OURS, pool="p", instance_id=row.id,
            association_id=f"eipassoc-{n}", created_at_ms=0,
        )  # fmt: skip
        unit.addresses.add(address)
        for name, value in TAGS.items():
            unit.tags.add(Tag(resource_id=row.id, name=f"{name}{n}", account_id=OURS, value=f"{value}{n}"))
        made.append(row)
    return made


def spellings(value: str) -> Iterator[str]:
    escaped = "".join("\\" + char if char in "*?\\" else char for char in value)
    yield from (escaped, "*", "*" + escaped[len(escaped) // 2 :].removeprefix("\\"))
    if value and value[-1] not in "*?\\":
        yield escaped[:-1] + "?"


def check(unit: Unit, table: Any, facts: Mapping[str, Any], columns: Any, shown: Any, tags: Mapping[str, str]) -> None:
    """Ask for everything that `shown` says of itself: what the filters select must be in the narrowed list."""
    said = {name: list(fact(shown)) for name, fact in facts.items()}
    said |= {f"tag:{name}": [value] for name, value in tags.items()}
    said |= {"tag-key": list(tags), "tag-value": list(tags.values())} if tags else {}
    row_id = getattr(shown, "instance", getattr(shown, "group", shown)).id
    for name, values in said.items():
        for text in (spelled for value in values for spelled in spellings(str(value))):
            asked = [Filter(name=name, values=["no such thing", text])]
            assert filters.select([shown], asked, facts, frozenset(), tags=lambda _: tags) == [shown], (name, text)
            for caller in CALLERS:
                left = table.where(**narrowing.where(unit, caller, asked, columns))
                assert row_id in {row.id for row in left}, (name, text)


@pytest.mark.parametrize(
    ("facts", "columns"), [(INSTANCE, INSTANCE_COLUMNS), (STATUS, STATUS_COLUMNS), (INTERFACE, INTERFACE_COLUMNS)]
)
def test_no_instance_that_meets_a_filter_is_passed_over(facts: Mapping[str, Any], columns: Any) -> None:
    def work(unit: Unit) -> None:
        for shown in Shown.of(unit, full_instances(unit)):
            check(unit, unit.instances, facts, columns, shown, shown.tags)

    in_a_store(work)


def test_no_key_pair_and_no_group_that_meets_a_filter_is_passed_over() -> None:
    def work(unit: Unit) -> None:
        pair = KeyPair(
            id="key-00000001",
            account_id=OURS,
            name="[a]*",
            kind="rsa",
            public_key="",
            fingerprint="aa",
            created_at_ms=0,
        )
        group = SecurityGroup(id="sg-00000001", account_id=OURS, name="g?", description="d\\", created_at_ms=0)
        for thing in (pair, group):
            unit.tags.add(Tag(resource_id=thing.id, name="Name", account_id=OURS, value="web*1"))
        unit.keypairs.add(pair)
        unit.groups.add(group)
        check(unit, unit.keypairs, KEY_PAIR, KEY_PAIR_COLUMNS, pair, {"Name": "web*1"})
        check(unit, unit.groups, GROUP, GROUP_COLUMNS, ShownGroup.of(unit, [group])[0], {"Name": "web*1"})

    in_a_store(work)


def test_no_image_that_meets_a_filter_is_passed_over() -> None:
    def work(unit: Unit) -> None:
        image = an_image("emi-00000009")
        whole = replace(
            image, name="[a]*", description="d?", location="l", kernel_id="eki-1", ramdisk_id="eri-1", public=False
        )
        unit.images.add(whole)
        unit.tags.add(Tag(resource_id=whole.id, name="Name", account_id=OURS, value="web*1"))
        said = {name: list(fact(whole)) for name, fact in IMAGE.items()} | {"tag:Name": ["web*1"], "tag-key": ["Name"]}
        for name, values in said.items():
            for text in (spelled for value in values for spelled in spellings(str(value))):
                where = narrowing.where(
                    unit, CALLERS[0], [Filter(name=name, values=[text])], IMAGE_COLUMNS, others=True
                )
                assert whole.id in {row.id for row in unit.images.where(**where)}, (name, text)

    in_a_store(work)


def test_a_filter_narrows_to_what_meets_it_and_to_the_caller_s_own() -> None:
    def work(unit: Unit) -> None:
        full_instances(unit)
        unit.reservations.add(Reservation(id="r-00000009", account_id=THEIRS, user_id="u", created_at_ms=1))
        unit.instances.add(an_instance("i-00000009", account_id=THEIRS, reservation_id="r-00000009", key_name="key 1"))
        for caller, found in zip(CALLERS, (["i-00000001"], ["i-00000001", "i-00000009"]), strict=True):
            asked = [Filter(name="key-name", values=["key 1"])]
            rows = unit.instances.where(**narrowing.where(unit, caller, asked, INSTANCE_COLUMNS))
            assert [row.id for row in rows] == found
        both = [Filter(name="tag-key", values=["Name1"]), Filter(name="instance-id", values=["i-00000002"])]
        assert unit.instances.where(**narrowing.where(unit, CALLERS[0], both, INSTANCE_COLUMNS)) == []

    in_a_store(work)


class Asked(msgspec.Struct):
    max_results: int | None
    next_token: str | None = None


@settings(max_examples=25)
@given(st.sets(st.integers(0, 99), max_size=40), st.integers(5, 9), st.integers(1, 4))
def test_pages_read_from_the_store_are_the_whole_list_cut(numbers: set[int], size: int, every: int) -> None:
    def keep(rows: list[Image]) -> list[Image]:
        return [row for row in rows if row.size_bytes % every == 0]

    def paged(unit: Unit, order: pages.Order) -> Iterator[Sequence[Image]]:
        asked = Asked(size)
        while True:
            cut, asked.next_token = pages.read(unit.images, order, keep, asked, {"account_id": OURS})
            yield cut
            if asked.next_token is None:
                return

    def work(unit: Unit) -> None:
        rows = [replace(an_image(f"emi-{n:08x}"), size_bytes=n, created_at_ms=n % 7) for n in numbers]
        for row in rows:
            unit.images.add(row)
        order: pages.Order = {"created_at_ms": int, "id": str}
        cuts = list(paged(unit, order))
        whole = keep(sorted(rows, key=lambda row: (row.created_at_ms, row.id)))
        assert [row for cut in cuts for row in cut] == whole
        assert all(len(cut) == size for cut in cuts[:-1])
        assert pages.read(unit.images, order, keep, Asked(None), {"account_id": OURS}) == (whole, None)

    in_a_store(work)


@settings(max_examples=25)
@given(
    st.lists(
        st.builds(
            an_instance,
            st.integers(1, 2**32 - 1).map(lambda n: f"i-{n:08x}"),
            wanted=st.sampled_from(Wanted),
            seen=st.sampled_from(Seen),
            removed=st.booleans(),
            launches=st.integers(1, 3),
            launched=st.integers(0, 3),
        ),
        max_size=20,
        unique_by=lambda row: row.id,
    )
)
def test_sql_derives_the_state_of_an_instance_as_python_does(instances: list[Instance]) -> None:
    def work(unit: Unit) -> None:
        for row in instances:
            unit.instances.add(row)
        for state in InstanceState:
            there = sorted(row.id for row in instances if row.state is state)
            assert [row.id for row in unit.instances.where(state=state)] == there

    in_a_store(work)
