"""A virtual table over the console's copy: only lines on screen are rendered, only changed ones again.

Line 0 of the widget is the header and does not scroll; a row's line on screen is its index minus the scroll
offset plus one. The cursor belongs to a row and moves with it; when its row goes it stays on the line. Keys that move
it have priority like those of the screens, else a letter typed fast behind them would be obeyed before they are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from app.tui.arranged import Order
from app.tui.columns.column import Column, fit
from app.tui.index import Index
from app.tui.scene import Scene

GUTTER = 2  # marks and cursor


class Grid(ScrollView, can_focus=True):
    """Rows of one kind; `shown` is the index list it draws from."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--header",
        "grid--sorted",
        "grid--cursor",
        "grid--mark",
        "grid--good",
        "grid--busy",
        "grid--bad",
        "grid--off",
        "grid--calm",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False, priority=True),
        Binding("down", "move(1)", "down", show=False, priority=True),
        Binding("pageup", "page(-1)", "page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "page down", show=False, priority=True),
        Binding("home,g", "move(-1000000)", "first", show=False, priority=True),
        Binding("end,G", "move(1000000)", "last", show=False, priority=True),
    ]

    class Opened(Message):
        """A row was clicked twice."""

        def __init__(self, given: str) -> None:
            super().__init__()
            self.given = given

    class Changed(Message):
        """Cursor, marks, order or visibility changed."""

    def __init__(
        self,
        columns: Sequence[Column[Any]],
        table: Mapping[str, Any],
        scene: Callable[[], Scene],
        *,
        sorted_by: str = "",
    ) -> None:
        super().__init__(id="grid")
        self.columns, self.table, self._scene = columns, table, scene
        self.sorted_by = next((column for column in columns if column.key == sorted_by), columns[0])
        self.then: Order | None = None
        self.shown: Index[Any] = Index(table, self.sorted_by.value)
        self.marked: set[str] = set()
        self._anchor: str | None = None
        self.faded = False
        self.hint = ""
        self.grouped: Callable[..., Callable[[Any], Any]] | None = None  # of a value and whether it goes downwards
        self._cursor_id: str | None = None
        self._cursor_line = 0

    # --- what the screen asks for

    @property
    def cursor_id(self) -> str | None:
        """The id under the cursor, None in an empty list."""
        return self.shown.id_at(self._cursor_line)

    @property
    def marked_shown(self) -> int:
        """Count the marked rows that can be seen."""
        return sum(1 for given in self.marked if self.shown.line_of(given) is not None)

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
    def orders(self) -> tuple[Order, ...]:
        """What the rows are sorted by, at most two columns."""
        first = Order(self.sorted_by, self.shown.downwards)
        return (first, self.then) if self.then else (first,)

    def sort(self, column: Column[Any], *, downwards: bool) -> None:
        """Sort by a column; a second one stays."""
        self.sort_by(Order(column, downwards), self.then)

    def sort_by(self, first: Order, then: Order | None = None) -> None:
        self.sorted_by = first.column
        self.then = then if then and then.column.key != first.column.key else None
        value = first.column.value
        self.shown.sort(
            self.grouped(value, downwards=first.downwards) if self.grouped else value,
            downwards=first.downwards,
            then=self.then.column.value if self.then else None,
            then_downwards=self.then.downwards if self.then else first.downwards,
        )
        self._reordered()

    def group(self, columns: Sequence[Column[Any]], grouped: Callable[..., Callable[[Any], Any]] | None) -> None:
        """Show other columns, and sort within groups or no more; the column that it is sorted by stays."""
        self.columns, self.grouped = columns, grouped
        kept = next((column for column in columns if column.key == self.sorted_by.key), columns[0])
        self.sort(kept, downwards=self.shown.downwards)

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
        given = self.cursor_id
        if given is not None:
            self._anchor = given
            self.marked ^= {given}
            self._redraw(given)
            self.action_move(1)

    def mark_range(self) -> None:
        """Mark all rows from the one marked last to the cursor."""
        here = self.shown.line_of(self.cursor_id) if self.cursor_id else None
        if here is None:
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

    def action_page(self, pages: int) -> None:
        self._go(self._cursor_line + pages * max(1, self.size.height - 2))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        line = event.y - 1 + self.scroll_offset.y
        if event.y == 0:
            self._sort_at(event.x, second=event.shift)
        elif line < len(self.shown):
            self._go(line)
            if event.chain == 2 and self.cursor_id:
                self.post_message(self.Opened(self.cursor_id))

    def on_resize(self) -> None:
        self._measure()
        self._reveal()

    def _go(self, line: int) -> None:
        before = self._cursor_line
        self._cursor_line = max(0, min(line, len(self.shown) - 1))
        self._cursor_id = self.cursor_id
        self._redraw_line(before)
        self._redraw_line(self._cursor_line)
        self._reveal()
        self.post_message(self.Changed())

    def _sort_at(self, x: int, *, second: bool) -> None:
        start = GUTTER
        layout, gap = self._layout()
        for column, width in layout:
            if start <= x <= start + width:
                orders = {order.column.key: order for order in self.orders}
                turned = column.key in orders and not orders[column.key].downwards
                wanted = Order(column, turned)
                self.sort_by(*((self.orders[0], wanted) if second else (wanted, self.then)))
                return
            start += width + gap

    def _reveal(self) -> None:
        room, top, line = self.size.height - 1, self.scroll_offset.y, self._cursor_line
        if room > 0 and not top <= line < top + room:
            self.scroll_to(y=line if line < top else line - room + 1, animate=False, immediate=True)

    # --- drawing

    def _reordered(self) -> None:
        line = self.shown.line_of(self._cursor_id) if self._cursor_id else None
        self._cursor_line = max(0, min(self._cursor_line if line is None else line, len(self.shown) - 1))
        self._cursor_id = self.cursor_id
        self._measure()
        self._reveal()
        self.refresh()
        self.post_message(self.Changed())

    def _measure(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.shown) + 1)

    def _on_screen(self) -> list[Column[Any]]:
        return [column for column, _ in self._layout()[0]]

    def _layout(self) -> tuple[list[tuple[Column[Any], int]], int]:
        return fit(self.columns, self.size.width - GUTTER - 1)

    def _redraw(self, given: str) -> None:
        line = self.shown.line_of(given)
        if line is not None:
            self._redraw_line(line)

    def _redraw_line(self, line: int) -> None:
        y = line - self.scroll_offset.y + 1
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return self._header()
        if y == 2 and not len(self.shown):
            hint = self._scene().fit("  " + self.hint, self.size.width)
            return Strip([Segment(hint, self.rich_style + self._tone("off"))])
        given = self.shown.id_at(y - 1 + self.scroll_offset.y)
        if given is None or given not in self.table:
            return Strip.blank(self.size.width, self.rich_style)
        return self._row(given, at_cursor=y - 1 + self.scroll_offset.y == self._cursor_line)

    def _header(self) -> Strip:
        scene = self._scene()
        plain, chosen = self.get_component_rich_style("grid--header"), self.get_component_rich_style("grid--sorted")
        segments = [Segment(" " * GUTTER, plain)]
        layout, gap = self._layout()
        for column, width in layout:
            sign = self._sign(column, scene)
            segments.append(Segment(scene.fit(column.title + sign, width, column.align), chosen if sign else plain))
            segments.append(Segment(" " * gap, plain))
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    def _sign(self, column: Column[Any], scene: Scene) -> str:
        """Return the arrow of a column that rows are sorted by, an empty one where it is the second."""
        place = next((place for place, order in enumerate(self.orders) if order.column.key == column.key), None)
        if place is None:
            return ""
        arrows = ("^v", "'.") if scene.ascii_only else ("▲▼", "△▽")
        return arrows[place][self.orders[place].downwards]

    def _row(self, given: str, *, at_cursor: bool) -> Strip:
        row, scene = self.table[given], self._scene()
        ground = self.get_component_rich_style("grid--cursor") if at_cursor and self.has_focus else self.rich_style
        if self.faded:
            ground += Style(dim=True)
        segments = [self._gutter(given, scene, ground, at_cursor=at_cursor)]
        layout, gap = self._layout()
        for column, width in layout:
            style = ground + self._tone(column.tone(row)) if column.tone else ground
            segments.append(Segment(scene.fit(column.text(row, scene), width, column.align), style))
            segments.append(Segment(" " * gap, ground))
        return Strip(segments).adjust_cell_length(self.size.width, ground)

    def _gutter(self, given: str, scene: Scene, ground: Style, *, at_cursor: bool) -> Segment:
        mark = ("+" if scene.ascii_only else "✓") if given in self.marked else " "
        arrow = (">" if scene.ascii_only else "▶") if at_cursor else " "
        return Segment(arrow + mark, ground + self._tone("mark"))

    def _tone(self, tone: str) -> Style:
        """Only the colour and weight: the background is the row's."""
        style = self.get_component_rich_style(f"grid--{tone}", partial=True)
        return Style(color=style.color, bold=style.bold)


def _place(columns: Sequence[Column[Any]], wanted: Column[Any]) -> int:
    return next((place for place, column in enumerate(columns) if column.key == wanted.key), -1)
