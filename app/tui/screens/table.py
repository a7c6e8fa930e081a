"""A place that is one list: grid, filter, marks, sorting. Subclasses say which kind and which columns."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.widget import Widget
from textual.widgets import Static

from app.api.filters import FilterError, parse
from app.tui.actions import Action, Danger
from app.tui.columns.column import ROWS, Column, Tally
from app.tui.complete import filter_lines
from app.tui.scene import counted
from app.tui.screens.grouped import Grouped
from app.tui.session import Session
from app.tui.store import Changes
from app.tui.widgets.grid import NOWHERE, Grid, Spot
from app.tui.widgets.prompt import Prompt


class TableScreen(Grouped):
    """`filter_text` is the filter in force; what is being typed may differ while it is wrong."""

    KIND: ClassVar[str] = ""
    COLUMNS: ClassVar[Sequence[Column[Any]]] = ()
    SORTED: ClassVar[str] = ""
    TALLY: ClassVar[Tally[Any]] = ROWS
    EMPTY: ClassVar[str] = ""
    HINT: ClassVar[str] = "state:running host!=node07 vcpus>2 word !word"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.filter_text = ""
        self._before: tuple[str, Spot] = ("", NOWHERE)  # the filter and the cursor when typing began
        self._only_trouble = self._hides_finished = False

    def body(self) -> Iterable[Widget]:
        yield Static("", markup=False, id="summary")
        yield Grid(self.COLUMNS, self.rows(), self.session.scene, sorted_by=self.SORTED, tally=self.TALLY)
        yield Prompt("/", self.HINT, self._completed, self, id="filter")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#filter", Prompt).recall(self.session.home.memory.filters(self.PLACE))
        self.recall_view()

    def rows(self) -> Mapping[str, Any]:
        """Return the rows by id; the same object for as long as the place is there."""
        return self.session.copy.table(self.KIND)

    def all_columns(self) -> Sequence[Column[Any]]:
        return self.COLUMNS

    @property
    def kind(self) -> str:
        return self.KIND

    def rows_to_take(self, *, all_shown: bool = False) -> Mapping[str, Any]:
        grid = self.grid
        ids = grid.shown.ids() if all_shown and not grid.marked_shown else grid.chosen()
        return {given: grid.table[given] for given in ids if given in grid.table}

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def home(self) -> Widget:
        return self.grid

    def troubled(self, row: Any) -> bool:
        """Tell whether a row needs somebody."""
        return False

    def finished(self, row: Any) -> bool:
        """Tell whether nothing will become of a row any more."""
        return False

    def describe(self, given: str) -> str:
        """Say in a line what hangs on a thing, for questions."""
        return given

    def parts(self) -> list[str]:
        """Say what else belongs into the line above the list."""
        return []

    def heard(self) -> bool:
        """Tell whether the rows were ever heard; until then an empty list says nothing."""
        return self.session.copy.overview is not None

    def remark(self) -> str:
        """Say what is wrong with the list as it is shown; empty if nothing."""
        return ""

    def counted(self, number: int) -> str:
        """Say how many rows there are."""
        return counted(number, self.KIND)

    def empty(self) -> str:
        """Say why there is no row at all."""
        return self.session.keyed(self.EMPTY)

    def arrange_like(self, other: "TableScreen") -> None:
        """Show the rows as another list of the same kind does, with the cursor on the same row."""
        self._only_trouble, self._hides_finished = other._only_trouble, other._hides_finished
        self.view_name = other.view_name
        self.grid.show_columns(other.grid.columns, other.grid.orders)
        self.grid.group(other.grid.grouped_by)
        self.grid.shown.fold(other.grid.shown.folded, folded=True)
        self.apply_filter(other.filter_text)
        self.grid.go_to(other.grid.cursor_id)

    def unclear(self, action: Action) -> str:
        """Rows that were marked may have left the filter by themselves: then the one under the cursor is not meant."""
        if not self.grid.all_hidden or action.danger is Danger.LOOK or "{ids}" not in action.command:
            return ""
        return self.session.keyed(f"{action.title}: all that is marked is hidden; <back> takes filter and marks away")

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
        grid.hint = self.session.keyed("Nothing matches; <back> shows all.") if grid.table else self.empty()
        if not self.heard():
            grid.hint = ""
            self.query_one("#summary", Static).update(" asking the cloud ...")
            return
        total = len(grid.table)
        parts = [self.counted(total)]
        if len(grid.shown) != total:
            parts = [f"{len(grid.shown)} of {parts[0]}"]
        if grid.marked:
            hidden = len(grid.marked) - grid.marked_shown
            parts.append(f"{grid.marked_shown} marked" + (f" ({hidden} hidden)" if hidden else ""))
        if self._only_trouble:
            parts.append(self.session.keyed("only trouble (<trouble>: all)"))
        if self._hides_finished:
            parts.append(self.session.keyed("finished hidden (<finished>: all)"))
        parts += self.parts()
        if self.filter_text:
            parts.append(f"filter: {scene.plain(self.filter_text)}")
        if grid.grouped_by:
            parts.append(f"{counted(len(grid.shown.groups), 'group')} by {grid.grouped_by.title.lower()}")
        if self.view_name:
            parts.append(f"view: {scene.plain(self.view_name)}")
        if self.remark():
            parts.append(scene.plain(self.remark()))
        self.query_one("#summary", Static).update(" " + ("  |  " if scene.ascii_only else "  ·  ").join(parts))

    # --- filter

    def _completed(self, text: str) -> list[str]:
        return filter_lines(text, self.COLUMNS, self.rows().values())

    def apply_filter(self, text: str) -> str:
        """Show only rows that match; return what is wrong with the text, empty if nothing."""
        found = parse(text, self.COLUMNS)
        if isinstance(found, FilterError):
            return found.why
        self.filter_text = text.strip()
        wanted = [found.test()] + [self.troubled] * self._only_trouble + [self._unfinished] * self._hides_finished
        tests = [test for test in wanted if test]
        self.grid.show((lambda row: all(test(row) for test in tests)) if tests else None)
        self._summarise()
        return ""

    def _unfinished(self, row: Any) -> bool:
        return not self.finished(row)

    def look_for(self, text: str, back_to: Spot = NOWHERE) -> str:
        """Show what matches from its first row on, or where the cursor stood; return what is wrong with the text."""
        why = self.apply_filter(text)
        if not why:
            self.grid.return_to(back_to)
        return why

    def _as_typed(self, text: str) -> str:
        """Show what matches so far: which row the cursor is on must not depend on how fast that was typed."""
        before, spot = self._before
        return self.look_for(text, spot if text.strip() == before else NOWHERE)

    def on_prompt_edited(self, event: Prompt.Edited) -> None:
        if event.prompt.id == "filter" and event.prompt.display:  # else it was left meanwhile
            event.prompt.complain(self._as_typed(event.text))

    async def entered(self, prompt: Prompt, text: str) -> None:
        if prompt.id != "filter":
            await super().entered(prompt, text)
            return
        why = self._as_typed(text)
        prompt.complain(why)
        if not why:
            if self.filter_text:
                self.session.home.memory.note_filter(self.PLACE, self.filter_text)
            self.leave(prompt)

    def left(self, prompt: Prompt) -> None:
        if prompt.id == "filter":
            self.look_for("", self._before[1])
        super().left(prompt)

    # --- methods of the registry

    def filter(self) -> None:
        self._before = (self.filter_text, self.grid.spot)
        self.query_one("#filter", Prompt).open(self.filter_text)
        self.draw_frame()

    async def events_of(self) -> None:
        if self.grid.cursor_id:
            await self.console_app.go("events", f'about="{self.grid.cursor_id}"')

    async def back(self) -> None:
        if self.filter_text or self._only_trouble or self._hides_finished or self.grid.marked:
            self._only_trouble = self._hides_finished = False
            self.grid.marked.clear()
            self.apply_filter("")
        else:
            await super().back()

    def trouble(self) -> None:
        self._only_trouble = not self._only_trouble
        self.apply_filter(self.filter_text)

    def hide_finished(self) -> None:
        self._hides_finished = not self._hides_finished
        self.apply_filter(self.filter_text)

    def watch_state(self) -> None:
        self.watch_things(self.grid.chosen())

    def mark(self) -> None:
        self.grid.toggle_mark()

    def mark_all(self) -> None:
        self.grid.toggle_all()

    def sort(self) -> None:
        self.grid.sort_next()

    def turn(self) -> None:
        self.grid.sort(self.grid.sorted_by, downwards=not self.grid.shown.downwards)

    def replay_row(self) -> None:
        """Go to the moment of the row under the cursor."""
        row = self.grid.table.get(self.grid.cursor_id or "")
        at_ms = getattr(row, "at_ms", 0) or getattr(row, "created_at_ms", 0)
        if at_ms:
            self.console_app.show_moment(at_ms)

    async def open(self) -> None:
        """Show what is under the cursor, or fold the group whose head is there."""
        if not self.grid.toggle_fold() and self.grid.cursor_id:
            await self.enter(self.grid.cursor_id)

    async def enter(self, given: str) -> None:
        """Show the thing of that row."""

    async def on_grid_opened(self) -> None:
        await self.open()
