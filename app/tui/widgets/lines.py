"""Signs and words of a list beside its cells: heads of groups, arrows of the sorting, cursor and marks."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from app.tui.arranged import Order
from app.tui.columns.column import Column, Tally
from app.tui.index import Group
from app.tui.scene import Scene

NAME = 26  # cells, so that the sums of several heads stand below each other


def head(group: Group, without: str, tally: Tally[Any], scene: Scene, *, folded: bool, marked: int) -> tuple[str, str]:
    """Return the name of a group with its sign, and what there is to say of its rows; `without` names an empty one."""
    sign = ("-+" if scene.ascii_only else "▾▸")[folded]
    facts = tally.words(len(group.keys), group.sums, scene)
    facts += [f"{marked} marked"] if marked else []
    return scene.fit(f"{sign} {scene.plain(group.name) or without}", NAME) + "  ", "  ".join(facts)


def arrow(column: Column[Any], orders: Sequence[Order], scene: Scene) -> str:
    """Return the arrow of a column that rows are sorted by, an empty one where it is the second."""
    place = next((place for place, order in enumerate(orders) if order.column.key == column.key), None)
    if place is None:
        return ""
    arrows = ("^v", "'.") if scene.ascii_only else ("▲▼", "△▽")
    return arrows[place][orders[place].downwards is not column.falls]


def gutter(scene: Scene, *, marked: bool, at_cursor: bool) -> str:
    mark = ("+" if scene.ascii_only else "✓") if marked else " "
    return ((">" if scene.ascii_only else "▶") if at_cursor else " ") + mark


def hint(text: str, line: int, width: int, scene: Scene) -> str:
    """Return one of the lines that say why there is no row; a command to type is never cut."""
    lines = wrap(text, max(20, width - 4), break_on_hyphens=False)
    return scene.fit("  " + lines[line] if line < len(lines) else "", width)
