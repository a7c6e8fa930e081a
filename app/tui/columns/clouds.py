"""Columns of the clouds that a person knows. No token is ever among them."""

from dataclasses import dataclass
from enum import StrEnum

from app.tui.actions import ROLES
from app.tui.columns.column import Column
from app.tui.looks import Look


class Reach(StrEnum):
    ASKING = "asking"
    THERE = "there"
    DENIED = "not allowed"
    GONE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudRow:
    """One cloud of the contexts file, or the one this console was started with."""

    name: str
    url: str
    current: bool
    read_only: bool
    reach: Reach = Reach.ASKING
    role: str = ""
    user: str = ""
    detail: str = ""


_LOOKS = {
    Reach.ASKING: Look("◌", "-", "asking", "calm"),
    Reach.THERE: Look("●", "*", "there", "good"),
    Reach.DENIED: Look("✕", "x", "not allowed", "bad"),
    Reach.GONE: Look("○", "o", "unreachable", "bad"),
}


def _mode(view: CloudRow) -> str:
    return "read-only" if view.read_only or view.role == ROLES[0] else "read-write"


COLUMNS: tuple[Column[CloudRow], ...] = (
    Column(
        key="here",
        title="",
        width=4,
        value=lambda v: "here" if v.current else "",
        tone=lambda v: "good",
    ),
    Column(key="cloud", title="CLOUD", width=14, value=lambda v: v.name, grows=4, aliases=("name",)),
    Column(
        key="state",
        title="STATE",
        width=13,
        value=lambda v: _LOOKS[v.reach].word,
        shows=lambda v, s: _LOOKS[v.reach].text(s),
        tone=lambda v: _LOOKS[v.reach].tone,
    ),
    Column(key="role", title="ROLE", width=8, value=lambda v: v.role),
    Column(key="mode", title="MODE", width=10, value=_mode),
    Column(key="user", title="USER", width=10, value=lambda v: v.user, rank=3),
    Column(key="url", title="ADDRESS", width=24, value=lambda v: v.url, rank=2, grows=4),
    Column(key="note", title="NOTE", width=22, value=lambda v: v.detail, tone=lambda v: "bad", rank=1, grows=200),
)
