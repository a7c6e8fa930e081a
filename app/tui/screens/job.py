"""One job: who asked for it, how far it is, and of each target what became of it and why.

The stream tells no targets, so they are asked for again when the job's numbers have changed.
"""

from textual.content import Content

from app.api.jobs import JobTargetView, JobView
from app.client import job_calls
from app.client.errors import ClientError
from app.tui import looks
from app.tui.columns.jobs import progress
from app.tui.scene import Scene
from app.tui.screens.detail import DetailScreen
from app.tui.screens.frame import bindings_of
from app.tui.screens.job_actions import JobActions
from app.tui.session import Session
from app.tui.store import Changes

MOST_SHOWN = 1000
_FIRST = ("failed", "changed", "under way", "waiting", "cancelled", "stays", "done")


class JobScreen(DetailScreen, JobActions):
    PLACE = "job"
    BINDINGS = bindings_of("job")

    def __init__(self, session: Session, job_id: str) -> None:
        super().__init__(session)
        self.job_id = job_id
        self._targets: list[JobTargetView] | None = None  # not told yet
        self._why_not = ""

    def trail(self) -> list[str]:
        return ["jobs", self.job_id]

    def spot(self) -> tuple[str, str]:
        return ("job", self.job_id)

    def jobs_meant(self) -> list[JobView]:
        view = self.session.copy.jobs.get(self.job_id)
        return [view] if view else []

    def absorb(self, changes: Changes) -> None:
        link = changes.link and self.session.live
        if link or "job" in changes.reset or self.job_id in changes.ids.get("job", ()):
            self.reload()

    def age(self) -> None:
        self._draw()

    def forget(self) -> None:
        self._targets, self._why_not = [], ""

    def reload(self) -> None:
        self._draw()
        self.begin(self._ask, exclusive=True)

    async def _ask(self) -> None:
        try:
            view = await self.session.cloud.send(job_calls.job(self.job_id))
        except ClientError as error:
            self._why_not = str(error)
        else:
            self._targets, self._why_not = sorted(view.targets, key=_order), ""
        self._draw()

    def _draw(self) -> None:
        scene, view = self.session.scene(), self.session.copy.jobs.get(self.job_id)
        if view is None:
            self.write([Content(f"{self.job_id} is no more.")])
            return
        lines = [Content.assemble((f"{label:<10}", "dim"), text) for label, text in _facts(view, scene) if text]
        lines += [Content(""), Content.styled("targets", "bold")]
        if self._why_not:
            lines.append(Content(f"  not known: {scene.plain(self._why_not)}"))
        elif self._targets is None:
            lines.append(Content("  asking the cloud ..."))
        targets = self._targets or []
        lines += [_line(target, scene) for target in targets[:MOST_SHOWN]]
        more = len(targets) - MOST_SHOWN
        if more > 0:
            lines.append(Content(f"  and {more} more: euca job show {self.job_id}"))
        self.write(lines)


def _facts(view: JobView, scene: Scene) -> list[tuple[str, str]]:
    counts = f"{progress(view, scene, 30)}  {view.done} of {view.total} done"
    more = [
        (view.under_way, "under way"),
        (view.waiting, "waiting"),
        (view.failed, "failed"),
        (view.cancelled, "cancelled"),
    ]
    return [
        ("job", scene.plain(view.title)),
        ("state", looks.of_job(view).text(scene)),
        ("progress", ", ".join([counts, *(f"{number} {word}" for number, word in more if number)])),
        ("at once", str(view.at_once)),
        ("asked", scene.plain(f"{scene.moment(view.created_at_ms)} by {view.who} from {view.source}")),
        ("ended", scene.moment(view.ended_at_ms) if view.ended_at_ms else ""),
        ("as", scene.plain(view.command)),
    ]


def _line(target: JobTargetView, scene: Scene) -> Content:
    look = looks.of_job_state(target.state)
    return Content.assemble(
        "  ",
        (scene.fit(look.text(scene), 12), looks.COLOURS[look.tone]),
        f"  {scene.fit(scene.plain(target.target), 20)}  ",
        scene.plain(target.detail),
    )


def _order(target: JobTargetView) -> int:
    return _FIRST.index(target.state) if target.state in _FIRST else 0
