"""One big chart of a host, a cluster or an instance."""

from collections.abc import Iterable

from textual.widget import Widget

from app.tui.screens.frame import bindings_of
from app.tui.screens.subject import SPANS, SubjectScreen
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.chart import Chart

MARKS = 5


class ChartScreen(SubjectScreen):
    """`given` is KIND/NAME."""

    PLACE = "chart"
    BINDINGS = bindings_of("chart")

    def __init__(self, session: Session, given: str) -> None:
        kind, _, name = given.partition("/")
        super().__init__(session, name)
        self.kind = kind
        self._shown = "cpu"

    def body(self) -> Iterable[Widget]:
        yield Chart("big", axes=True)

    def spot(self) -> tuple[str, str]:
        return ("chart", f"{self.kind}/{self.given}")

    def absorb(self, changes: Changes) -> None:
        """The line moves once a second, in `age`."""

    def draw(self) -> None:
        scene, chart = self.session.scene(), self.query_one(Chart)
        plot = self.plots()[self._shown]
        end_ms = self.session.now_ms()
        step_ms = 1000 * SPANS[self.span] // (MARKS - 1)
        times = [scene.clock(end_ms - step_ms * back)[:5] for back in range(MARKS - 1, -1, -1)]
        chart.draw(plot, scene, times)
        names = [name.upper() if name == self._shown else name for name in self.plots()]
        dot = " | " if scene.ascii_only else " · "
        why = f"  not known: {self.why_not}" if self.why_not else ""
        chart.border_subtitle = scene.plain(f"{dot.join(names)}    last {self.span}{why}")

    def next_tab(self) -> None:
        names = list(self.plots())
        self._shown = names[(names.index(self._shown) + 1) % len(names)]
        self.draw()
