"""A terminal inside the console: a guest's bytes become cells by emulation, so that none ever reaches a real terminal.

Ten times a second a bounded piece of what waits is emulated, and only lines that changed are drawn again: so the
fastest guest takes a part of a core and no more. Of what waits too long the newest is kept, and the cut shows.
"""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from app.tui.emulator import Emulator, Line
from app.tui.keys import typed

TICK_S = 0.1
PIECE_BYTES = 16 * 1024
MOST_WAITING_BYTES = 128 * 1024
ECHO_BYTES = 256
SMALLEST = (2, 2)
LOOK_BACK = frozenset({"up", "pageup", "home"})
_CUT = b"\r\n~~~ left out, it came too fast ~~~\r\n"


class Terminal(Widget, can_focus=True):
    """`live` lets keys through to the guest and shows the cursor."""

    DEFAULT_CSS: ClassVar[str] = "Terminal { height: 1fr; background: ansi_black; color: ansi_white; }"

    class Typed(Message):
        """Bytes for the guest."""

        def __init__(self, data: bytes) -> None:
            super().__init__()
            self.data = data

    class LookedBack(Message):
        """Somebody wants to see what has gone by."""

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__(id="terminal")
        self._ascii_only = ascii_only
        self.guest = Emulator(80, 24)
        self._waiting = bytearray()
        self._cursor_line = 0
        self.live = False

    def on_mount(self) -> None:
        self.set_interval(TICK_S, self.work)

    @property
    def written(self) -> int:
        """Count the lines that the guest has written, of all there were."""
        return self.guest.passed + self.guest.cursor.y

    def feed(self, data: bytes) -> None:
        """Take what the guest wrote; it is shown within a tick, what the guest echoes at once."""
        at_rest = not self._waiting
        self._waiting += data
        if len(self._waiting) > MOST_WAITING_BYTES:
            self._waiting = bytearray(_CUT) + self._waiting[-MOST_WAITING_BYTES // 2 :]
        if at_rest and self.live and len(data) <= ECHO_BYTES:
            self.work()

    def clear(self) -> None:
        """Begin anew, as after a connection that was lost."""
        self._waiting.clear()
        self.guest.forget()
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
        guest = self.guest
        guest.write(piece)
        self._draw_changes()
        if guest.answers:
            answers, guest.answers = guest.answers, ""
            if self.live:
                self.post_message(self.Typed(answers.encode()))

    # --- events

    def on_resize(self, event: events.Resize) -> None:
        guest = self.guest
        columns, lines = max(SMALLEST[0], event.size.width), max(SMALLEST[1], event.size.height)
        if event.size and (columns, lines) != (guest.columns, guest.lines):
            guest.fit(lines, columns)
            self.refresh()

    def on_key(self, event: events.Key) -> None:
        arrows_of_programs = (1 << 5) in self.guest.mode
        data = typed(event.key, event.character, arrows_of_programs=arrows_of_programs) if self.live else b""
        if data:
            event.stop()
            event.prevent_default()
            self.post_message(self.Typed(data))
        elif not self.live and event.key in LOOK_BACK:
            event.stop()
            self.post_message(self.LookedBack())

    def on_mouse_scroll_up(self) -> None:
        self.post_message(self.LookedBack())

    def on_paste(self, event: events.Paste) -> None:
        if self.live:
            event.stop()
            self.post_message(self.Typed(event.text.replace("\n", "\r").encode()))

    # --- drawing

    def render_line(self, y: int) -> Strip:
        guest, ground = self.guest, self.rich_style
        if y >= guest.lines:
            return Strip.blank(self.size.width, ground)
        strip = strip_of(guest.shown(y), ground, ascii_only=self._ascii_only)
        strip = strip.adjust_cell_length(self.size.width, ground)
        cursor = guest.cursor
        if self.live and not cursor.hidden and y == cursor.y:
            x = min(cursor.x, self.size.width - 1)
            turned = [
                Segment(text, (style or ground) + Style(reverse=not (style and style.reverse)))
                for text, style, _ in strip.crop(x, x + 1)
            ]
            strip = Strip.join([strip.crop(0, x), Strip(turned), strip.crop(x + 1)])
        return strip

    def _draw_changes(self) -> None:
        guest = self.guest
        changed = guest.dirty | {self._cursor_line, guest.cursor.y}
        guest.dirty.clear()
        self._cursor_line = guest.cursor.y
        width = self.size.width
        self.refresh(*(Region(0, y, width, 1) for y in changed if y < self.size.height))


def strip_of(line: Line, ground: Style, *, ascii_only: bool) -> Strip:
    """Draw a line of a guest's on a ground."""
    return Strip(
        [
            Segment(text.encode("ascii", "replace").decode() if ascii_only else text, ground + style)
            for text, style in line
        ]
    )
