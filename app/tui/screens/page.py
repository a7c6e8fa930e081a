"""The page of a host or a cluster: facts, four charts, and below them several tabs, the first of which is a list."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from app.tui import looks
from app.tui.columns.column import Column
from app.tui.scene import Scene, counted
from app.tui.screens.subject import SPANS, SubjectScreen, extremes
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.chart import Chart
from app.tui.widgets.grid import Grid

PLOTS = ("cpu", "memory", "power", "network")
FactLines = Iterable[tuple[str, str]]


class PageScreen(SubjectScreen):
    """Subclasses say what is listed, and the facts of the thing."""

    LISTED: ClassVar[str] = ""
    COLUMNS: ClassVar[Sequence[Column[Any]]] = ()
    SORTED: ClassVar[str] = ""
    TABS: ClassVar[tuple[str, ...]] = ()
    EMPTY: ClassVar[str] = ""

    def __init__(self, session: Session, given: str) -> None:
        super().__init__(session, given)
        self.tab = self.TABS[0]

    def body(self) -> Iterable[Widget]:
        yield Static("", markup=False, id="head")
        with Horizontal(id="charts"):
            for name in PLOTS:
                yield Chart(name)
        yield Static("", markup=False, id="tabs")
        yield Grid(self.columns(), self.session.copy.table(self.LISTED), self.session.scene, sorted_by=self.SORTED)
        with VerticalScroll(id="detail"):
            yield Static("", markup=False, id="told")

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def home(self) -> Widget:
        return self.grid if self.tab == self.TABS[0] else self.query_one("#detail")

    # --- for subclasses

    def columns(self) -> Sequence[Column[Any]]:
        """Return the columns of the list."""
        return self.COLUMNS

    def belongs(self, row: Any) -> bool:
        """Tell whether a row is listed here."""
        return False

    def head(self, scene: Scene) -> Content:
        """Say in a line what it is."""
        return Content("")

    def facts(self, scene: Scene) -> FactLines:
        """Name all that is known of it."""
        return ()

    def leases(self, scene: Scene) -> list[Content]:
        """List the addresses of its instances."""
        return []

    # --- drawing

    def on_mount(self) -> None:
        self.grid.show(self.belongs)
        self.grid.hint = self.session.keyed(self.EMPTY)
        super().on_mount()

    def absorb(self, changes: Changes) -> None:
        if self.LISTED in changes.reset:
            self.grid.reload()
        elif self.LISTED in changes.ids:
            self.grid.update_rows(changes.ids[self.LISTED])
        if self.kind in changes.ids or "event" in changes.ids or changes.reset:
            self.draw()

    def reload(self) -> None:
        self.grid.reload()
        super().reload()

    def age(self) -> None:
        super().age()
        self.grid.refresh()

    def draw_frame(self) -> None:
        super().draw_frame()
        self.grid.fade(not self.session.live)

    def draw(self) -> None:
        scene = self.session.scene()
        gone = Content(f" {scene.plain(self.given)} is no more.")
        self.query_one("#head", Static).update(self.head(scene) if self.view() is not None else gone)
        plots = self.plots()
        for name in PLOTS:
            self.query_one(f"#{name}", Chart).draw(plots[name], scene)
        self.query_one("#tabs", Static).update(self._tabs(scene))
        listing = self.tab == self.TABS[0]
        self.grid.display, self.query_one("#detail").display = listing, not listing
        if not listing:
            self.query_one("#told", Static).update(Content("\n").join(self._told(scene)))

    def _tabs(self, scene: Scene) -> Content:
        titles = [(f" {name} ", "bold reverse" if name == self.tab else "dim") for name in self.TABS]
        titles[0] = (f" {counted(len(self.grid.shown), self.LISTED)} ", titles[0][1])
        parts: list[str | tuple[str, str]] = [" "]
        for title in titles:
            parts += [title, " "]
        spans = [(f" {name} ", "bold $accent" if name == self.span else "dim") for name in SPANS]
        said = Content.assemble(*parts)
        less, more = ((self.session.key(name), "bold $accent") for name in ("chart.shorter", "chart.longer"))
        charts = Content.assemble(("charts ", "dim"), less, *spans, more)
        room = self.size.width - said.cell_length - charts.cell_length - 1
        return said + Content(" " * max(1, room)) + charts

    def _told(self, scene: Scene) -> list[Content]:
        match self.tab:
            case "events":
                return self._events(scene)
            case "samples":
                return self._samples(scene)
            case "leases":
                return self.leases(scene)
            case _:
                rows = [(label, scene.plain(text)) for label, text in self.facts(scene)]
                return [Content.assemble((f"{label:<16}", "dim"), text) for label, text in rows]

    def _events(self, scene: Scene) -> list[Content]:
        found = [
            event
            for event in self.session.copy.events.values()
            if self.given == event.resource_id or self.given in event.text.split()
        ]
        lines = [
            Content.assemble((scene.clock(event.at_ms), "dim"), "  ", scene.plain(looks.told(event)))
            for event in reversed(found)
        ]
        none = self.session.keyed("none among the newest; <events.of> shows the list of all")
        return lines or [Content(none)]

    def _samples(self, scene: Scene) -> list[Content]:
        if self.why_not:
            return [Content(f"not known: {scene.plain(self.why_not)}")]
        if self.past is None:
            return [Content("asking the cloud ...")]
        lines = [Content.styled(f"{'last ' + self.span:<12}{'least':>14}{'mean':>14}{'most':>14}{'now':>18}", "dim")]
        for plot in self.plots().values():
            found = extremes(plot.values)
            cells = [plot.said(value) for value in found] if found else [scene.dash] * 3
            lines.append(
                Content(
                    f"{plot.title:<12}" + "".join(f"{cell:>14}" for cell in cells) + f"{plot.amount or plot.now:>18}"
                )
            )
        return lines

    # --- methods of the registry

    def next_tab(self) -> None:
        self.tab = self.TABS[(self.TABS.index(self.tab) + 1) % len(self.TABS)]
        self.draw()
        self.refocus()

    async def on_grid_opened(self) -> None:
        self.open()

    def open(self) -> None:
        """Open what is under the cursor."""
        given = self.grid.cursor_id
        if given and self.tab == self.TABS[0]:
            self.console_app.open_page(self.LISTED, given)

    def sort(self) -> None:
        self.grid.sort_next()

    def turn(self) -> None:
        self.grid.sort(self.grid.sorted_by, downwards=not self.grid.shown.downwards)
