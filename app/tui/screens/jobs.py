"""All jobs, how far each is, and below them what happened last in the cloud."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.api.jobs import JobView
from app.tui import looks
from app.tui.columns.column import Column
from app.tui.columns.jobs import COLUMNS
from app.tui.screens.frame import bindings_of
from app.tui.screens.job_actions import JobActions
from app.tui.screens.table import TableScreen
from app.tui.store import Changes
from app.tui.widgets.dock import summed

EVENTS = 8


class JobsScreen(TableScreen, JobActions):
    PLACE = "jobs"
    KIND = "job"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    SORTED = "age"
    HINT = "state:failed who=ana kind:drain word !word"
    EMPTY = "No job yet: what is done to many, and what takes long, is seen here."
    BINDINGS = bindings_of("jobs")

    def body(self) -> Iterable[Widget]:
        yield from super().body()
        yield Static("", markup=False, id="newest")

    def counted(self, number: int) -> str:
        dot = "  |  " if self.session.ascii_only else "  ·  "
        return dot.join([super().counted(number), summed(self.session)]) if number else super().counted(number)

    def finished(self, row: JobView) -> bool:
        return bool(row.ended_at_ms)

    def jobs_meant(self) -> list[JobView]:
        table = self.session.copy.jobs
        return [table[given] for given in self.grid.chosen() if given in table]

    async def open(self) -> None:
        given = self.grid.cursor_id
        if given:
            self.console_app.open_page("job", given)

    def absorb(self, changes: Changes) -> None:
        super().absorb(changes)
        if "event" in changes.ids or "event" in changes.reset:
            self._tell_newest()

    def reload(self) -> None:
        super().reload()
        self._tell_newest()

    def _tell_newest(self) -> None:
        """Show the newest events, those of jobs themselves left out: the list above tells them."""
        scene = self.session.scene()
        events = [view for view in self.session.copy.events.values() if view.kind != "job"][-EVENTS:]
        lines = [
            Content.assemble(" ", (scene.clock(view.at_ms), "dim"), f"  {scene.plain(looks.told(view))}")
            for view in reversed(events)
        ]
        title = Content.styled(self.session.keyed(" newest events (<go.events> shows all)"), "bold")
        if not lines:
            lines = [Content(" none yet" if self.heard() else " asking the cloud ...")]
        self.query_one("#newest", Static).update(Content("\n").join([title, *lines]))
