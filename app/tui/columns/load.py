"""What hosts, clusters and instances do, as values and texts of columns.

Unknown is a dash and sorts below everything; it is minus infinity to the filter, which takes it for no number. The
trap: a share counts from the cores that are there, not from those that may be given away.
"""

from typing import Any, Protocol

from app.tui.looks import tone_of_load
from app.tui.scene import Scene, share, watts

UNKNOWN = float("-inf")
LINE = 8


class Loaded(Protocol):
    """A view with a load."""

    @property
    def load(self) -> Any: ...


def known(view: Loaded, name: str) -> float | None:
    """Return one figure of the load, None where it is not known."""
    return getattr(view.load, name) if view.load is not None else None


def part(used: float | None, whole: float) -> float:
    """Return a share in percent for sorting and filtering."""
    return UNKNOWN if used is None or whole <= 0 else 100 * used / whole


def percent(used: float | None, whole: float, scene: Scene) -> str:
    return scene.dash if used is None else share(used, whole) or scene.dash


def line(view: Loaded, name: str, whole: float, scene: Scene, cells: int = LINE) -> str:
    """Draw the trend with the newest share behind it; `name` is whose trend it is."""
    if view.load is None:
        return scene.dash
    return f"{scene.spark(scene.trend(name), whole, cells)} {percent(known(view, 'cpu_used'), whole, scene):>4}"


def drawn(view: Loaded, scene: Scene) -> str:
    return watts(known(view, "watts"), scene.dash)


def tone(view: Loaded, used: float | None, whole: float) -> str:
    """Dim what is unknown or too old."""
    if used is None or getattr(view.load, "stale", False):
        return "off"
    return tone_of_load(used, whole)
