"""How things are shown right now: the time that ages count from, the zone of clocks, and whether glyphs are allowed.

Everything that comes from users or guests passes through `plain` before it reaches a screen: a name may hold
escape sequences, line breaks or marks that turn the writing direction, and none may act on the terminal.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from rich.cells import cell_len, set_cell_size

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_]|[()*+][0-9A-Za-z])")
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "m"))
_BITS = ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"))
_LEVELS, _LEVELS_ASCII = "▁▂▃▄▅▆▇█", "_.-=+*%#"
Values = Sequence[float | None]


def _no_trend(name: str) -> Values:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`now_ms` is UTC; `ascii_only` keeps every line of the console within ASCII; `trend` knows busy cores by name."""

    now_ms: int
    ascii_only: bool = False
    zone: tzinfo | None = UTC
    trend: Callable[[str], Values] = _no_trend

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

    def lately(self, at_ms: int) -> str:
        """Say a moment without its day where that is today."""
        text = self.moment(at_ms)
        return text[11:] if text[:10] == self.moment(self.now_ms)[:10] else text

    @property
    def dash(self) -> str:
        return "-" if self.ascii_only else "–"

    def bar(self, used: float, whole: float, width: int) -> tuple[str, str]:
        """Draw how full something is: the full part and the free one; whatever is not empty shows."""
        full, free = ("#", ".") if self.ascii_only else ("━", "─")
        part = min(1.0, max(0.0, used / whole)) if whole > 0 else 0.0
        filled = max(round(part * width), 1 if part else 0) if width > 0 else 0
        return full * filled, free * (width - filled)

    def spark(self, values: Values, whole: float, width: int) -> str:
        """Draw the newest values as a line of exactly `width` cells; a dot is a step of which nothing is known."""
        levels, unknown = (_LEVELS_ASCII, " ") if self.ascii_only else (_LEVELS, "·")
        shown = [None] * max(0, width - len(values)) + list(values[len(values) - min(width, len(values)) :])
        top = len(levels) - 1
        return "".join(
            unknown
            if value is None
            else levels[min(top, max(0, int(len(levels) * value / whole)))]
            if whole
            else unknown
            for value in shown
        )


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


def rate(dash: str, *bytes_per_s: float | None, signs: tuple[str, ...] = ("",)) -> str:
    """Say how much goes over a network, in bits and one unit: 84 Mbit/s, ↓84 ↑31 Mbit/s."""
    known = [8 * amount for amount in bytes_per_s if amount is not None]
    if not known:
        return dash
    size, unit = next(((size, unit) for size, unit in _BITS if max(known) >= size), (1.0, "bit/s"))
    amounts = [dash if amount is None else _short(8 * amount / size) for amount in bytes_per_s]
    return " ".join(sign + amount for sign, amount in zip(signs, amounts, strict=True)) + f" {unit}"


def _short(amount: float) -> str:
    return f"{amount:.1f}" if 0 < amount < 10 else f"{amount:.0f}"


def watts(amount: float | None, dash: str) -> str:
    """Say what is drawn: 212 W, 4.1 kW."""
    if amount is None:
        return dash
    return f"{amount:.0f} W" if amount < 1000 else f"{amount / 1000:.1f} kW"


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
