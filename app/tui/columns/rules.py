"""Columns of the list of versions of rules; the newest come first."""

from app.api.rulesets import RulesetView
from app.tui.columns.column import Column

COLUMNS: tuple[Column[RulesetView], ...] = (
    Column(
        key="version",
        title="VERSION",
        width=12,
        value=lambda v: -v.number,
        shows=lambda v, s: v.id,
        filtered=False,
    ),
    Column(
        key="state",
        title="STATE",
        width=10,
        value=lambda v: "decides" if v.active else "kept",
        shows=lambda v, s: (f"{'*' if s.ascii_only else '●'} decides") if v.active else "",
        tone=lambda v: "good" if v.active else "calm",
    ),
    Column(key="name", title="NAME", width=14, value=lambda v: v.name, grows=16),
    Column(key="policy", title="POLICY", width=14, value=lambda v: v.policy, grows=16),
    Column(key="by", title="BY", width=10, value=lambda v: v.author, rank=1, grows=10, aliases=("author", "who")),
    Column(
        key="made",
        title="MADE",
        width=23,
        value=lambda v: v.created_at_ms,
        shows=lambda v, s: s.moment(v.created_at_ms),
        rank=2,
    ),
)
