"""A terminal inside the console: a guest's bytes become cells by emulation, so that none ever reaches a real terminal.

Only lines that changed are drawn again. The traps: a guest may write faster than anybody can emulate, so per tick a
bounded piece is taken and of what waits the newest is kept; and the emulator knows sequences that it then trips over,
so whatever it raises costs that piece, not the screen.
"""

from typing import ClassVar

import pyte
from pyte.screens import Char
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from app.tui.keys import typed

TICK_S = 0.05
PIECE_BYTES = 8 * 1024
MOST_WAITING_BYTES = 32 * 1024
SMALLEST = (2, 2)
_NAMES = {"brown": "yellow", "brightbrown": "bright_yellow"}
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_NAMES |= {f"bright{name}": f"bright_{name}" for name in _COLOURS}
_CUT = b"\r\n~~~ left out, it came too fast ~~~\r\n"


class _Screen(pyte.Screen):
    """pyte's, with its answers to the guest (where is the cursor?) kept until somebody takes them."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.answers = ""

    def write_process_input(self, data: str) -> None:
        self.answers = (self.answers + data)[-256:]

    def set_margins(self, top: int | None = None, bottom: int | None = None, *, private: bool = False) -> None:
        if not private:  # the private form, of which pyte knows nothing, has another meaning
            super().set_margins(top, bottom)

    def fit(self, lines: int, columns: int) -> None:
        """Resize as terminals do: only what would leave the cursor outside goes, while pyte drops the top always."""
        above = max(0, self.cursor.y + 1 - lines)
        if lines < self.lines:
            kept = {y - above: line for y, line in self.buffer.items() if above <= y < above + lines}
            self.buffer.clear()
            self.buffer.update(kept)
            self.lines = lines
        self.set_margins()
        self.resize(lines, columns)
        self.cursor.y, self.cursor.x = self.cursor.y - above, min(self.cursor.x, columns - 1)


class Terminal(Widget, can_focus=True):
    """`live` lets keys through to the guest and shows the cursor."""

    DEFAULT_CSS: ClassVar[str] = "Terminal { height: 1fr; background: ansi_black; color: ansi_white; }"

    class Typed(Message):
        """Bytes for the guest."""

        def __init__(self, data: bytes) -> None:
            super().__init__()
            self.data = data

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="terminal")
        self._ascii_only = ascii_only
        self._screen = _Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self._waiting = bytearray()
        self._cursor_line = 0
        self.live = False

    def on_mount(self) -> None:
        self.set_interval(TICK_S, self.work)

    def feed(self, data: bytes) -> None:
        """Take what the guest wrote; it is shown within a tick."""
        self._waiting += data
        if len(self._waiting) > MOST_WAITING_BYTES:
            self._waiting = bytearray(_CUT) + self._waiting[-MOST_WAITING_BYTES // 2 :]

    def clear(self) -> None:
        """Begin anew, as after a connection that was lost."""
        self._waiting.clear()
        self._screen.reset()
        self._stream = pyte.ByteStream(self._screen)
        self.refresh()

    def set_live(self, *, live: bool) -> None:
        self.live = live
        self.refresh()

    def work(self) -> None:
        """Emulate the next piece of what waits, and draw what it changed."""
        if not self._waiting:
            return
        piece = bytes(self._waiting[:PIECE_BYTES])
        del self._waiting[:PIECE_BYTES]
        try:
            self._stream.feed(piece)
        except Exception:  # whatever a guest's bytes did to the emulator
            self._stream = pyte.ByteStream(self._screen)
        self._draw_changes()
        if self._screen.answers:
            answers, self._screen.answers = self._screen.answers, ""
            if self.live:
                self.post_message(self.Typed(answers.encode()))

    # --- events

    def on_resize(self, event: events.Resize) -> None:
        columns, lines = max(SMALLEST[0], event.size.width), max(SMALLEST[1], event.size.height)
        if (columns, lines) != (self._screen.columns, self._screen.lines):
            self._screen.fit(lines, columns)
            self.refresh()

    def on_key(self, event: events.Key) -> None:
        data = typed(event.key, event.character, arrows_of_programs=(1 << 5) in self._screen.mode) if self.live else b""
        if data:
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(data))

    def on_paste(self, event: events.Paste) -> None:
        if self.live:
            event.stop()
            self.post_message(self.Typed(event.text.replace("\n", "\r").encode()))

    # --- drawing

    def render_line(self, y: int) -> Strip:
        if y >= self._screen.lines:
            return Strip.blank(self.size.width, self.rich_style)
        line, cursor = self._screen.buffer[y], self._screen.cursor
        at_cursor = cursor.x if self.live and not cursor.hidden and y == cursor.y else -1
        segments: list[Segment] = []
        for x in range(self._screen.columns):
            cell = line[x]
            if cell.data:  # the second half of a wide sign is empty
                segments.append(Segment(self._sign(cell.data), self._style(cell, marked=x == at_cursor)))
        return Strip(Segment.simplify(segments)).adjust_cell_length(self.size.width, self.rich_style)

    def _draw_changes(self) -> None:
        changed = self._screen.dirty | {self._cursor_line, self._screen.cursor.y}
        self._screen.dirty.clear()
        self._cursor_line = self._screen.cursor.y
        width = self.size.width
        self.refresh(*(Region(0, y, width, 1) for y in changed if y < self.size.height))

    def _sign(self, data: str) -> str:
        sign = data if data.isprintable() else "·"
        return sign.encode("ascii", "replace").decode() if self._ascii_only else sign

    def _style(self, cell: Char, *, marked: bool) -> Style:
        style = Style(
            color=_colour(cell.fg),
            bgcolor=_colour(cell.bg),
            bold=cell.bold,
            italic=cell.italics,
            underline=cell.underscore,
            strike=cell.strikethrough,
            reverse=cell.reverse is not marked,
        )
        return self.rich_style + style


def _colour(name: str) -> Color | None:
    if name == "default":
        return None
    known = _NAMES.get(name, name)
    return Color.parse(known if known in _NAMES.values() or known in _COLOURS else f"#{known}")
