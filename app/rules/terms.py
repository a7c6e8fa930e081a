"""Expressions, typed: the form that both evaluators walk. Names are sensors, numbers stand in base units."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import get_args

from app.rules.catalogue import Sensor
from app.rules.quantities import FLAG, NUMBER, TEXTS, WATTS, Kind, Type


@dataclass(frozen=True, slots=True)
class Literal:
    """A number in base units, a text, or a flag."""

    value: float | str | bool
    type: Type


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts written out."""

    values: tuple[str, ...]
    type: Type = TEXTS


@dataclass(frozen=True, slots=True)
class Numbers:
    """A list of numbers written out."""

    values: tuple[float, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a sensor; `formula` instead, where the catalogue derives it from others."""

    sensor: Sensor
    formula: "Expr | None" = None

    @property
    def type(self) -> Type:
        return self.sensor.type


@dataclass(frozen=True, slots=True)
class Not:
    operand: "Expr"
    type: Type = FLAG


@dataclass(frozen=True, slots=True)
class Negative:
    operand: "Expr"

    @property
    def type(self) -> Type:
        return self.operand.type


@dataclass(frozen=True, slots=True)
class Logic:
    """`&&` or `||`."""

    operator: str
    left: "Expr"
    right: "Expr"
    type: Type = FLAG


@dataclass(frozen=True, slots=True)
class Compare:
    """One of == != < <= > >=; other kinds than numbers are compared by the first two only."""

    operator: str
    left: "Expr"
    right: "Expr"
    type: Type = FLAG


@dataclass(frozen=True, slots=True)
class Among:
    """`in`: a number among numbers, a text among texts."""

    item: "Expr"
    among: "Expr"
    type: Type = FLAG


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """One of + - * / on numbers, by the rules of 64-bit floats: a division by 0 is infinite or not a number."""

    operator: str
    left: "Expr"
    right: "Expr"
    type: Type


@dataclass(frozen=True, slots=True)
class Choice:
    """`test ? yes : no`."""

    test: "Expr"
    yes: "Expr"
    no: "Expr"
    type: Type


@dataclass(frozen=True, slots=True)
class Call:
    """min, max, clamp or cyclic of numbers."""

    function: str
    arguments: tuple["Expr", ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Crowd:
    """count, share or same: machines in a place that have a trait in common with the one in question."""

    function: str
    place: str
    trait: str
    type: Type = NUMBER


@dataclass(frozen=True, slots=True)
class Cached:
    """Whether the host holds the machine's image."""

    type: Type = FLAG


@dataclass(frozen=True, slots=True)
class WattsWith:
    """What the host would draw with the machine on it."""

    type: Type = Type(Kind.NUMBER, WATTS)


@dataclass(frozen=True, slots=True)
class Average:
    """A sensor's mean over the last `seconds`."""

    sensor: Sensor
    seconds: float

    @property
    def type(self) -> Type:
        return self.sensor.type


@dataclass(frozen=True, slots=True)
class Age:
    """Seconds since a sensor was read."""

    sensor: Sensor
    type: Type


@dataclass(frozen=True, slots=True)
class Known:
    """Whether there is a value that is not too old."""

    reading: Reading
    type: Type = FLAG


Expr = (
    Literal
    | Texts
    | Numbers
    | Reading
    | Not
    | Negative
    | Logic
    | Compare
    | Among
    | Arithmetic
    | Choice
    | Call
    | Crowd
    | Cached
    | WattsWith
    | Average
    | Age
    | Known
)


def inside(term: Expr) -> Iterator[Expr]:
    """Yield the terms that a term is directly made of; of a derived sensor, its formula."""
    for each in fields(term):
        held = getattr(term, each.name)
        for part in held if isinstance(held, tuple) else (held,):
            if isinstance(part, get_args(Expr)):
                yield part


def parts(term: Expr) -> Iterator[Expr]:
    """Yield a term and everything that it is made of."""
    yield term
    for part in inside(term):
        yield from parts(part)


def scopes(term: Expr) -> frozenset[str]:
    """Name whose values a term reads: host, vm, rack, cluster, now."""
    found: set[str] = set()
    for part in parts(term):
        match part:
            case Crowd() | Cached() | WattsWith():
                found |= {"host", "vm"}
            case Average(sensor=sensor) | Age(sensor=sensor) | Reading(sensor=sensor, formula=None):
                found.add(sensor.scope)
            case _:
                pass
    return frozenset(found)
