"""How things are shown right now: the time that ages count from, the zone of clocks, and whether glyphs are allowed.

Everything that comes from users or guests passes through `plain` before it reaches a screen: a name may hold
escape sequences, line breaks or marks that turn the writing direction, and none may act on the terminal.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from rich.cells import cell_len, set_cell_size

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_]|[()*+][0-9A-Za-z])")
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "m"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`now_ms` is UTC; `ascii_only` keeps every line of the console within ASCII."""

    now_ms: int
    ascii_only: bool = False
    zone: tzinfo | None = UTC

    def plain(self, text: str) -> str:
        """Return one line without anything that a terminal would act on."""
        text = printable(text)
        return text.encode("ascii", "replace").decode() if self.ascii_only else text

    def fit(self, text: str, width: int, align: str = "left") -> str:
        """Cut or pad to exactly `width` cells; what was cut shows."""
        if width <= 0:
            return ""
        length = cell_len(text)
        if length > width:
            return set_cell_size(text, width - 1) + ("~" if self.ascii_only else "…")
        return " " * (width - length) + text if align == "right" else text + " " * (width - length)

    def age(self, since_ms: int) -> str:
        """Say how long ago that was, in one unit; a dash for never."""
        return span((self.now_ms - since_ms) / 1000) if since_ms else self.dash

    def clock(self, at_ms: int) -> str:
        return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(self.zone).strftime("%H:%M:%S")

    def moment(self, at_ms: int) -> str:
        if not at_ms:
            return self.dash
        return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S %Z")

    @property
    def dash(self) -> str:
        return "-" if self.ascii_only else "–"

    def bar(self, used: float, whole: float, width: int) -> tuple[str, str]:
        """Draw how full something is: the full part and the free one; whatever is not empty shows."""
        full, free = ("#", ".") if self.ascii_only else ("━", "─")
        part = min(1.0, max(0.0, used / whole)) if whole > 0 else 0.0
        filled = max(round(part * width), 1 if part else 0) if width > 0 else 0
        return full * filled, free * (width - filled)


def span(seconds: float) -> str:
    """Say a duration in its greatest whole unit: 42s, 4m, 3h, 9d."""
    seconds = max(0, int(seconds))
    return next((f"{seconds // size}{unit}" for size, unit in _STEPS if seconds >= size), f"{seconds}s")


def counted(number: int, thing: str) -> str:
    """Say how many: 1 host, 2 hosts, 3 entries."""
    many = f"{thing[:-1]}ies" if thing.endswith("ry") else f"{thing}s"
    return f"{number} {thing if number == 1 else many}"


def share(used: float, whole: float) -> str:
    return f"{100 * used / whole:.0f}%" if whole > 0 else ""


def mib(amount: int) -> str:
    """Say an amount of memory: 512 MiB, 16 GiB, 1.5 GiB."""
    return (
        f"{amount} MiB"
        if amount < 1024
        else f"{amount / 1024:g} GiB"
        if amount % 512 == 0
        else f"{amount / 1024:.1f} GiB"
    )


def printable(text: str) -> str:
    """Return the text with a dot for every sign that a terminal would act on."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "·" for sign in text)


def guest_lines(text: str) -> list[str]:
    """Split what a guest wrote into printable lines: escape sequences go, a carriage return overwrites."""
    quiet = _ESCAPES.sub("", text).replace("\r\n", "\n").expandtabs(8)
    return [printable(line.rstrip("\r").rpartition("\r")[2]) for line in quiet.split("\n")]
