"""Names in expressions: the sensor behind one, or what its writer may have meant."""

from lark import Token

from app.rules.catalogue import FUNCTIONS, SENSORS, Sensor
from app.rules.faults import Faulty, nearest
from app.rules.syntax import Piece


def sensor(piece: Piece, token: Token) -> Sensor:
    """Look a sensor up."""
    found = SENSORS.get(token)
    if found is None:
        raise _unknown(piece, token)
    return found


def _unknown(piece: Piece, token: Token) -> Faulty:
    if token in FUNCTIONS:
        return piece.faulty(token, f"`{token}` is a function, as in `{FUNCTIONS[token].example}`", met=token)
    below = [name for name in SENSORS if name.startswith(f"{token}.")]
    if below:
        return piece.faulty(token, f"`{token}` is no value but has some, as `{below[0]}`; name one", met=token)
    near = nearest(token, SENSORS)
    hint = f"do you mean `{near}`?" if near else "the names are listed in docs/rules.md; a text stands in double quotes"
    return piece.faulty(token, f"there is no `{token[:60]}`; {hint}", met=token, nearest=near)
