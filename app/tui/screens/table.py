"""A place that is one list: grid, filter, marks, sorting. Subclasses say which kind and which columns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.widget import Widget
from textual.widgets import Static

from app.api.filters import FilterError, parse
from app.tui.columns.column import Column
from app.tui.complete import filter_lines
from app.tui.scene import counted
from app.tui.screens.frame import ConsoleScreen
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.grid import Grid
from app.tui.widgets.prompt import Prompt


class TableScreen(ConsoleScreen):
    """`filter_text` is the filter in force; what is being typed may differ while it is wrong."""

    KIND: ClassVar[str] = ""
    COLUMNS: ClassVar[Sequence[Column[Any]]] = ()
    SORTED: ClassVar[str] = ""
    EMPTY: ClassVar[str] = ""
    HINT: ClassVar[str] = "state:running host!=node07 vcpus>2 word !word"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.filter_text = ""
        self._only_trouble = False

    def body(self) -> Iterable[Widget]:
        yield Static("", markup=False, id="summary")
        yield Grid(self.COLUMNS, self.rows(), self.session.scene, sorted_by=self.SORTED)
        yield Prompt("/", self.HINT, self._completed, id="filter")

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def home(self) -> Widget:
        return self.grid

    def rows(self) -> Mapping[str, Any]:
        """Return what is listed, by id."""
        return self.session.copy.table(self.KIND)

    def troubled(self, row: Any) -> bool:
        """Tell whether a row needs somebody."""
        return False

    def describe(self, given: str) -> str:
        """Say in a line what hangs on a thing, for questions."""
        return given

    def counted(self, number: int) -> str:
        """Say how many rows there are."""
        return counted(number, self.KIND)

    def empty(self) -> str:
        """Say why there is no row at all."""
        return self.EMPTY

    # --- drawing

    def absorb(self, changes: Changes) -> None:
        if self.KIND in changes.reset:
            self.grid.reload()
        elif self.KIND in changes.ids:
            self.grid.update_rows(changes.ids[self.KIND])
        self._summarise()

    def reload(self) -> None:
        self.grid.reload()
        self._summarise()

    def age(self) -> None:
        self.grid.refresh()

    def draw_frame(self) -> None:
        super().draw_frame()
        self.grid.fade(not self.session.live)

    def on_grid_changed(self) -> None:
        self._summarise()

    def _summarise(self) -> None:
        grid, scene = self.grid, self.session.scene()
        grid.hint = "Nothing matches; escape shows all." if grid.table else self.empty()
        total = len(grid.table)
        parts = [self.counted(total)]
        if len(grid.shown) != total:
            parts = [f"{len(grid.shown)} of {parts[0]}"]
        if grid.marked:
            hidden = len(grid.marked) - grid.marked_shown
            parts.append(f"{grid.marked_shown} marked" + (f" ({hidden} hidden)" if hidden else ""))
        if self._only_trouble:
            parts.append("only trouble (z: all)")
        if self.filter_text:
            parts.append(f"filter: {scene.plain(self.filter_text)}")
        self.query_one("#summary", Static).update(" " + ("  |  " if scene.ascii_only else "  ·  ").join(parts))

    # --- filter

    def _completed(self, text: str) -> list[str]:
        return filter_lines(text, self.COLUMNS, self.session.copy.table(self.KIND).values())

    def apply_filter(self, text: str) -> str:
        """Show only rows that match; return what is wrong with the text, empty if nothing."""
        found = parse(text, self.COLUMNS)
        if isinstance(found, FilterError):
            return found.why
        self.filter_text = text.strip()
        test = found.test()
        if self._only_trouble:
            self.grid.show(lambda row: self.troubled(row) and (test is None or test(row)))
        else:
            self.grid.show(test)
        self._summarise()
        return ""

    async def on_prompt_edited(self, event: Prompt.Edited) -> None:
        if event.prompt.id != "filter":
            await super().on_prompt_edited(event)
            return
        event.stop()
        why = self.apply_filter(event.text)
        event.prompt.complain(why)
        if event.final and not why:
            self.leave(event.prompt)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        if event.prompt.id == "filter":
            self.apply_filter("")
        super().on_prompt_left(event)

    # --- methods of the registry

    def filter(self) -> None:
        self.query_one("#filter", Prompt).open(self.filter_text)
        self.draw_frame()

    async def events_of(self) -> None:
        if self.grid.cursor_id:
            await self.console_app.go("events", f'about="{self.grid.cursor_id}"')

    async def back(self) -> None:
        if self.filter_text or self._only_trouble or self.grid.marked:
            self._only_trouble = False
            self.grid.marked.clear()
            self.apply_filter("")
        else:
            await super().back()

    def trouble(self) -> None:
        self._only_trouble = not self._only_trouble
        self.apply_filter(self.filter_text)

    def mark(self) -> None:
        self.grid.toggle_mark()

    def mark_all(self) -> None:
        self.grid.toggle_all()

    def sort(self) -> None:
        self.grid.sort_next()

    def turn(self) -> None:
        self.grid.sort(self.grid.sorted_by, downwards=not self.grid.shown.downwards)

    def copy_ids(self) -> None:
        ids = self.grid.chosen()
        if ids:
            self.app.copy_to_clipboard(" ".join(ids))
            self.say(f"copied {ids[0] if len(ids) == 1 else counted(len(ids), 'name')}")

    async def open(self) -> None:
        """Show what is under the cursor."""

    async def on_grid_opened(self) -> None:
        await self.open()
