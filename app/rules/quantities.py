"""What values of the rule language are: kinds, dimensions, and units as factors to the base unit of a dimension.

The trap: degrees have no common zero with anything, so a bare 0 fits every dimension but theirs.
"""

from dataclasses import astuple, dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The four kinds of value; the words are those of messages."""

    NUMBER = "number"
    FLAG = "condition"
    TEXT = "text"
    TEXTS = "set of texts"


@dataclass(frozen=True, slots=True)
class Dimension:
    """Exponents of the base units; all 0 is a plain number (a count or a ratio)."""

    byte: int = 0
    second: int = 0
    watt: int = 0
    degree: int = 0
    mips: int = 0

    def __mul__(self, other: "Dimension") -> "Dimension":
        return Dimension(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __truediv__(self, other: "Dimension") -> "Dimension":
        return Dimension(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        if self in NAMES:
            return NAMES[self]
        symbols = zip(("B", "s", "W", "degC", "MIPS"), astuple(self), strict=True)
        return "·".join(symbol if power == 1 else f"{symbol}^{power}" for symbol, power in symbols if power)


PLAIN = Dimension()
BYTES = Dimension(byte=1)
SECONDS = Dimension(second=1)
RATE = Dimension(byte=1, second=-1)
WATTS = Dimension(watt=1)
DEGREES = Dimension(degree=1)
SPEED = Dimension(mips=1)

NAMES = {
    PLAIN: "a plain number",
    BYTES: "bytes",
    SECONDS: "a time",
    RATE: "bytes per second",
    WATTS: "watts",
    DEGREES: "degrees Celsius",
    SPEED: "MIPS",
}

UNITS: dict[str, tuple[Dimension, float]] = {
    "pct": (PLAIN, 0.01),
    "ms": (SECONDS, 0.001),
    "s": (SECONDS, 1.0),
    "min": (SECONDS, 60.0),
    "h": (SECONDS, 3600.0),
    "d": (SECONDS, 86400.0),
    "W": (WATTS, 1.0),
    "kW": (WATTS, 1000.0),
    "degC": (DEGREES, 1.0),
    "MIPS": (SPEED, 1.0),
    **{
        prefix + unit: (dimension, factor)
        for unit, dimension in (("B", BYTES), ("Bps", RATE))
        for prefix, factor in (
            ("", 1.0),
            ("k", 1e3),
            ("M", 1e6),
            ("G", 1e9),
            ("T", 1e12),
            ("Ki", 2.0**10),
            ("Mi", 2.0**20),
            ("Gi", 2.0**30),
            ("Ti", 2.0**40),
        )
    },
}

# The unit that a message proposes, and other spellings that people try.
USUAL = {BYTES: "GiB", SECONDS: "min", RATE: "MiBps", WATTS: "W", DEGREES: "degC", SPEED: "MIPS"}
MEANT = {
    "%": "pct",
    "percent": "pct",
    "sec": "s",
    "seconds": "s",
    "m": "min",
    "minutes": "min",
    "mins": "min",
    "hour": "h",
    "hours": "h",
    "days": "d",
    "C": "degC",
    "celsius": "degC",
    "b": "B",
    "K": "KiB",
    "M": "MiB",
    "G": "GiB",
    "T": "TiB",
    "watts": "W",
    "w": "W",
}


@dataclass(frozen=True, slots=True)
class Type:
    """A kind, and for numbers a dimension."""

    kind: Kind
    dimension: Dimension = PLAIN

    def __str__(self) -> str:
        return str(self.dimension) if self.kind is Kind.NUMBER else f"a {self.kind}"


NUMBER = Type(Kind.NUMBER)
FLAG = Type(Kind.FLAG)
TEXT = Type(Kind.TEXT)
TEXTS = Type(Kind.TEXTS)
