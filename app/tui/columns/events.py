"""Columns of the list of events; the newest come first because a cursor grows."""

from app.api.resources import EventView
from app.tui.columns.column import Column

COLUMNS: tuple[Column[EventView], ...] = (
    Column(
        key="at",
        title="TIME",
        width=8,
        value=lambda v: -int(v.cursor) if v.cursor.isdigit() else 0,
        shows=lambda v, s: s.clock(v.at_ms),
        filtered=False,
        falls=True,
    ),
    Column(key="event", title="EVENT", width=18, value=lambda v: v.event, rank=2, grows=6),
    Column(key="kind", title="KIND", width=11, value=lambda v: v.kind, rank=3),
    Column(key="about", title="ABOUT", width=21, value=lambda v: v.resource_id, aliases=("id", "thing")),
    Column(key="text", title="TEXT", width=30, value=lambda v: v.text or v.event, grows=200),
)
