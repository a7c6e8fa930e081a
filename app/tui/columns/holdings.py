"""Columns of the lists of what accounts hold, and of types and users."""

from collections.abc import Callable, Sequence
from typing import Any

from app.api.accounts import UserView
from app.api.holdings import (
    AddressView,
    GroupView,
    KeyPairView,
    NetworkView,
    PlacementGroupView,
    SnapshotView,
    TemplateView,
    VolumeView,
)
from app.api.resources import ImageView, TypeView
from app.tui import looks
from app.tui.columns.column import Column
from app.tui.scene import Scene, mib

KIB = 1024


def _id(title: str, width: int, rank: int = 0) -> Column[Any]:
    return Column(key="id", title=title, width=width, value=lambda v: v.id, rank=rank)


def _name(rank: int = 0) -> Column[Any]:
    return Column(key="name", title="NAME", width=14, value=lambda v: v.name, rank=rank, grows=18)


def _owner(rank: int = 3) -> Column[Any]:
    return Column(
        key="account",
        title="ACCOUNT",
        width=12,
        value=lambda v: v.account or v.account_id,
        rank=rank,
        grows=6,
        aliases=("owner",),
        groups=True,
    )


def _age(rank: int = 4) -> Column[Any]:
    return Column(
        key="age",
        title="AGE",
        width=4,
        value=lambda v: -v.created_at_ms,
        shows=lambda v, s: s.age(v.created_at_ms),
        align="right",
        rank=rank,
        filtered=False,
    )


def _state(of: Callable[[Any], str]) -> Column[Any]:
    return Column(
        key="state",
        title="STATE",
        width=12,
        value=of,
        shows=lambda v, s: looks.of_thing(of(v)).text(s),
        tone=lambda v: looks.of_thing(of(v)).tone,
        groups=True,
    )


def _error() -> Column[Any]:
    return Column(
        key="error", title="ERROR", width=20, value=lambda v: v.error, tone=lambda v: "bad", rank=3, grows=200
    )


def _tags() -> Column[Any]:
    return Column(
        key="tags",
        title="TAGS",
        width=12,
        value=lambda v: " ".join(f"{name}={value}" for name, value in sorted(v.tags.items())),
        rank=9,
        grows=40,
    )


def _yes(key: str, title: str, value: Callable[[Any], bool], rank: int) -> Column[Any]:
    return Column(key=key, title=title, width=len(title), value=lambda v: "yes" if value(v) else "no", rank=rank)


def _text(key: str, width: int, value: Callable[[Any], str], rank: int, grows: int = 0) -> Column[Any]:
    return Column(
        key=key,
        title=key.replace("_", " ").upper(),
        width=width,
        value=value,
        shows=lambda v, s: value(v) or s.dash,
        rank=rank,
        grows=grows,
    )


def _number(key: str, title: str, value: Callable[[Any], int], unit: str = "", rank: int = 0) -> Column[Any]:
    return Column(
        key=key,
        title=title,
        width=max(len(title), 5 + len(unit)),
        value=value,
        shows=lambda v, s: f"{value(v)} {unit}".rstrip(),
        align="right",
        rank=rank,
    )


def _rules(view: GroupView, *, egress: bool) -> str:
    return ", ".join(text.partition(" ")[2] for text in view.allows if text.startswith("out ") is egress)


def _bytes(size: int, scene: Scene) -> str:
    return f"{size // KIB} KiB" if size < 10 * KIB * KIB else mib(size // (KIB * KIB))


VOLUMES: Sequence[Column[VolumeView]] = (
    _id("VOLUME", 21),
    _name(2),
    _state(lambda v: v.state),
    _number("size", "SIZE", lambda v: v.size_gib, "GiB"),
    _text("instance", 19, lambda v: v.instance_id, 0),
    _text("device", 9, lambda v: v.device, 4),
    _text("cluster", 12, lambda v: v.cluster, 5),
    _owner(1),
    _text("kind", 8, lambda v: v.kind, 7),
    _text("snapshot", 22, lambda v: v.snapshot_id, 7),
    _age(),
    _tags(),
    _error(),
)
SNAPSHOTS: Sequence[Column[SnapshotView]] = (
    _id("SNAPSHOT", 22),
    _name(2),
    _state(lambda v: v.state),
    _number("percent", "DONE", lambda v: v.percent, "%", 5),
    _number("size", "SIZE", lambda v: v.size_gib, "GiB"),
    _text("volume", 21, lambda v: v.volume_id, 0),
    _owner(1),
    _yes("public", "PUBLIC", lambda v: v.public, 6),
    _age(),
    _text("description", 12, lambda v: v.description, 7, 60),
    _tags(),
    _error(),
)
GROUPS: Sequence[Column[GroupView]] = (
    _id("GROUP", 20),
    Column(key="name", title="NAME", width=14, value=lambda v: v.name),
    _owner(1),
    Column(key="in", title="LETS IN", width=22, value=lambda v: _rules(v, egress=False), grows=80),
    Column(key="out", title="LETS OUT", width=20, value=lambda v: _rules(v, egress=True), rank=6, grows=40),
    _age(),
    _text("description", 14, lambda v: v.description, 3, 40),
    _tags(),
)
ADDRESSES: Sequence[Column[AddressView]] = (
    Column(key="address", title="ADDRESS", width=15, value=lambda v: v.ip, aliases=("ip",)),
    _text("instance", 19, lambda v: v.instance_id, 0),
    _owner(0),
    _yes("automatic", "AUTOMATIC", lambda v: v.automatic, 1),
    _text("pool", 12, lambda v: v.pool, 3),
    _age(2),
    _id("ALLOCATION", 26, 4),
    _tags(),
)
NETWORKS: Sequence[Column[NetworkView]] = (
    _id("NETWORK", 8),
    _text("group", 14, lambda v: v.group or v.group_id, 0, 18),
    _owner(0),
    _text("subnet", 18, lambda v: v.subnet, 0),
    _number("taken", "TAKEN", lambda v: v.taken),
    _number("size", "OF", lambda v: v.size),
    _number("vlan", "VLAN", lambda v: v.vlan, rank=3),
    _text("gateway", 15, lambda v: v.gateway, 2),
    _text("bridge", 11, lambda v: v.bridge, 2),
    _age(1),
)
KEY_PAIRS: Sequence[Column[KeyPairView]] = (
    _name(),
    _owner(0),
    _text("kind", 8, lambda v: v.kind, 0),
    _age(1),
    _id("ID", 21, 4),
    _text("fingerprint", 20, lambda v: v.fingerprint, 2, 60),
    _tags(),
)
PLACEMENT_GROUPS: Sequence[Column[PlacementGroupView]] = (
    _name(),
    _owner(0),
    _text("strategy", 9, lambda v: v.strategy, 0),
    _number("instances", "INSTANCES", lambda v: v.instances),
    _text("per", 6, lambda v: v.spread_level, 3),
    _number("partitions", "PARTITIONS", lambda v: v.partitions, rank=3),
    _age(2),
    _id("ID", 20, 4),
    _tags(),
)
TEMPLATES: Sequence[Column[TemplateView]] = (
    _name(),
    _owner(0),
    _number("default", "DEFAULT", lambda v: v.default_version),
    _number("latest", "LATEST", lambda v: v.latest_version),
    _age(1),
    _id("ID", 20, 4),
    _text("by", 20, lambda v: v.created_by, 4, 40),
    _tags(),
)
IMAGES: Sequence[Column[ImageView]] = (
    _id("IMAGE", 21),
    _name(),
    _text("kind", 8, lambda v: v.kind, 0),
    _state(lambda v: v.state),
    Column(
        key="size",
        title="SIZE",
        width=9,
        value=lambda v: v.size_bytes,
        shows=lambda v, s: _bytes(v.size_bytes, s),
        align="right",
    ),
    _yes("public", "PUBLIC", lambda v: v.public, 1),
    Column(
        key="memory",
        title="NEEDS",
        width=8,
        value=lambda v: v.min_memory_mib,
        shows=lambda v, s: mib(v.min_memory_mib) if v.min_memory_mib else s.dash,
        align="right",
        rank=5,
    ),
    _text("account", 12, lambda v: v.account_id, 3),
    _text("architecture", 12, lambda v: v.architecture, 6),
    _age(2),
    _text("kernel", 21, lambda v: v.kernel_id, 8),
    _text("ramdisk", 21, lambda v: v.ramdisk_id, 8),
)
TYPES: Sequence[Column[TypeView]] = (
    Column(key="name", title="TYPE", width=14, value=lambda v: v.name, aliases=("type",), grows=6),
    _number("cores", "CORES", lambda v: v.cores),
    Column(
        key="memory",
        title="MEMORY",
        width=8,
        value=lambda v: v.memory_mib,
        shows=lambda v, s: mib(v.memory_mib),
        align="right",
        aliases=("mem",),
    ),
    _number("disk", "DISK", lambda v: v.disk_gb, "GB"),
    _number("free", "ROOM FOR", lambda v: v.free),
    _number("most", "OF", lambda v: v.most),
    _text("stands_for", 14, lambda v: v.alias_of, 1),
)
USERS: Sequence[Column[UserView]] = (
    _name(),
    _owner(0),
    _state(lambda v: "enabled" if v.enabled else "disabled"),
    _yes("admin", "ADMIN", lambda v: v.admin, 1),
    _number("keys", "KEYS", lambda v: len(v.access_keys), rank=1),
    _age(2),
    _id("ID", 21, 4),
    _text("account_id", 12, lambda v: v.account_id, 3),
)
