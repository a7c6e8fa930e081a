"""Columns of the list of accounts, and of who may do what in one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.api.accounts import AccountView
from app.api.quotas import QuotaView
from app.tui import looks
from app.tui.columns.column import Column
from app.tui.scene import Scene

USERS, KEYS, TOKENS = _ORDER = ("user", "access key", "token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A user of an account, or a key or a token of one. Times are UTC milliseconds, 0: never."""

    id: str
    kind: str
    user_id: str
    user: str
    state: str
    role: str = ""
    name: str = ""
    created_at_ms: int = 0
    expires_at_ms: int = 0
    used_at_ms: int = 0


def of(view: AccountView, resource: str) -> QuotaView | None:
    """Return what an account has of a resource, None where that is not known."""
    return next((one for one in view.usage or () if one.resource == resource), None)


def said(found: QuotaView | None, scene: Scene) -> str:
    """Say it as `3/20`, `3` where there is no limit."""
    if found is None:
        return scene.dash
    return str(found.used) if found.most is None else f"{found.used}/{found.most}"


def full(view: AccountView) -> bool:
    """Tell whether an account has all that it may have of something."""
    return any(one.most is not None and one.most <= one.used for one in view.usage or () if one.used)


def _usage(resource: str, title: str, width: int, rank: int = 0) -> Column[AccountView]:
    def tone(view: AccountView) -> str:
        found = of(view, resource)
        return "bad" if found and found.used and found.most is not None and found.used >= found.most else "calm"

    def used(view: AccountView) -> float:
        found = of(view, resource)
        return found.used if found else 0

    return Column(
        key=resource,
        title=title,
        width=width,
        value=used,
        shows=lambda v, s: said(of(v, resource), s),
        tone=tone,
        align="right",
        rank=rank,
    )


ACCOUNTS: Sequence[Column[AccountView]] = (
    Column(key="name", title="NAME", width=14, value=lambda v: v.name, grows=18),
    Column(
        key="state",
        title="STATE",
        width=10,
        value=lambda v: "enabled" if v.enabled else "disabled",
        shows=lambda v, s: looks.of_thing("enabled" if v.enabled else "disabled").text(s),
        tone=lambda v: looks.of_thing("enabled" if v.enabled else "disabled").tone,
    ),
    Column(key="users", title="USERS", width=5, value=lambda v: v.users, align="right"),
    _usage("instances", "INSTANCES", 9),
    _usage("cores", "CORES", 7),
    _usage("volumes", "VOLUMES", 8),
    _usage("volume_gib", "GIB", 10, 1),
    _usage("snapshots", "SNAPSHOTS", 9, 2),
    _usage("addresses", "ADDRESSES", 9, 1),
    Column(key="id", title="ID", width=12, value=lambda v: v.id, rank=3),
    Column(
        key="age",
        title="AGE",
        width=4,
        value=lambda v: -v.created_at_ms,
        shows=lambda v, s: s.age(v.created_at_ms),
        align="right",
        rank=4,
        filtered=False,
    ),
)
HOLDERS: Sequence[Column[Holder]] = (
    Column(
        key="user",
        title="USER",
        width=12,
        value=lambda v: f"{v.user} {_ORDER.index(v.kind)}",  # a user stands above what they hold
        shows=lambda v, s: v.user,
        grows=12,
    ),
    Column(key="kind", title="WHAT", width=10, value=lambda v: v.kind),
    Column(key="id", title="ID", width=22, value=lambda v: v.id),
    Column(
        key="state",
        title="STATE",
        width=11,
        value=lambda v: v.state,
        shows=lambda v, s: looks.of_thing(v.state).text(s),
        tone=lambda v: looks.of_thing(v.state).tone,
    ),
    Column(key="role", title="ROLE", width=8, value=lambda v: v.role, shows=lambda v, s: v.role or s.dash),
    Column(
        key="ends",
        title="ENDS",
        width=23,
        value=lambda v: v.expires_at_ms,
        shows=lambda v, s: s.moment(v.expires_at_ms) if v.expires_at_ms else s.dash,
        rank=2,
        grows=4,
    ),
    Column(
        key="used",
        title="USED",
        width=5,
        value=lambda v: -v.used_at_ms,
        shows=lambda v, s: s.age(v.used_at_ms) if v.used_at_ms else s.dash,
        align="right",
        rank=1,
    ),
    Column(key="name", title="WHAT FOR", width=14, value=lambda v: v.name, rank=3, grows=20),
)
