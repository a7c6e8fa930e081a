"""Numbers with units, and texts, as they are written."""

from math import isfinite

from lark import Token

from app.rules.faults import nearest
from app.rules.grammar import NUMERAL
from app.rules.quantities import MEANT, PLAIN, SECONDS, UNITS, Dimension, Kind, Type
from app.rules.syntax import Piece
from app.rules.terms import Literal


def number(piece: Piece, token: Token) -> Literal:
    """Read a number into base units."""
    numeral = NUMERAL.match(token)
    assert numeral
    dimension, factor = _unit(piece, token, token[numeral.end() :], numeral.group())
    value = float(numeral.group()) * factor
    if not isfinite(value):
        raise piece.faulty(token, f"`{token[:20]}` is too large for a number")
    return Literal(value, Type(Kind.NUMBER, dimension))


def plain(piece: Piece, token: Token, what: str) -> float:
    """Read a number that must not have a unit other than pct."""
    return _of(piece, token, PLAIN, f"{what} is a plain number, as in `0.5`")


def seconds(piece: Piece, token: Token) -> float:
    """Read a time."""
    return _of(piece, token, SECONDS, "a time needs a unit, as in `5min` or `90s`")


def text(piece: Piece, token: Token) -> str:
    """Read what stands between double quotes."""
    if "\ufffd" in token:
        raise piece.faulty(token, "this is not UTF-8; save the file as UTF-8")
    return str(token[1:-1]).replace('\\"', '"').replace("\\\\", "\\")


def _of(piece: Piece, token: Token, dimension: Dimension, otherwise: str) -> float:
    found = number(piece, token)
    if found.type.dimension != dimension:
        raise piece.faulty(token, otherwise)
    return float(found.value)


def _unit(piece: Piece, token: Token, unit: str, numeral: str) -> tuple[Dimension, float]:
    if not unit:
        return PLAIN, 1.0
    if unit in UNITS:
        return UNITS[unit]
    near = MEANT.get(unit) or MEANT.get(unit.lower()) or nearest(unit, UNITS)
    hint = f"do you mean `{numeral[:20]}{near}`?" if near else f"known are {', '.join(UNITS)}"
    raise piece.faulty(token, f"`{unit[:20]}` is no unit; {hint}", met=unit, nearest=near)
