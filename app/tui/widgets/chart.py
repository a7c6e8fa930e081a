"""A chart of one line as an area of blocks: eighths of a cell high, so that a few lines of text show a day.

Several values that share a column become their mean. The trap: what is unknown is left empty with a dot on the ground,
never drawn as 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from app.tui.scene import Scene, Values

_BLOCKS, _BLOCKS_ASCII = " ▁▂▃▄▅▆▇█", " ..::||##"
LEAST_GROUND = 1e-9
BORDER = 6  # corners and what stands around a title


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What a chart shows. `top` is the value at its upper edge, 0: the greatest there is; `said` names an amount.

    `note` says instead why there is nothing to draw; `brief` says `now` in less room, `amount` as `said` would.
    """

    title: str
    now: str
    values: Values
    tone: str
    said: Callable[[float], str]
    top: float = 0.0
    faded: bool = False
    note: str = ""
    brief: str = ""
    amount: str = ""

    @property
    def edge(self) -> float:
        greatest = max((value for value in self.values if value is not None), default=0.0)
        return self.top or greatest * 1.1 or 1.0


def columns(values: Values, width: int) -> list[float | None]:
    """Put values into so many columns of equal length."""
    count = len(values)
    found: list[float | None] = []
    for column in range(width if count else 0):
        first = column * count // width
        after = max(first + 1, (column + 1) * count // width)
        known = [value for value in values[first:after] if value is not None]
        found.append(sum(known) / len(known) if known else None)
    return found


def area(values: Values, edge: float, size: tuple[int, int], *, ascii_only: bool = False) -> list[str]:
    """Draw values as `size` (width, height) lines, the upper one first."""
    width, height = size
    blocks, unknown = (_BLOCKS_ASCII, " ") if ascii_only else (_BLOCKS, "·")
    levels = [_level(value, edge, height) for value in columns(values, width)]
    lines = []
    for row in reversed(range(height)):
        cells = [unknown if row == 0 else " "] * width
        for column, level in enumerate(levels):
            if level is not None:
                cells[column] = blocks[min(8, max(0, level - 8 * row))]
        lines.append("".join(cells))
    return lines


def _level(value: float | None, edge: float, height: int) -> int | None:
    """Count the eighths of cells; what is known is never quite invisible."""
    return None if value is None else max(1, round(8 * height * min(1.0, max(0.0, value / max(edge, LEAST_GROUND)))))


class Chart(Static):
    """A panel with one plot; `axes`: with amounts beside it and times below."""

    def __init__(self, given: str, *, axes: bool = False) -> None:
        super().__init__(markup=False, id=given, classes="chart")
        self._axes = axes

    def draw(self, plot: Plot, scene: Scene, times: Sequence[str] = ()) -> None:
        """Draw what there is; `times` stand below it, evenly from left to right."""
        self.border_title = self._title(plot, scene)
        width, height = self.content_size.width, self.content_size.height
        if width < 1 or height < 1:
            return
        if plot.note:
            self.update(Content.styled(scene.plain(plot.note), "dim"))
            return
        tone = f"{plot.tone} dim" if plot.faded else plot.tone
        if not self._axes:
            lines = area(plot.values, plot.edge, (width, height), ascii_only=scene.ascii_only)
            self.update(Content("\n").join(Content.styled(line, tone) for line in lines))
            return
        self.update(Content("\n").join(_framed(plot, scene, (width, height), tone, times)))

    def _title(self, plot: Plot, scene: Scene) -> str:
        """Say what is shown and how much it is now, so short that the border does not cut it."""
        room = self.outer_size.width - BORDER
        titles = [f"{plot.title}  {plot.now}", *([f"{plot.title} {plot.brief}"] if plot.brief else [])]
        fitting = next((title for title in titles if cell_len(title) <= room), titles[-1])
        return fitting if cell_len(fitting) <= room else scene.fit(fitting, room)


def _framed(plot: Plot, scene: Scene, size: tuple[int, int], tone: str, times: Sequence[str]) -> list[Content]:
    rows = max(1, size[1] - 1)
    marks = {0: plot.said(plot.edge), rows // 2: plot.said(plot.edge / 2), rows - 1: plot.said(0)}
    gutter = max(len(mark) for mark in marks.values()) + 1
    rule = "|" if scene.ascii_only else "│"
    width = max(1, size[0] - gutter - 1)
    drawn = area(plot.values, plot.edge, (width, rows), ascii_only=scene.ascii_only)
    lines = [
        Content.assemble((f"{marks.get(row, ''):>{gutter}}{rule}", "dim"), (line, tone))
        for row, line in enumerate(drawn)
    ]
    return [*lines, Content.styled(" " * (gutter + 1) + _spread(times, width), "dim")]


def _spread(words: Sequence[str], width: int) -> str:
    """Write words evenly over a line, the first at its left and the last at its right."""
    if len(words) < 2 or sum(map(len, words)) + len(words) > width:
        return "".join(words[-1:]).rjust(width)
    cells = [" "] * width
    for number, word in enumerate(words):
        start = round(number * (width - len(word)) / (len(words) - 1))
        cells[start : start + len(word)] = word
    return "".join(cells)
