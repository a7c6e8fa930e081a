"""Canned views of what accounts hold, and a cloud that has some of each."""

from typing import Any

import msgspec

from app.api import holdings as api
from app.api.accounts import AccountView, UserView
from app.api.quotas import QuotaView
from app.api.tokens import TokenView
from tests.tui.fake_cloud import FakeCloud
from tests.tui.views import NOW_MS, a_type

HOUR_MS = 3_600_000
OWNED: dict[str, Any] = {"account_id": "000000000001", "account": "eucalyptus", "tags": {}}


def a_volume(number: int = 1, **changes: Any) -> api.VolumeView:
    view = api.VolumeView(
        **OWNED,
        id=f"vol-{number:017x}",
        name="",
        cluster="cc-01",
        state="available",
        size_gib=8 * number,
        kind="gp2",
        instance_id="",
        device="",
        attachment="",
        delete_on_termination=False,
        snapshot_id="",
        rehearsed=True,
        created_at_ms=NOW_MS - HOUR_MS * number,
        error="",
    )
    return msgspec.structs.replace(view, **changes)


def a_snapshot(number: int = 1, **changes: Any) -> api.SnapshotView:
    view = api.SnapshotView(
        **OWNED,
        id=f"snap-{number:017x}",
        name="",
        state="completed",
        size_gib=8,
        percent=100,
        volume_id=a_volume(1).id,
        source_id=a_volume(1).id,
        description="before the upgrade",
        public=False,
        granted_to=[],
        rehearsed=True,
        created_at_ms=NOW_MS - HOUR_MS,
        completed_at_ms=NOW_MS - HOUR_MS + 9000,
        error="",
    )
    return msgspec.structs.replace(view, **changes)


def a_group(number: int = 1, **changes: Any) -> api.GroupView:
    rule = api.GroupRuleView(
        id=f"sgr-{number:017x}",
        egress=False,
        protocol="tcp",
        from_port=22,
        to_port=22,
        peer="0.0.0.0/0",
        description="",
    )
    view = api.GroupView(
        **OWNED,
        id=f"sg-{number:017x}",
        name="default" if number == 1 else f"group{number}",
        description="default group",
        allows=["in tcp 22 from 0.0.0.0/0", "out all to 0.0.0.0/0"],
        rules=[rule],
        created_at_ms=NOW_MS - HOUR_MS * number,
    )
    return msgspec.structs.replace(view, **changes)


def an_address(number: int = 1, **changes: Any) -> api.AddressView:
    view = api.AddressView(
        **OWNED,
        id=f"eipalloc-{number:017x}",
        ip=f"198.51.100.{number}",
        automatic=False,
        pool="rehearsal",
        domain="vpc",
        instance_id="",
        association_id="",
        created_at_ms=NOW_MS - HOUR_MS,
    )
    return msgspec.structs.replace(view, **changes)


def a_network(vlan: int = 10, **changes: Any) -> api.NetworkView:
    view = api.NetworkView(
        id=f"vlan{vlan}",
        vlan=vlan,
        account_id=OWNED["account_id"],
        account=OWNED["account"],
        group_id=f"sg-{vlan:017x}",
        group="default",
        subnet=f"10.1.{vlan}.0/27",
        gateway=f"10.1.{vlan}.1",
        bridge=f"eucabr{vlan}",
        taken=3,
        size=29,
        created_at_ms=NOW_MS - HOUR_MS,
    )
    return msgspec.structs.replace(view, **changes)


def a_key_pair(number: int = 1, **changes: Any) -> api.KeyPairView:
    view = api.KeyPairView(
        **OWNED,
        id=f"key-{number:017x}",
        name="ana",
        kind="rsa",
        fingerprint=":".join(["ab"] * 20),
        created_at_ms=NOW_MS - HOUR_MS,
    )
    return msgspec.structs.replace(view, **changes)


def a_placement_group(number: int = 1, **changes: Any) -> api.PlacementGroupView:
    view = api.PlacementGroupView(
        **OWNED,
        id=f"pg-{number:017x}",
        name="apart",
        strategy="spread",
        partitions=0,
        spread_level="host",
        instances=2,
        created_at_ms=NOW_MS - HOUR_MS,
    )
    return msgspec.structs.replace(view, **changes)


def a_template(number: int = 1, **changes: Any) -> api.TemplateView:
    view = api.TemplateView(
        **OWNED,
        id=f"lt-{number:017x}",
        name="web",
        default_version=1,
        latest_version=3,
        created_by="arn:aws:iam::000000000001:user/ana",
        created_at_ms=NOW_MS - HOUR_MS,
    )
    return msgspec.structs.replace(view, **changes)


def a_user(number: int = 1, **changes: Any) -> UserView:
    view = UserView(
        id=f"AIDA{number:016}",
        account_id="000000000001",
        account="eucalyptus",
        name="ana",
        admin=True,
        enabled=True,
        access_keys=["AKIA0000000000000001"],
        created_at_ms=NOW_MS - HOUR_MS,
    )
    return msgspec.structs.replace(view, **changes)


def an_account(number: int = 1, *, most: int | None = None, used: int = 3, **changes: Any) -> AccountView:
    account_id, name = f"{number:012}", "eucalyptus" if number == 1 else f"account{number}"
    limits: dict[str, int | None] = {"instances": most, "cores": None, "volumes": 5000, "volume_gib": 51200}
    limits |= {"snapshots": 10000, "addresses": 5}
    view = AccountView(
        id=account_id,
        name=name,
        enabled=True,
        users=2,
        created_at_ms=NOW_MS - HOUR_MS * number,
        usage=[
            QuotaView(
                account_id=account_id,
                account=name,
                resource=resource,
                used=used,
                most=limit,
                own=resource == "instances" and limit is not None,
            )
            for resource, limit in limits.items()
        ],
    )
    return msgspec.structs.replace(view, **changes)


def a_token(number: int = 1, **changes: Any) -> TokenView:
    view = TokenView(
        id=f"tok-{number:017x}",
        name="nightly report",
        role="viewer",
        state="working",
        account_id="000000000001",
        user_id=a_user(1).id,
        user="ana",
        created_at_ms=NOW_MS - HOUR_MS,
        expires_at_ms=NOW_MS + 24 * HOUR_MS,
        last_used_at_ms=NOW_MS - 90_000,
        current=False,
    )
    return msgspec.structs.replace(view, **changes)


def a_full_cloud() -> FakeCloud:
    """Make a cloud that holds something of each kind."""
    cloud = FakeCloud()
    on_web1 = {"state": "in-use", "attachment": "attached", "device": "/dev/sdf", "instance_id": f"i-{1:017x}"}
    things: dict[str, list[Any]] = {
        "volumes": [
            a_volume(1, name="data", tags={"Name": "data", "role": "db"}, **on_web1),
            a_volume(2, name="scratch", account="physics"),
            a_volume(3, state="creating"),
            a_volume(4, state="error", error="the pool is full"),
        ],
        "snapshots": [a_snapshot(1), a_snapshot(2, state="pending", percent=40)],
        "groups": [a_group(1), a_group(2, name="web", description="of the shop")],
        "addresses": [an_address(1, instance_id=f"i-{1:017x}"), an_address(2, automatic=True)],
        "networks": [a_network(10), a_network(11, group="web", taken=29)],
        "key-pairs": [a_key_pair(1), a_key_pair(2, name="leo", kind="ed25519")],
        "placement-groups": [a_placement_group(1)],
        "launch-templates": [a_template(1)],
        "accounts": [
            an_account(1),
            an_account(2, name="physics", most=3),
            an_account(3, name="closed", enabled=False, used=0),
        ],
        "tokens": [a_token(1), a_token(2, state="revoked", name="lost", role="admin")],
        "users": [a_user(1), a_user(2, name="leo", admin=False, enabled=False, access_keys=["AKIA0000000000000002"])],
    }
    cloud.held |= {path: {view.id: view for view in views} for path, views in things.items()}
    cloud.types = [*cloud.types, a_type("t3.micro", alias_of="m1.small")]
    return cloud
