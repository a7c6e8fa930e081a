"""The page of a thing that consists of parts which one acts on: what it is in a few lines, below them a list of parts.

The parts come out of the thing's own view, so they are as new as that.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.tui.columns.column import Column
from app.tui.screens.fetching import ASKING
from app.tui.screens.thing import ThingScreen
from app.tui.session import Session
from app.tui.widgets.grid import Grid


class PartsScreen(ThingScreen):
    """Subclasses say what its parts are, and the facts of the thing."""

    EMPTY: ClassVar[str] = ""

    def __init__(self, session: Session, given: str) -> None:
        super().__init__(session, given)
        self.parts: dict[str, Any] = {}

    def body(self) -> Iterable[Widget]:
        yield Static("", markup=False, id="facts")
        yield Grid(self.columns(), self.parts, self.session.scene)

    def home(self) -> Widget:
        return self.grid

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def spot(self) -> tuple[str, str]:
        return (self.PLACE, self._given)

    # --- for subclasses

    def columns(self) -> Sequence[Column[Any]]:
        """Return the columns of the parts."""
        return ()

    def parts_of(self, view: Any) -> Mapping[str, Any]:
        """Return the parts by their ids."""
        return {}

    def facts_of(self, view: Any) -> Iterable[tuple[str, str]]:
        """Say in a few lines what the thing is."""
        return ()

    # --- drawing

    def draw_frame(self) -> None:
        super().draw_frame()
        self.grid.fade(not self.session.live)

    def _draw(self) -> None:
        view, scene = self._view(), self.session.scene()
        found = dict(self.parts_of(view)) if view is not None else {}
        if found != self.parts:
            self.parts.clear()
            self.parts.update(found)
            self.grid.reload()
        self.grid.hint = self.session.keyed(self.EMPTY) if self.known else ""
        if view is not None:
            lines = [Content.assemble((f" {name:<14}", "dim"), scene.plain(text)) for name, text in self.facts_of(view)]
        else:
            gone = f" {self._thing_id} is no more." if self.known else f" {self.why_not or ASKING}"
            lines = [Content(scene.plain(gone))]
        self.query_one("#facts", Static).update(Content("\n").join(lines))

    def part(self) -> Any:
        """Return the part under the cursor."""
        return self.parts.get(self.grid.cursor_id or "")
