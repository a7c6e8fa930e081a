"""What hangs on a thing, what becomes of it, and that what was confirmed counts."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.account import AccessKey, Role, Token, User
from app.domain.address import Address
from app.domain.errors import Conflict, Missing, Unknown
from app.domain.group import GroupRule, SecurityGroup
from app.domain.keypair import KeyPair
from app.domain.launch_template import LaunchTemplate, LaunchTemplateVersion
from app.domain.placement_group import PlacementGroup, Strategy
from app.domain.ports import Unit
from app.domain.states import Wanted
from app.domain.volume import Snapshot, Volume
from app.services import hanging
from app.services.ties import Found
from app.store.database import Database
from tests.builders import OURS, THEIRS, a_host, an_image, an_instance

ONE, TWO, THREE = "i-00000001", "i-00000002", "i-00000003"
GROUP, OTHER = "sg-00000001", "sg-00000002"


@pytest.fixture
async def filled(store: Database) -> Database:
    """A cloud in which something hangs on one thing of each kind."""

    def work(unit: Unit) -> None:
        unit.hosts.add(a_host("host2", ordinal=2))
        unit.images.add(an_image("eki-00000001"))
        unit.images.add(replace(an_image("emi-00000001"), kernel_id="eki-00000001", granted_to=(THEIRS,)))
        unit.instances.add(
            an_instance(ONE, group_ids=(GROUP,), key_name="ana", placement_group="apart", disable_api_termination=True)
        )
        gone = an_instance(TWO, wanted=Wanted.TERMINATED, removed=True, group_ids=(GROUP,), key_name="ana")
        unit.instances.add(gone)
        for number, more in ((1, {"delete_on_termination": True}), (2, {}), (3, {"instance_id": ""})):
            unit.volumes.add(a_volume(number, **more))
        unit.snapshots.add(
            Snapshot(
                id="snap-00000001",
                account_id=OURS,
                volume_id="vol-00000001",
                source_id="vol-00000001",
                size_gib=8,
                created_at_ms=0,
            )
        )
        unit.instances.add(an_instance(THREE, host="host2", vmtype="c1.medium", image_id="emi-00000003"))
        for number, instance_id in ((1, ONE), (2, THREE)):
            unit.addresses.add(
                Address(
                    id=f"eipalloc-0000000{number}",
                    ip=f"198.51.100.{number}",
                    account_id=OURS,
                    automatic=instance_id == ONE,
                    pool="p",
                    instance_id=instance_id,
                    created_at_ms=0,
                )
            )
        _groups(unit)
        _identities(unit)

    await store.write(work)
    return store


def a_volume(number: int, **more: Any) -> Volume:
    given: dict[str, Any] = {
        "size_gib": 8,
        "instance_id": ONE,
        "device": f"/dev/sd{number}",
        "snapshot_id": "snap-00000001",
        **more,
    }
    return Volume(id=f"vol-0000000{number}", account_id=OURS, cluster="one", created_at_ms=0, **given)


def _groups(unit: Unit) -> None:
    for given in (GROUP, OTHER):
        unit.groups.add(SecurityGroup(id=given, account_id=OURS, name=given, description="", created_at_ms=0))
        unit.group_rules.add(
            GroupRule(
                id=given.replace("sg", "sgr"),
                group_id=given,
                account_id=OURS,
                egress=False,
                protocol="tcp",
                from_port=22,
                to_port=22,
                peer=GROUP,
            )
        )
    unit.placement_groups.add(
        PlacementGroup(id="pg-00000001", account_id=OURS, name="apart", strategy=Strategy.SPREAD, created_at_ms=0)
    )
    unit.launch_templates.add(
        LaunchTemplate(id="lt-00000001", account_id=OURS, name="web", created_by="ana", created_at_ms=0)
    )
    unit.launch_template_versions.add(
        LaunchTemplateVersion(
            id="lt-00000001:1", template_id="lt-00000001", number=1, data="{}", created_by="ana", created_at_ms=0
        )
    )


def _identities(unit: Unit) -> None:
    unit.users.add(User(id="AIDA1", account_id=OURS, name="ana", created_at_ms=0))
    unit.access_keys.add(AccessKey(id="AKIA1", user_id="AIDA1", secret_key="s", created_at_ms=0))
    for number, ends in ((1, 0), (2, 1)):
        unit.tokens.add(
            Token(
                id=f"tok-{number}",
                user_id="AIDA1",
                name="t",
                role=Role.VIEWER,
                sha256=str(number),
                created_at_ms=0,
                expires_at_ms=ends,
            )
        )
    unit.keypairs.add(
        KeyPair(
            id="key-00000001", account_id=OURS, name="ana", kind="rsa", fingerprint="", public_key="", created_at_ms=0
        )
    )


@pytest.mark.parametrize(
    ("kind", "given", "ties"),
    [
        (
            "instance",
            ONE,
            {
                "volume vol-00000001 is deleted with it",
                "volume vol-00000002 stays",
                "address 198.51.100.1 goes back to the pool",
            },
        ),
        ("instance", THREE, {"address 198.51.100.2 is taken off, its account keeps it"}),
        (
            "volume",
            "vol-00000001",
            {"instance i-00000001 must go first, else it is refused", "snapshot snap-00000001 stays"},
        ),
        ("snapshot", "snap-00000001", {f"volume vol-0000000{number} stays" for number in (1, 2, 3)}),
        ("image", "emi-00000001", {f"instance {ONE} runs on", f"account {THEIRS} can not launch from it any more"}),
        ("image", "eki-00000001", {"image emi-00000001 can not be launched any more"}),
        (
            "group",
            GROUP,
            {
                f"instance {ONE} must go first, else it is refused",
                f"group {OTHER} must go first, else it is refused",
            },
        ),
        ("group", OTHER, set()),
        ("address", "eipalloc-00000002", {f"instance {THREE} is no longer reached by it"}),
        ("key-pair", "key-00000001", {f"instance {ONE} keeps what it was given"}),
        ("placement-group", "pg-00000001", {f"instance {ONE} must go first, else it is refused"}),
        ("launch-template", "lt-00000001", {"version 1 is deleted with it"}),
        ("type", "m1.small", {f"instance {ONE} keeps its size"}),
        ("user", "AIDA1", {"access key AKIA1 stops working", "token tok-1 stops working"}),
        ("account", "ours", {"user ana stops working", f"instance {ONE} runs on", f"instance {THREE} runs on"}),
        ("account", OURS, {"user ana stops working", f"instance {ONE} runs on", f"instance {THREE} runs on"}),
        ("host", "host1", {f"instance {ONE} must end or move away first"}),
        ("host", "host2", {f"instance {THREE} must end or move away first"}),
        (
            "cluster",
            "one",
            {
                "host host1 must go first, else it is refused",
                "host host2 must go first, else it is refused",
            },
        ),
    ],
)
async def test_what_hangs_on_a_thing_is_named_with_its_fate(
    filled: Database, kind: str, given: str, ties: set[str]
) -> None:
    found = (await filled.read(lambda unit: hanging.of(unit, kind, [given])))[given]
    assert {f"{tie.kind} {tie.id} {tie.fate}" for tie in found.ties} == ties


async def test_every_kind_that_can_be_asked_for_is_tried_here() -> None:
    (marks,) = test_what_hangs_on_a_thing_is_named_with_its_fate.pytestmark  # type: ignore[attr-defined]
    assert {row[0] for row in marks.args[1]} == set(hanging.KINDS)


async def test_what_is_worth_knowing_of_an_instance_is_said(filled: Database) -> None:
    assert (await look(filled, ONE)).notes == ("is protected: disableApiTermination",)
    await filled.write(lambda unit: unit.instances.put(replace(an_instance(ONE), disable_api_stop=True)))
    assert (await look(filled, ONE)).notes == ("is protected: disableApiStop",)


async def look(store: Database, given: str) -> Found:
    return (await store.read(lambda unit: hanging.of(unit, "instance", [given])))[given]


async def test_a_version_names_the_ties_and_nothing_else(filled: Database) -> None:
    before = hanging.version(await look(filled, ONE))
    await filled.write(lambda unit: unit.volumes.put(a_volume(1, delete_on_termination=True, size_gib=9)))
    assert hanging.version(await look(filled, ONE)) == before
    await filled.write(lambda unit: hanging.check(unit, "instance", ONE.upper(), before))
    await filled.write(lambda unit: unit.volumes.put(a_volume(2, delete_on_termination=True)))
    with pytest.raises(Conflict, match=r"volume vol-00000002 \(is deleted with it\)"):
        await filled.write(lambda unit: hanging.check(unit, "instance", ONE, before))


async def test_of_many_there_are_sums_and_what_is_gone_is_left_out(filled: Database) -> None:
    found = await filled.read(lambda unit: hanging.of(unit, "instance", [TWO, ONE, "i-0000dead"]))
    assert list(found) == [TWO, ONE]
    assert "1 x volume: is deleted with it" in hanging.sums(found)
    with pytest.raises(Missing):
        await filled.read(lambda unit: hanging.of(unit, "volume", ["vol-0000dead"]))
    with pytest.raises(Unknown, match="instance, volume"):
        await filled.read(lambda unit: hanging.of(unit, "cat", ["x"]))
