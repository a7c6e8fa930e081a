"""Canned views: keyword overrides only."""

from typing import Any

import msgspec

from app.api import resources as api

NOW_MS = 1_795_000_000_000
GIB = 1024


def an_instance(number: int = 1, **changes: Any) -> api.InstanceView:
    view = api.InstanceView(
        id=f"i-{number:017x}",
        reservation_id=f"r-{number:017x}",
        account_id="000000000001",
        state="running",
        wanted="running",
        seen="running",
        status="ok",
        cluster="cc-01",
        host="node03",
        vmtype="m1.small",
        cores=1,
        memory_mib=128,
        disk_gb=2,
        image_id="emi-0a11beef0a11beef0",
        key_name="ana",
        launch_index=0,
        launched_at_ms=NOW_MS - 3_600_000 * number,
        ended_at_ms=0,
        state_reason="",
        last_error="",
        tags={},
    )
    return msgspec.structs.replace(view, **changes)


def a_host(name: str = "node03", **changes: Any) -> api.HostView:
    view = api.HostView(
        name=name,
        cluster="cc-01",
        uri="test:///default",
        state="up",
        wanted="enabled",
        rehearsal=True,
        hypervisor="test",
        instances=2,
        cores=8,
        cores_used=3,
        memory_mib=16 * GIB,
        memory_used_mib=4 * GIB,
        disk_gb=200,
        disk_used_gb=20,
        seen_at_ms=NOW_MS - 400,
        state_since_ms=NOW_MS - 60_000,
        last_error="",
        power="on",
        power_wanted="on",
        power_error="",
        fenced=False,
        physical_cores=8,
        physical_memory_mib=16 * GIB,
    )
    return msgspec.structs.replace(view, **changes)


LOST_GATEWAY = {
    "gateway": "lost",
    "gateway_error": "network: the gateway of cc-02 is not connected; it was there and said nothing for 20 s",
    "gateway_joined_at_ms": NOW_MS - 86_400_000,
    "gateway_since_ms": NOW_MS - 180_000,
}


def a_cluster(name: str = "cc-01", **changes: Any) -> api.ClusterView:
    view = api.ClusterView(
        name=name,
        hosts=3,
        hosts_up=3,
        cores=24,
        cores_used=9,
        memory_mib=48 * GIB,
        memory_used_mib=12 * GIB,
        instances=5,
    )
    return msgspec.structs.replace(view, **changes)


def an_image(number: int = 1, **changes: Any) -> api.ImageView:
    view = api.ImageView(
        id=f"emi-{number:017x}",
        kind="machine",
        name="tiny",
        account_id="000000000001",
        architecture="x86_64",
        state="available",
        public=True,
        kernel_id="",
        ramdisk_id="",
        size_bytes=10_000_000,
        min_memory_mib=0,
        sha256="0" * 64,
        created_at_ms=NOW_MS - 86_400_000,
    )
    return msgspec.structs.replace(view, **changes)


def a_type(name: str = "m1.small", **changes: Any) -> api.TypeView:
    view = api.TypeView(name=name, cores=1, memory_mib=128, disk_gb=2, alias_of="", free=15, most=24)
    return msgspec.structs.replace(view, **changes)


def an_event(cursor: int, text: str, **changes: Any) -> api.EventView:
    view = api.EventView(
        cursor=str(cursor),
        at_ms=NOW_MS - 1000 * (100 - cursor),
        event="instance.started",
        kind="instance",
        resource_id="i-00000000000000001",
        text=text,
    )
    return msgspec.structs.replace(view, **changes)


def an_entry(number: int, action: str, target: str, **changes: Any) -> api.AuditView:
    view = api.AuditView(
        number=number,
        at_ms=NOW_MS - 60_000 * (100 - number),
        who="000000000001/ana",
        source="10.0.7.3",
        action=action,
        target=target,
        outcome="ok",
        detail="",
        hash="0" * 64,
    )
    return msgspec.structs.replace(view, **changes)
