"""How a list is drawn: only lines on screen are rendered, only changed ones again; the cursor belongs to a row.

Line 0 of the widget is the header and does not scroll; a row's line on screen is its index minus the scroll
offset plus one. The cursor moves with its row; when its row goes it stays on the line.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from app.tui.arranged import Order
from app.tui.columns.column import ROWS, Column, Tally, fit
from app.tui.index import Group, Index
from app.tui.scene import Scene
from app.tui.widgets.lines import arrow, gutter, head, hint

GUTTER = 2  # marks and cursor
INDENT = 2  # of rows below the head of their group


class GridLines(ScrollView):
    """`shown` is the index list that lines are drawn from; whoever changes it calls `_reordered`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--header",
        "grid--sorted",
        "grid--cursor",
        "grid--head",
        "grid--mark",
        "grid--good",
        "grid--busy",
        "grid--bad",
        "grid--off",
        "grid--calm",
    }

    class Changed(Message, namespace="grid"):
        """Cursor, marks, order or visibility changed."""

    def __init__(
        self,
        columns: Sequence[Column[Any]],
        table: Mapping[str, Any],
        scene: Callable[[], Scene],
        *,
        sorted_by: str = "",
        tally: Tally[Any] = ROWS,
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
        self.grouped_by: Column[Any] | None = None
        self._tally = tally
        self._cursor_id: str | None = None
        self._cursor_head: str | None = None
        self._cursor_line = 0

    @property
    def cursor_id(self) -> str | None:
        """The id under the cursor, None on the head of a group and in an empty list."""
        return self.shown.id_at(self._cursor_line)

    @property
    def cursor_group(self) -> Group | None:
        """The group whose head is under the cursor."""
        return self.shown.head_at(self._cursor_line)

    @property
    def orders(self) -> tuple[Order, ...]:
        """What the rows are sorted by, at most two columns."""
        first = Order(self.sorted_by, self.shown.downwards)
        return (first, self.then) if self.then else (first,)

    def _reordered(self) -> None:
        line = self.shown.line_of(self._cursor_id) if self._cursor_id else None
        if line is None and self._cursor_head is not None:
            line = self.shown.line_of_head(self._cursor_head)
        self._stand(self._cursor_line if line is None else line)
        self._measure()
        self._reveal()
        self.refresh()
        self.post_message(self.Changed())

    def _stand(self, line: int) -> None:
        """Put the cursor on a line, and remember what is there: it moves with that."""
        self._cursor_line = max(0, min(line, self.shown.lines - 1))
        group = self.cursor_group
        self._cursor_id, self._cursor_head = self.cursor_id, group.name if group else None

    def _reveal(self) -> None:
        room, top, line = self.size.height - 1, self.scroll_offset.y, self._cursor_line
        if room > 0 and not top <= line < top + room:
            self.scroll_to(y=line if line < top else line - room + 1, animate=False, immediate=True)

    def _measure(self) -> None:
        self.virtual_size = Size(self.size.width, self.shown.lines + 1)

    def _layout(self) -> list[tuple[Column[Any], int, int]]:
        columns = [column for column in self.columns if not self.grouped_by or column.key != self.grouped_by.key]
        return fit(columns, self.size.width - self._gutter_width - 1)

    @property
    def _gutter_width(self) -> int:
        return GUTTER + (INDENT if self.grouped_by else 0)

    def _redraw(self, given: str) -> None:
        name = self.shown.group_of(given)
        for line in (self.shown.line_of(given), self.shown.line_of_head(name) if name is not None else None):
            if line is not None:
                self._redraw_line(line)

    def _redraw_line(self, line: int) -> None:
        y = line - self.scroll_offset.y + 1
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return self._header()
        if y >= 2 and not len(self.shown):
            told = hint(self.hint, y - 2, self.size.width, self._scene())
            return Strip([Segment(told, self.rich_style + self._tone("off"))])
        line = y - 1 + self.scroll_offset.y
        group, given = self.shown.head_at(line), self.shown.id_at(line)
        if group is not None:
            return self._head(group, at_cursor=line == self._cursor_line)
        if given is None or given not in self.table:
            return Strip.blank(self.size.width, self.rich_style)
        return self._row(given, at_cursor=line == self._cursor_line)

    def _header(self) -> Strip:
        scene = self._scene()
        plain, chosen = self.get_component_rich_style("grid--header"), self.get_component_rich_style("grid--sorted")
        segments = [Segment(" " * self._gutter_width, plain)]
        for column, width, gap in self._layout():
            sign = arrow(column, self.orders, scene)
            segments.append(Segment(scene.fit(column.title + sign, width, column.align), chosen if sign else plain))
            segments.append(Segment(" " * gap, plain))
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    def _row(self, given: str, *, at_cursor: bool) -> Strip:
        row, scene, ground = self.table[given], self._scene(), self._ground(at_cursor=at_cursor)
        segments = [self._gutter(scene, ground, marked=given in self.marked, at_cursor=at_cursor)]
        segments.append(Segment(" " * (self._gutter_width - GUTTER), ground))
        for column, width, gap in self._layout():
            style = ground + self._tone(column.tone(row)) if column.tone else ground
            segments.append(Segment(scene.fit(column.text(row, scene), width, column.align), style))
            segments.append(Segment(" " * gap, ground))
        return Strip(segments).adjust_cell_length(self.size.width, ground)

    def _head(self, group: Group, *, at_cursor: bool) -> Strip:
        scene, ground = self._scene(), self._ground(at_cursor=at_cursor)
        marked = len(self.marked.intersection(group.ids())) if self.marked else 0
        without = f"no {self.grouped_by.title.lower()}" if self.grouped_by else ""
        folded = group.name in self.shown.folded
        name, facts = head(group, without, self._tally, scene, folded=folded, marked=marked)
        segments = [
            self._gutter(scene, ground, marked=marked == len(group.keys), at_cursor=at_cursor),
            Segment(name, ground + self._tone("head")),
            Segment(scene.fit(facts, self.size.width - GUTTER - len(name)), ground),
        ]
        return Strip(segments).adjust_cell_length(self.size.width, ground)

    def _ground(self, *, at_cursor: bool) -> Style:
        ground = self.get_component_rich_style("grid--cursor") if at_cursor and self.has_focus else self.rich_style
        return ground + Style(dim=True) if self.faded else ground

    def _gutter(self, scene: Scene, ground: Style, *, marked: bool, at_cursor: bool) -> Segment:
        return Segment(gutter(scene, marked=marked, at_cursor=at_cursor), ground + self._tone("mark"))

    def _tone(self, tone: str) -> Style:
        """Only the colour and weight: the background is the row's."""
        style = self.get_component_rich_style(f"grid--{tone}", partial=True)
        return Style(color=style.color, bold=style.bold)
