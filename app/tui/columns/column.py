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
    """`rank` 0 is always shown, higher ones give way first on a narrow screen; `grows` takes what is left over."""

    key: str
    title: str
    width: int
    value: Callable[[Row], Value]
    shows: Callable[[Row, Scene], str] | None = None
    tone: Callable[[Row], str] | None = None
    align: Literal["left", "right"] = "left"
    rank: int = 0
    grows: bool = False
    aliases: tuple[str, ...] = ()
    filtered: bool = True

    def text(self, row: Row, scene: Scene) -> str:
        """Return the cell as one plain line, not yet cut to the width."""
        return scene.plain(self.shows(row, scene) if self.shows else str(self.value(row)))


def fit(columns: Sequence[Column[Row]], room: int) -> list[tuple[Column[Row], int]]:
    """Choose the columns that find room (one cell between two) and give each its width."""
    kept = list(columns)
    while _needed(kept) > room and any(column.rank for column in kept):
        worst = max(column.rank for column in kept)
        kept.remove(next(column for column in reversed(kept) if column.rank == worst))
    spare = max(0, room - _needed(kept))
    growing = [column.key for column in kept if column.grows]
    each, rest = divmod(spare, len(growing)) if growing else (0, 0)
    extra = {key: each + (1 if number < rest else 0) for number, key in enumerate(growing)}
    return [(column, column.width + extra.get(column.key, 0)) for column in kept]


def _needed(columns: Sequence[Column[Row]]) -> int:
    return sum(column.width for column in columns) + max(0, len(columns) - 1)


def fields(columns: Sequence[Column[Row]]) -> dict[str, Column[Row]]:
    """Name the columns that a filter may use, aliases included."""
    return {name: column for column in columns if column.filtered for name in (column.key, *column.aliases)}
