"""The jobs dock: a few lines above the footer that say how far the jobs are that run, wherever one is."""

from textual.content import Content

from app.api.jobs import JobView
from app.tui import looks
from app.tui.columns.jobs import progress
from app.tui.scene import Scene
from app.tui.session import Session
from app.tui.widgets.bars import Line

MOST = 5
_TITLE, _BAR = 34, 20


class JobsDock(Line):
    """Hidden until it is asked for; drawn with the frame."""

    def __init__(self) -> None:
        super().__init__()
        self.display = False

    def draw(self, session: Session) -> None:
        """Say how far each job is that has not ended, the newest first."""
        self.display = session.doings.dock_open
        if not self.display:
            return
        scene = session.scene()
        views = unfinished(session)
        lines = [_line(view, scene) for view in views[:MOST]]
        if len(views) > MOST:
            lines.append(Content(f" and {len(views) - MOST} more: 7 shows all"))
        self.say(Content("\n").join([Content.styled(f" {summed(session)}", "bold"), *lines]))


def unfinished(session: Session) -> list[JobView]:
    """List the jobs that have not ended, the newest first."""
    views = [view for view in session.copy.jobs.values() if not view.ended_at_ms]
    return sorted(views, key=lambda view: (view.created_at_ms, view.id), reverse=True)


def summed(session: Session) -> str:
    """Count jobs by what they do: running 2 · waiting 5 · failed 1."""
    if session.copy.overview is None:
        return "asking the cloud ..."
    states = [view.state for view in session.copy.jobs.values()]
    dot = " | " if session.ascii_only else " · "
    shown = [word for word in ("running", "waiting", "paused", "cancelling", "failed", "cancelled") if word in states]
    return dot.join(f"{word} {states.count(word)}" for word in shown) or "no job runs"


def _line(view: JobView, scene: Scene) -> Content:
    look = looks.of_job(view)
    tone = looks.COLOURS[look.tone]
    failed = f"  {view.failed} failed" if view.failed else ""
    return Content.assemble(
        " ",
        (scene.fit(look.text(scene), 13), tone),
        scene.fit(scene.plain(view.title), _TITLE),
        "  ",
        (progress(view, scene, _BAR), tone),
        f"  {view.done}/{view.total}",
        (failed, looks.COLOURS["bad"]),
    )
