"""A page that is one text which may be longer than the screen."""

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.tui.screens.frame import ConsoleScreen


class DetailScreen(ConsoleScreen):
    """Subclasses write it anew whenever something is different."""

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="detail"):
            yield Static("", markup=False, id="facts")

    def home(self) -> Widget:
        return self.query_one("#detail")

    def draw_frame(self) -> None:
        super().draw_frame()
        self.home().set_class(not self.session.live, "-faded")

    def write(self, lines: Iterable[Content]) -> None:
        """Show these lines instead of those before."""
        self.query_one("#facts", Static).update(Content("\n").join(lines))
