"""What a guest's bytes make of a screen: pyte's emulator, with the lines that left it at the top kept to be read again.

A line is kept as runs of text of one style, since pyte's cells would take a hundred times the memory. The trap: pyte
knows sequences that it then trips over, so whatever it raises costs that piece, not the screen.
"""

from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any

import pyte
from pyte.screens import Char
from rich.color import Color
from rich.style import Style

from app.tui.control_strings import Unstrung
from app.tui.scene import printable

MOST_LINES = 10_000
MOST_ANSWERS = 256
Line = tuple[tuple[str, Style], ...]
"""One line as runs of printable text, each of one style."""
_NAMES = {"brown": "yellow", "brightbrown": "bright_yellow"}
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_NAMES |= {f"bright{name}": f"bright_{name}" for name in _COLOURS}


class Emulator(pyte.Screen):
    """A screen fed with bytes. `past` are the lines above it, `passed` counts all that went there.

    `answers` is what the guest is to be told (where is the cursor?), until somebody takes it.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.past: deque[Line] = deque(maxlen=MOST_LINES)
        self.passed = 0
        self.answers = ""
        super().__init__(columns, lines)
        self._unstrung, self._stream = Unstrung(), pyte.ByteStream(self)

    def write(self, data: bytes) -> None:
        """Take what the guest wrote."""
        try:
            self._stream.feed(self._unstrung(data))
        except Exception:  # whatever a guest's bytes did to pyte
            self._stream = pyte.ByteStream(self)

    def forget(self) -> None:
        """Begin anew, with an empty screen and nothing above it."""
        self.past.clear()
        self.reset()
        self._unstrung, self._stream = Unstrung(), pyte.ByteStream(self)

    def shown(self, y: int) -> Line:
        """Return a line of the screen, to its last sign."""
        line = self.buffer[y]
        return _runs(line, 1 + max(line, default=-1))

    def lines_of_all(self) -> list[Line]:
        """Return everything that there is to read, without the empty lines at the end."""
        found = [*self.past, *(self.shown(y) for y in range(self.lines))]
        while found and not text_of(found[-1]).strip():
            del found[-1]
        return found

    def fit(self, lines: int, columns: int) -> None:
        """Resize as terminals do: only what would leave the cursor outside goes up, while pyte drops the top always."""
        above = max(0, self.cursor.y + 1 - lines)
        if lines < self.lines:
            for y in range(above):
                self._pass(y)
            kept = {y - above: line for y, line in self.buffer.items() if above <= y < above + lines}
            self.buffer.clear()
            self.buffer.update(kept)
            self.lines = lines
        self.set_margins()
        self.resize(lines, columns)
        self.cursor.y, self.cursor.x = self.cursor.y - above, min(self.cursor.x, columns - 1)

    # --- what pyte calls

    def index(self) -> None:
        top, bottom = self.margins or (0, self.lines - 1)
        if top == 0 and self.cursor.y == bottom:
            self._pass(0)
        super().index()

    def write_process_input(self, data: str) -> None:
        self.answers = (self.answers + data)[-MOST_ANSWERS:]

    def set_margins(self, top: int | None = None, bottom: int | None = None, *, private: bool = False) -> None:
        if not private:  # the private form, of which pyte knows nothing, has another meaning
            super().set_margins(top, bottom)

    def _pass(self, y: int) -> None:
        self.past.append(self.shown(y))
        self.passed += 1


def plain_line(text: str) -> Line:
    """Make a line without colours of printable text."""
    return ((text, Style.null()),)


def text_of(line: Line) -> str:
    return "".join(text for text, _ in line)


def _runs(line: Mapping[int, Any], width: int) -> Line:
    cells = [line[x] for x in range(width)]
    return tuple((printable("".join([cell.data for cell in run])), _style(look)) for look, run in groupby(cells, _look))


def _look(cell: Char) -> Any:
    return cell[1:]


@lru_cache(maxsize=512)
def _style(look: tuple[Any, ...]) -> Style:
    fg, bg, bold, italics, underscore, strike, reverse, _ = look
    return Style(
        color=_colour(fg),
        bgcolor=_colour(bg),
        bold=bold,
        italic=italics,
        underline=underscore,
        strike=strike,
        reverse=reverse,
    )


def _colour(name: str) -> Color | None:
    if name == "default":
        return None
    known = _NAMES.get(name, name)
    return Color.parse(known if known in _NAMES.values() or known in _COLOURS else f"#{known}")
