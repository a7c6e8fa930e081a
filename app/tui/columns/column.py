"""One column of a list, and how columns share the width of a screen.

`value` is what sorting and filtering see (numbers stay numbers), `text` what is shown. The trap: all values
of a column must be of one type, or sorting fails.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from app.tui.scene import Scene

Row = TypeVar("Row")
Value = str | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[Row]):
    """`rank` 0 is always shown, higher ones give way first on a narrow screen; `grows` by at most so many cells."""

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

    def text(self, row: Row, scene: Scene) -> str:
        """Return the cell as one plain line, not yet cut to the width."""
        return scene.plain(self.shows(row, scene) if self.shows else str(self.value(row)))


def fit(columns: Sequence[Column[Row]], room: int) -> tuple[list[tuple[Column[Row], int]], int]:
    """Choose the columns that find room, give each its width, and say how many cells to leave between two."""
    kept = list(columns)
    while _needed(kept) > room and any(column.rank for column in kept):
        worst = max(column.rank for column in kept)
        kept.remove(next(column for column in reversed(kept) if column.rank == worst))
    spare = max(0, room - _needed(kept))
    gap = 2 if spare >= len(kept) else 1
    widths = _grown(kept, spare - (gap - 1) * len(kept))
    return list(zip(kept, widths, strict=True)), gap


def _grown(kept: Sequence[Column[Row]], spare: int) -> list[int]:
    """Share out what is left over, first come first served, so that short lists stay close together."""
    widths = []
    for column in kept:
        more = min(spare, column.grows)
        spare -= more
        widths.append(column.width + more)
    return widths


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + max(0, len(columns) - 1)
