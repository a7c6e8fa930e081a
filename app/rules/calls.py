"""Calls in expressions: what stands between the brackets, by the function's parameters in the catalogue."""

from collections.abc import Callable, Sequence

from lark import Token, Tree

from app.rules.catalogue import FUNCTIONS, PLACES, TRAITS, Function, Parameter, Sensor
from app.rules.faults import nearest
from app.rules.literals import seconds
from app.rules.quantities import FLAG, NUMBER, SECONDS, Kind, Type
from app.rules.syntax import Node, Piece
from app.rules.terms import Age, Average, Cached, Call, Crowd, Expr, Known, Reading, WattsWith

_WORDS = {
    Parameter.PLACE: PLACES,
    Parameter.TRAIT: TRAITS,
    Parameter.HOST: ("host",),
    Parameter.VM: ("vm",),
    Parameter.IMAGE: ("vm.image",),
}
Typed = Callable[[Node], Expr]
Alike = Callable[[Sequence[Node]], tuple[tuple[Expr, ...], Type]]


def call(piece: Piece, tree: Tree[Token], typed: Typed, alike: Alike) -> Expr:
    """Type a call; `typed` types one argument, `alike` several numbers that must have one dimension."""
    name, *nodes = tree.children
    assert isinstance(name, Token)
    function = _function(piece, name)
    _counted(piece, tree, function, nodes)
    for parameter, node in zip(function.parameters, nodes, strict=False):
        _fits(piece, function, parameter, node)
    if Parameter.NUMBER in function.parameters:
        return Call(function.name, *alike(nodes))
    return _special(piece, function, nodes, typed)


def _function(piece: Piece, name: Token) -> Function:
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    near = nearest(name, FUNCTIONS)
    hint = f"do you mean `{near}`?" if near else f"known are {', '.join(FUNCTIONS)}"
    raise piece.faulty(name, f"there is no function `{name[:60]}`; {hint}", met=name, nearest=near)


def _counted(piece: Piece, tree: Tree[Token], function: Function, nodes: Sequence[Node]) -> None:
    wanted = len(function.parameters)
    if len(nodes) != wanted and not (function.more and len(nodes) > wanted):
        raise piece.faulty(
            tree, f"`{function.name}` takes {wanted} values, not {len(nodes)}; write `{function.example}`"
        )


def _fits(piece: Piece, function: Function, parameter: Parameter, node: Node) -> None:
    word = _word(node)
    if parameter in _WORDS and word not in _WORDS[parameter]:
        raise piece.faulty(node, f"here stands {parameter}, as in `{function.example}`", met=word)
    if parameter is Parameter.PERIOD and not (isinstance(node, Tree) and node.data == "quantity"):
        raise piece.faulty(node, f"here stands {parameter}, as in `{function.example}`")


def _special(piece: Piece, function: Function, nodes: Sequence[Node], typed: Typed) -> Expr:
    match function.name:
        case "count" | "share":
            return Crowd(function.name, _word(nodes[0]), _word(nodes[1]), NUMBER)
        case "same":
            return Crowd(function.name, _word(nodes[0]), _word(nodes[1]), FLAG)
        case "cached":
            return Cached()
        case "watts_with":
            return WattsWith()
        case _:
            return _about(piece, function, nodes, typed)


def _about(piece: Piece, function: Function, nodes: Sequence[Node], typed: Typed) -> Expr:
    """Type a call that asks about a reading, not for its value."""
    reading = _reading(piece, function, nodes[0], typed)
    if function.name == "known":
        return Known(reading)
    if function.name == "age":
        return Age(_measured(piece, nodes[0], reading), Type(Kind.NUMBER, SECONDS))
    return _average(piece, nodes, reading)


def _average(piece: Piece, nodes: Sequence[Node], reading: Reading) -> Expr:
    if reading.type.kind is not Kind.NUMBER:
        raise piece.faulty(nodes[0], f"only numbers have a mean, `{reading.sensor.name}` is {reading.type}")
    period = nodes[1]
    assert isinstance(period, Tree)
    (token,) = period.children
    assert isinstance(token, Token)
    return Average(reading.sensor, seconds(piece, token))


def _measured(piece: Piece, node: Node, reading: Reading) -> Sensor:
    if reading.formula is not None:
        raise piece.faulty(node, f"`{reading.sensor.name}` is `{reading.sensor.formula}`; ask one of these for its age")
    return reading.sensor


def _reading(piece: Piece, function: Function, node: Node, typed: Typed) -> Reading:
    if not _word(node):
        raise piece.faulty(node, f"here stands {Parameter.SENSOR}, as in `{function.example}`")
    found = typed(node)
    assert isinstance(found, Reading)
    return found


def _word(node: Node) -> str:
    """Return the path that a node is; empty if it is something else."""
    if isinstance(node, Tree) and node.data == "path":
        return str(node.children[0])
    return ""
