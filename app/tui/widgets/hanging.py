"""What hangs on things, as lines of the dialog that asks whether they may go."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.api.hanging import HangingView, HangingViews
from app.tui.scene import Scene

INDENT = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """Lines to show; `free`: nothing hangs there; `known`: else nothing may go."""

    lines: Sequence[str]
    free: bool = False
    known: bool = True


def unknown(why: str) -> Hanging:
    """Say that nobody knows what hangs there."""
    return Hanging(lines=[f"Not known what hangs on it, so nothing goes: {why}"], known=False)


def lines_of(found: HangingViews, given: Sequence[str], scene: Scene) -> Hanging:
    """Say every tie of one thing, and the sums of many."""
    gone = [f"{one} is no more" for one in given if one not in {view.id for view in found.items}]
    said = _one(found.items[0], scene) if len(given) == 1 and found.items else _many(found, len(given), scene)
    return Hanging(lines=[scene.plain(line) for line in [*said, *gone]], free=not found.sums)


def _one(view: HangingView, scene: Scene) -> list[str]:
    ties = [
        INDENT + "  ".join(word for word in (tie.kind, tie.id, tie.detail, f"{scene.dash} {tie.fate}") if word)
        for tie in view.ties
    ]
    more = [f"{INDENT}and {view.more} more"] if view.more else []
    heading = ["Hanging on it:"] if ties else ["Nothing hangs on it."]
    return [*(f"It {note}." for note in view.notes), *heading, *ties, *more]


def _many(found: HangingViews, number: int, scene: Scene) -> list[str]:
    used = [f"{found.in_use or 'none'} of {number} in use.".capitalize()]
    if not found.sums:
        return [*used, "Nothing hangs on them."]
    return [*used, "Hanging on them:", *(INDENT + line for line in found.sums)]
