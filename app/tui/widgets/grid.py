"""A virtual table over the console's copy: its cursor, marks, order and groups.

Keys that move the cursor have priority like those of the screens, else a letter typed fast behind them would be obeyed
before they are.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from app.tui.arranged import Order
from app.tui.columns.column import Column
from app.tui.widgets.grid_lines import GUTTER, INDENT, GridLines

Spot = tuple[str | None, str | None]
"""A row by its id, or a head by the name of its group."""
NOWHERE: Spot = (None, None)


class Grid(GridLines, can_focus=True):
    """Rows of one kind."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "a line up", show=False, priority=True),
        Binding("down", "move(1)", "a line down", show=False, priority=True),
        Binding("pageup", "page(-1)", "a page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "a page down", show=False, priority=True),
        Binding("home", "move(-1000000)", "the first line", show=False, priority=True),
        Binding("end", "move(1000000)", "the last line", show=False, priority=True),
    ]

    class Opened(Message):
        """A row was clicked twice."""

        def __init__(self, given: str) -> None:
            super().__init__()
            self.given = given

    # --- what the screen asks for

    @property
    def marked_shown(self) -> int:
        """Count the marked rows that can be seen."""
        return sum(1 for given in self.marked if given in self.shown)

    @property
    def all_hidden(self) -> bool:
        """Tell whether rows are marked and none of them can be seen: nobody knows what is meant then."""
        return bool(self.marked) and not self.marked_shown

    def chosen(self) -> list[str]:
        """List marked rows in order, else the one under the cursor."""
        if self.marked_shown:
            return [given for given in self.shown.ids() if given in self.marked]
        return [self.cursor_id] if self.cursor_id else []

    def update_rows(self, changed: set[str]) -> None:
        """Draw changed, new and removed rows."""
        self.marked -= {given for given in changed if given not in self.table}
        if self.shown.update(changed):
            self._reordered()
        else:
            for given in changed:
                self._redraw(given)

    def reload(self) -> None:
        """Draw anew after the whole table was replaced."""
        self.marked &= self.table.keys()
        self.shown.rebuild()
        self._reordered()

    def show(self, test: Callable[[Any], bool] | None) -> None:
        """Show only the rows that pass; marks on hidden rows stay, but no action is meant for them."""
        self.shown.show(test)
        self._reordered()

    @property
    def spot(self) -> Spot:
        """Where the cursor stands, to return to."""
        return self._cursor_id, self._cursor_head

    def return_to(self, spot: Spot = NOWHERE) -> None:
        """Put the cursor back where it stood; on the first row where that is not shown."""
        given, head = spot
        first = next(iter(self.shown.ids()), None)
        lines = (
            self.shown.line_of(given) if given else None,
            self.shown.line_of_head(head) if head is not None else None,
            self.shown.line_of(first) if first else None,
        )
        line = next((line for line in lines if line is not None), None)
        if line is not None:
            self._go(line)

    def sort(self, column: Column[Any], *, downwards: bool) -> None:
        """Sort by a column; a second one stays."""
        self.sort_by(Order(column, downwards), self.then)

    def sort_by(self, first: Order, then: Order | None = None) -> None:
        self.sorted_by = first.column
        self.then = then if then and then.column.key != first.column.key else None
        value = first.column.value
        self.shown.sort(
            value,
            downwards=first.downwards,
            then=self.then.column.value if self.then else None,
            then_downwards=self.then.downwards if self.then else first.downwards,
        )
        self._reordered()

    def group(self, column: Column[Any] | None) -> None:
        """Put rows that have the same in a column below a head each; None: one list again."""
        self.grouped_by = column
        self.shown.group(column.value if column else None, self._tally.figures)
        self._reordered()

    def fold(self, *, folded: bool) -> None:
        """Hide the rows of the group that the cursor is in below its head, or show them."""
        name = self._group_here()
        if name is not None:
            self._cursor_id, self._cursor_head = (None, name) if folded else (self.cursor_id, name)
            self.shown.fold([name], folded=folded)
            self._reordered()

    def toggle_fold(self) -> bool:
        """Fold or unfold the group whose head is under the cursor; False where there is none."""
        group = self.cursor_group
        if group is not None:
            self.fold(folded=group.name not in self.shown.folded)
        return group is not None

    def fold_all(self) -> None:
        """Hide the rows of all groups; where all are hidden, show them."""
        names = {group.name for group in self.shown.groups}
        self.shown.fold(names, folded=not names <= self.shown.folded)
        self._reordered()

    def sort_next(self) -> None:
        """Sort by the next column that is on screen."""
        columns = self._on_screen()
        at = _place(columns, self.sorted_by)
        self.sort(columns[(at + 1) % len(columns)], downwards=False)

    def then_next(self) -> None:
        """Sort rows that are alike by the next column on screen, first upwards, then downwards, at last by none."""
        columns = [column for column in self._on_screen() if column.key != self.sorted_by.key]
        if self.then and not self.then.downwards:
            then: Order | None = Order(self.then.column, downwards=True)
        else:
            at = _place(columns, self.then.column) if self.then else -1
            then = Order(columns[at + 1]) if at + 1 < len(columns) else None
        self.sort_by(self.orders[0], then)

    def show_columns(self, columns: Sequence[Column[Any]], orders: Sequence[Order]) -> None:
        """Show these columns; without orders the rows stay sorted as they are."""
        self.columns = columns
        first, *more = orders or self.orders
        self.sort_by(first, more[0] if more else None)

    def fade(self, faded: bool) -> None:
        """Dim everything while the numbers may be out of date."""
        if faded is not self.faded:
            self.faded = faded
            self.refresh()

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, on a head all of its group, or take the marks away."""
        group, given = self.cursor_group, self.cursor_id
        ids = set(group.ids()) if group else {given} if given else set()
        if ids:
            self._anchor = given
            self.marked = self.marked - ids if self.marked >= ids else self.marked | ids
            self.refresh()
            self.action_move(1)

    def mark_range(self) -> None:
        """Mark all rows from the one marked last to the cursor."""
        here = self._cursor_line
        if self.cursor_id is None:
            return
        start = self.shown.line_of(self._anchor) if self._anchor else None
        lines = sorted((here if start is None else start, here))
        self.marked |= {given for line in range(lines[0], lines[1] + 1) if (given := self.shown.id_at(line))}
        self._anchor = self.cursor_id
        self.refresh()
        self.post_message(self.Changed())

    def toggle_all(self) -> None:
        ids = set(self.shown.ids())
        self.marked = set() if self.marked >= ids else ids
        self.refresh()
        self.post_message(self.Changed())

    # --- moving

    def action_move(self, lines: int) -> None:
        self._go(self._cursor_line + lines)

    def go_to(self, given: str | None) -> None:
        """Put the cursor on a row, if it is shown."""
        line = self.shown.line_of(given) if given else None
        if line is not None:
            self._go(line)

    def action_page(self, pages: int) -> None:
        self._go(self._cursor_line + pages * max(1, self.size.height - 2))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        line = event.y - 1 + self.scroll_offset.y
        if event.y == 0:
            self._sort_at(event.x, second=event.shift)
        elif line < self.shown.lines:
            self._go(line)
            if event.x < GUTTER + INDENT or event.chain == 2:
                self.toggle_fold()
            if event.chain == 2 and self.cursor_id:
                self.post_message(self.Opened(self.cursor_id))

    def on_resize(self) -> None:
        self._measure()
        self._reveal()

    def _go(self, line: int) -> None:
        before = self._cursor_line
        self._stand(line)
        self._redraw_line(before)
        self._redraw_line(self._cursor_line)
        self._reveal()
        self.post_message(self.Changed())

    def _group_here(self) -> str | None:
        group = self.cursor_group
        if group is not None:
            return group.name
        return self.shown.group_of(self.cursor_id) if self.cursor_id else None

    def _on_screen(self) -> list[Column[Any]]:
        return [column for column, _, _ in self._layout()]

    def _sort_at(self, x: int, *, second: bool) -> None:
        start = self._gutter_width
        for column, width, gap in self._layout():
            if start <= x <= start + width:
                orders = {order.column.key: order for order in self.orders}
                turned = column.key in orders and not orders[column.key].downwards
                wanted = Order(column, turned)
                self.sort_by(*((self.orders[0], wanted) if second else (wanted, self.then)))
                return
            start += width + gap


def _place(columns: Sequence[Column[Any]], wanted: Column[Any]) -> int:
    return next((place for place, column in enumerate(columns) if column.key == wanted.key), -1)
