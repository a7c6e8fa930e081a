"""Names in expressions: the sensor behind one, or what its writer may have meant."""

from lark import Token

from app.rules.catalogue import FUNCTIONS, SENSORS, Sensor
from app.rules.faults import Faulty, listed, nearest
from app.rules.quantities import UNITS
from app.rules.syntax import Piece


def sensor(piece: Piece, token: Token) -> Sensor:
    """Look a sensor up."""
    found = SENSORS.get(token)
    if found is None:
        raise _unknown(piece, token)
    return found


def _unknown(piece: Piece, token: Token) -> Faulty:
    name = token[:60]
    below = [f"`{known}`" for known in SENSORS if known.startswith(f"{name}.")]
    near = nearest(name, SENSORS)
    if name in FUNCTIONS:
        hint = f"it is a function, as in `{FUNCTIONS[name].example}`"
    elif below:
        hint = f"it is no value; name one of its own, as {listed(below[:3])}"
    elif name in UNITS:
        hint = f"a unit stands directly behind a number, as in `5{name}`; per second is written as in `10MiBps`"
    elif near:
        hint = f"do you mean `{near}`?"
    else:
        hint = f'a text stands in double quotes: `"{name}"`'
    return piece.faulty(token, f"there is no name `{name}`: {hint}", met=name, nearest=near)
