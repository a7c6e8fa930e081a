"""One column of a list, and how columns share the width of a screen.

`value` is what sorting and filtering see (numbers stay numbers), `text` what is shown. The trap: all values
of a column must be of one type, or sorting fails.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, Literal, TypeVar

from app.tui.scene import Scene

Row = TypeVar("Row")
Value = str | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    """`rank` 0 is always shown, higher ones give way first on a narrow screen; `grows` by at most so many cells.

    `groups`: rows may be put together by its value, which is a text then. `falls`: its value falls as what is shown
    grows, as of times whose newest comes first.
    """

    key: str
    title: str
    width: int
    value: Callable[[Row], Value]
    shows: Callable[[Row, Scene], str] | None = None
    tone: Callable[[Row], str] | None = None
    align: Literal["left", "right"] = "left"
    rank: int = 0
    grows: int = 0
    aliases: tuple[str, ...] = ()
    filtered: bool = True
    groups: bool = False
    falls: bool = False

    def text(self, row: Row, scene: Scene) -> str:
        """Return the cell as one plain line, not yet cut to the width."""
        return scene.plain(self.shows(row, scene) if self.shows else str(self.value(row)))


def _none(row: Any) -> tuple[float, ...]:
    return ()


def _nothing(sums: Sequence[float], scene: Scene) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally(Generic[Row]):
    """What the head of a group says of its rows: their number, and words for the sums of their figures."""

    one: str = "row"
    many: str = "rows"
    figures: Callable[[Row], tuple[float, ...]] = _none
    said: Callable[[Sequence[float], Scene], Sequence[str]] = _nothing

    def words(self, number: int, sums: Sequence[float], scene: Scene) -> list[str]:
        return [f"{number} {self.one if number == 1 else self.many}", *self.said(sums, scene)]


ROWS: Tally[Any] = Tally()


def fit(columns: Sequence[Column[Row]], room: int) -> list[tuple[Column[Row], int, int]]:
    """Choose the columns that find room; give each its width and the number of cells to leave behind it."""
    kept = list(columns)
    while _needed(kept) > room and any(column.rank for column in kept):
        worst = max(column.rank for column in kept)
        kept.remove(next(column for column in reversed(kept) if column.rank == worst))
    gaps, wide = _gaps(kept), [2] * (len(kept) - 1) + [0]
    words = sum(column.width for column in kept)
    if words + sum(wide) <= room:
        gaps = wide
    return list(zip(kept, _grown(kept, max(0, room - words - sum(gaps))), gaps, strict=True))


def _gaps(kept: Sequence[Column[Row]]) -> list[int]:
    """Leave two cells where a figure stands right before a word, else they read as one."""
    return [2 if (one.align, after.align) == ("right", "left") else 1 for one, after in pairwise(kept)] + [0]


def _grown(kept: Sequence[Column[Row]], spare: int) -> list[int]:
    """Share out what is left over, to each alike until it has enough."""
    widths = [column.width for column in kept]
    growing = sorted((place for place, column in enumerate(kept) if column.grows), key=lambda place: kept[place].grows)
    for number, place in enumerate(growing):
        more = min(kept[place].grows, spare // (len(growing) - number))
        widths[place] += more
        spare -= more
    return widths


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + sum(_gaps(columns))
