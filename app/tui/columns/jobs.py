"""Columns of the list of jobs; the newest come first."""

from app.api.jobs import JobView
from app.tui import looks
from app.tui.columns.column import Column
from app.tui.scene import Scene

BAR = 14


def progress(view: JobView, scene: Scene, width: int = BAR) -> str:
    """Draw how much of a job is over, whichever way it went."""
    over = view.done + view.failed + view.cancelled
    return "".join(scene.bar(over, view.total, width))


def lasting(view: JobView, scene: Scene) -> str:
    """Say for how long a job has run, or how long ago it ended."""
    return f"{scene.age(view.ended_at_ms)} ago" if view.ended_at_ms else scene.age(view.created_at_ms)


COLUMNS: tuple[Column[JobView], ...] = (
    Column(
        key="state",
        title="STATE",
        width=12,
        value=lambda v: v.state,
        shows=lambda v, s: looks.of_job(v).text(s),
        tone=lambda v: looks.of_job(v).tone,
    ),
    Column(key="job", title="JOB", width=20, value=lambda v: v.title, grows=24, aliases=("title", "name")),
    Column(key="who", title="BY", width=8, value=lambda v: v.who, rank=3, aliases=("by",)),
    Column(
        key="progress",
        title="PROGRESS",
        width=BAR,
        value=lambda v: (v.done + v.failed + v.cancelled) / v.total if v.total else 1.0,
        shows=progress,
        tone=lambda v: looks.of_job(v).tone,
        rank=1,
        filtered=False,
    ),
    Column(
        key="done",
        title="DONE",
        width=9,
        value=lambda v: v.done,
        shows=lambda v, s: f"{v.done}/{v.total}",
        align="right",
    ),
    Column(key="failed", title="FAILED", width=6, value=lambda v: v.failed, align="right"),
    Column(key="at_once", title="AT ONCE", width=7, value=lambda v: v.at_once, align="right", rank=4),
    Column(key="age", title="SINCE", width=8, value=lambda v: -v.created_at_ms, shows=lasting, filtered=False),
    Column(key="told", title="TO KNOW", width=20, value=lambda v: v.told, rank=5, grows=60),
    Column(key="id", title="ID", width=21, value=lambda v: v.id, rank=6),
    Column(key="kind", title="KIND", width=9, value=lambda v: v.kind, rank=7),
)
