"""Text of a guest's to be read in peace: a cursor on a line, a search that shows every place, lines to take along.

Only lines on screen are drawn. What is shown changes when somebody hands over other lines, never by itself. The trap:
text is cut at the right edge and the cut shows; it is moved sideways by keys only, so that it never jumps.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from app.tui.emulator import Line, text_of
from app.tui.widgets.grid import Grid
from app.tui.widgets.terminal import strip_of

GUTTER = 2
SIDEWAYS = 16


class Reader(ScrollView, can_focus=True):
    """`lines` are all there are; with `only_matches` those that the search did not find are hidden."""

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {"reader--cursor", "reader--match", "reader--taken"}
    BINDINGS: ClassVar[list[BindingType]] = [
        *Grid.BINDINGS,
        Binding("left", "sideways(-1)", "to the left", show=False, priority=True),
        Binding("right", "sideways(1)", "to the right", show=False, priority=True),
    ]

    class Moved(Message):
        """Somebody moved in the text."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="reader")
        self._ascii_only = ascii_only
        self.lines: Sequence[Line] = ()
        self.wanted = ""
        self.only_matches = False
        self.matches: list[int] = []
        self.cursor = 0
        self._anchor: int | None = None
        self._left = 0
        self._shown: Sequence[int] = ()
        self._pattern: re.Pattern[str] | None = None

    # --- what the screen asks for

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines, standing at their end."""
        self.lines, self._anchor = lines, None
        self._find()
        self._stand(len(lines) - 1)

    def search(self, wanted: str) -> None:
        """Mark what is wanted, whatever its case, and stand at the newest line that holds it; empty ends the search."""
        if wanted != self.wanted:
            self.wanted = wanted
            self._pattern = re.compile(re.escape(wanted), re.IGNORECASE) if wanted else None
            self.only_matches = self.only_matches and bool(wanted)
            self._find()
            self._stand(self.matches[-1] if self.matches else self.cursor)

    def show_only_matches(self, *, only: bool) -> None:
        self.only_matches = only
        self._arrange()
        self._stand(self.cursor)

    def step(self, steps: int) -> None:
        """Stand at the next line that holds what is wanted, behind the last at the first again."""
        if not self.matches:
            return
        if steps > 0:
            found = next((line for line in self.matches if line > self.cursor), self.matches[0])
        else:
            found = next((line for line in reversed(self.matches) if line < self.cursor), self.matches[-1])
        self._stand(found)

    @property
    def place(self) -> int:
        """Say at which of the matches the cursor stands, counted from 1; 0: at none."""
        return self.matches.index(self.cursor) + 1 if self.cursor in self.matches else 0

    @property
    def taking(self) -> bool:
        """Tell whether lines are being taken."""
        return self._anchor is not None

    def take(self, *, on: bool) -> None:
        """Take all lines from here to wherever the cursor goes, or none any more."""
        self._anchor = self.cursor if on else None
        self.refresh()

    def taken(self) -> list[str]:
        """Return the text of the lines that were taken, else of the one at the cursor."""
        return [text_of(self.lines[line]) for line in self._shown if self._is_taken(line)]

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract("\n".join(text_of(self.lines[line]) for line in self._shown)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    # --- moving

    def action_move(self, lines: int) -> None:
        place = self._place_of(self.cursor) + lines
        self._stand(self._shown[max(0, min(place, len(self._shown) - 1))] if self._shown else 0)
        self.post_message(self.Moved())

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.size.height - 1))

    def action_sideways(self, steps: int) -> None:
        widest = max((len(text_of(self.lines[line])) for line in self._on_screen()), default=0)
        self._left = max(0, min(self._left + steps * SIDEWAYS, widest - self.size.width // 2))
        self.refresh()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        self._stand(self.cursor)

    def _stand(self, line: int) -> None:
        self.cursor = max(0, line)
        self.virtual_size = Size(self.size.width, len(self._shown))
        room, top, place = self.size.height, self.scroll_offset.y, self._place_of(self.cursor)
        if room > 0 and not top <= place < top + room:
            self.scroll_to(y=place if place < top else place - room + 1, animate=False, immediate=True)
        self.refresh()

    # --- searching

    def _find(self) -> None:
        pattern = self._pattern
        found = (number for number, line in enumerate(self.lines) if pattern and pattern.search(text_of(line)))
        self.matches = list(found)
        self._arrange()

    def _arrange(self) -> None:
        self._shown = self.matches if self.only_matches else range(len(self.lines))

    def _place_of(self, line: int) -> int:
        """Return where a line stands among those shown, of a hidden one the place it would have."""
        return sum(each < line for each in self._shown) if self.only_matches else line

    def _is_taken(self, line: int) -> bool:
        start = self.cursor if self._anchor is None else self._anchor
        return min(start, self.cursor) <= line <= max(start, self.cursor)

    # --- drawing

    def _on_screen(self) -> Sequence[int]:
        top = self.scroll_offset.y
        return self._shown[top : top + self.size.height]

    def render_line(self, y: int) -> Strip:
        place, width = y + self.scroll_offset.y, self.size.width
        if place >= len(self._shown):
            return Strip.blank(width, self.rich_style)
        line = self._shown[place]
        ground = self._ground(line)
        strip = self._marked(strip_of(self.lines[line], ground, ascii_only=self._ascii_only), place)
        room = width - GUTTER
        cut = strip.cell_length > self._left + room
        shown = strip.crop_extend(self._left, self._left + room, ground).apply_offsets(self._left, place)
        if cut:
            shown = Strip.join([shown.crop(0, room - 1), Strip([Segment(">" if self._ascii_only else "…", ground)])])
        return Strip.join([Strip([Segment(self._signs(line), ground)]), shown])

    def _ground(self, line: int) -> Style:
        if line == self.cursor and self.has_focus:
            return self.get_component_rich_style("reader--cursor")
        if self.taking and self._is_taken(line):
            return self.get_component_rich_style("reader--taken")
        return self.rich_style

    def _signs(self, line: int) -> str:
        cursor = (">" if self._ascii_only else "▶") if line == self.cursor else " "
        taken = ("+" if self._ascii_only else "✓") if self.taking and self._is_taken(line) else " "
        found = ("*" if self._ascii_only else "•") if self._pattern and self._holds(line) else " "
        return cursor + (taken if taken != " " else found)

    def _holds(self, line: int) -> bool:
        return bool(self._pattern and self._pattern.search(text_of(self.lines[line])))

    def _marked(self, strip: Strip, place: int) -> Strip:
        """Show what is wanted, and what the mouse has selected, in what is drawn."""
        text = strip.text
        if self._pattern:
            style = self.get_component_rich_style("reader--match")
            for found in self._pattern.finditer(text):
                strip = _styled(strip, text, found.span(), style)
        chosen = self.text_selection.get_span(place) if self.text_selection else None
        if chosen:
            end = len(text) if chosen[1] == -1 else chosen[1]
            strip = _styled(strip, text, (chosen[0], end), self.screen.get_component_rich_style("screen--selection"))
        return strip


def _styled(strip: Strip, text: str, span: tuple[int, int], style: Style) -> Strip:
    """Give a style to some signs of a strip; cells are counted, since some signs take two."""
    start, end = (cell_len(text[:place]) for place in span)
    parts = [strip.crop(0, start), strip.crop(start, end), strip.crop(end)]
    parts[1] = Strip([Segment(text, (old or Style.null()) + style) for text, old, _ in parts[1]])
    return Strip.join(parts)
