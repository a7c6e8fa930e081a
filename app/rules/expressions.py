"""From the grammar's tree of an expression to a typed one: kinds and dimensions against the catalogue.

The first fault of an expression is raised (`Faulty`); the reader goes on with the next clause. The traps: a chain as
`a < b < c` is grammatical, in CEL too, and means nothing; and nesting has a bound, so that no text exhausts the stack.
"""

from collections.abc import Callable, Sequence
from functools import cache

from lark import Token, Tree

from app.rules.calls import call
from app.rules.catalogue import Sensor
from app.rules.faults import listed, nearest
from app.rules.literals import number, text
from app.rules.names import sensor
from app.rules.quantities import DEGREES, FLAG, NUMBER, TEXT, TEXTS, USUAL, Dimension, Kind, Type
from app.rules.syntax import Node, Piece, parse
from app.rules.terms import (
    Among,
    Arithmetic,
    Choice,
    Compare,
    Expr,
    Literal,
    Logic,
    Negative,
    Not,
    Numbers,
    Reading,
    Texts,
    scopes,
)

EVERY_SCOPE = frozenset({"host", "vm", "rack", "cluster", "now"})
DEEPEST = 100
_HINTS = {
    (Kind.FLAG, Kind.NUMBER): "; compare it, as in `… > 0`",
    (Kind.FLAG, Kind.TEXT): '; compare it, as in `… == "gold"`',
    (Kind.FLAG, Kind.TEXTS): '; ask with `in`, as in `"gold" in host.tags`',
    (Kind.NUMBER, Kind.FLAG): "; write `… ? 1 : 0`",
}


def condition(piece: Piece, node: Node, allowed: frozenset[str] = EVERY_SCOPE) -> Expr:
    """Type a condition; `allowed` names whose sensors can be read in it."""
    return _Reader(piece, allowed).of_kind(node, Kind.FLAG, "this place")


def quantity(piece: Piece, node: Node, allowed: frozenset[str] = EVERY_SCOPE) -> Expr:
    """Type a number of any dimension."""
    return _Reader(piece, allowed).of_kind(node, Kind.NUMBER, "this place")


@cache
def formula(derived: Sensor) -> Expr:
    """Return the typed formula of a derived sensor."""
    piece = Piece(file="catalogue", line=1, text=f"rule formula {{ prefer {derived.formula} }}")
    tree = parse(piece)
    assert isinstance(tree, Tree)
    return quantity(piece, next(tree.find_data("prefer")).children[0])


class _Reader:
    """Types one expression of a piece."""

    def __init__(self, piece: Piece, allowed: frozenset[str]) -> None:
        self.piece = piece
        self.allowed = allowed
        self.depth = 0
        self.forms: dict[str, Callable[[Tree[Token]], Expr]] = {
            "choice": self.choice,
            "either": self.logic,
            "both": self.logic,
            "compare": self.compare,
            "among": self.among,
            "arithmetic": self.arithmetic,
            "negation": lambda tree: Not(self.of_kind(tree.children[0], Kind.FLAG, "`!`")),
            "negative": lambda tree: Negative(self.of_kind(tree.children[1], Kind.NUMBER, "`-`")),
            "quantity": lambda tree: number(piece, _token(tree)),
            "text": lambda tree: Literal(text(piece, _token(tree)), TEXT),
            "true": lambda tree: Literal(True, FLAG),
            "false": lambda tree: Literal(False, FLAG),
            "path": lambda tree: self.path(_token(tree)),
            "call": lambda tree: call(piece, tree, self.typed, self.alike),
            "list": self.listing,
        }

    def typed(self, node: Node) -> Expr:
        """Type one node and those below it."""
        assert isinstance(node, Tree)
        if self.depth == DEEPEST:
            raise self.piece.faulty(node, f"this is nested more than {DEEPEST} deep; split it into several clauses")
        self.depth += 1
        found = self.forms[node.data](node)
        self.depth -= 1
        return found

    def of_kind(self, node: Node, kind: Kind, where: str) -> Expr:
        found = self.typed(node)
        if found.type.kind is not kind:
            hint = _HINTS.get((kind, found.type.kind), "")
            raise self.piece.faulty(node, f"{where} needs a {kind}, not {found.type}{hint}")
        return found

    def choice(self, tree: Tree[Token]) -> Expr:
        asked, first, second = tree.children
        test = self.of_kind(asked, Kind.FLAG, "the place before `?`")
        yes, no = self.typed(first), self.typed(second)
        if yes.type.kind not in {Kind.NUMBER, Kind.FLAG}:
            raise self.piece.faulty(first, "a choice is between numbers or conditions; compare the texts instead")
        if yes.type.kind is not no.type.kind:
            raise self.piece.faulty(second, f"both sides of `:` must be alike: {yes.type} and {no.type}")
        if yes.type.kind is Kind.FLAG:
            return Choice(test, yes, no, FLAG)
        return Choice(test, yes, no, Type(Kind.NUMBER, self.same((first, yes), (second, no))))

    def logic(self, tree: Tree[Token]) -> Expr:
        sign = "&&" if tree.data == "both" else "||"
        left, right = (self.of_kind(node, Kind.FLAG, f"`{sign}`") for node in tree.children)
        return Logic(sign, left, right)

    def compare(self, tree: Tree[Token]) -> Expr:
        first, sign, second = tree.children
        left, right = self.typed(first), self.typed(second)
        if isinstance(left, Compare) and left.operator not in {"==", "!="} and right.type.kind is Kind.NUMBER:
            raise self.piece.faulty(tree, "comparisons do not chain; write `a < b && b < c`")
        if Kind.TEXTS in {left.type.kind, right.type.kind}:
            raise self.piece.faulty(tree, 'a set is asked with `in`, as in `"gold" in host.tags`')
        if left.type.kind is not right.type.kind:
            raise self.piece.faulty(second, _unlike(left, right))
        if left.type.kind is Kind.NUMBER:
            self.same((first, left), (second, right))
        elif sign not in {"==", "!="}:
            raise self.piece.faulty(tree, f"a {left.type.kind} is compared with `==` or `!=` only")
        self.spelled(second, left, right)
        self.spelled(first, right, left)
        return Compare(str(sign), left, right)

    def among(self, tree: Tree[Token]) -> Expr:
        first, second = tree.children
        item, among = self.typed(first), self.typed(second)
        if item.type.kind is Kind.TEXTS:
            raise self.piece.faulty(tree, 'the set stands behind `in`, as in `"gold" in host.tags`')
        if not isinstance(among, Numbers) and among.type.kind is not Kind.TEXTS:
            raise self.piece.faulty(
                second, f'behind `in` stands a set or a list, as `["a", "b"]`; this is {among.type}'
            )
        wanted = Kind.NUMBER if isinstance(among, Numbers) else Kind.TEXT
        if item.type.kind is not wanted:
            raise self.piece.faulty(first, f"these are {wanted}s, and {item.type} cannot be among them")
        if isinstance(among, Numbers):
            self.same((first, item), (second, among))
        if isinstance(among, Texts):
            for each in among.values:
                self.spelled(second, item, Literal(each, TEXT))
        return Among(item, among)

    def spelled(self, node: Node, asked: Expr, other: Expr) -> None:
        """Refuse a text that the sensor never is."""
        if not isinstance(asked, Reading) or not isinstance(other, Literal):
            return
        known = asked.sensor.values
        if known and other.value not in known:
            near = nearest(str(other.value), known)
            said = f'do you mean "{near}"?' if near else f"it is {listed(known)}"
            message = f'`{asked.sensor.name}` is never "{other.value}"; {said}'
            raise self.piece.faulty(node, message, met=str(other.value), nearest=near)

    def arithmetic(self, tree: Tree[Token]) -> Expr:
        first, sign, second = tree.children
        left = self.of_kind(first, Kind.NUMBER, f"`{sign}`")
        right = self.of_kind(second, Kind.NUMBER, f"`{sign}`")
        match sign:
            case "*":
                dimension = left.type.dimension * right.type.dimension
            case "/":
                dimension = left.type.dimension / right.type.dimension
            case _:
                dimension = self.same((first, left), (second, right))
        return Arithmetic(str(sign), left, right, Type(Kind.NUMBER, dimension))

    def alike(self, nodes: Sequence[Node]) -> tuple[tuple[Expr, ...], Type]:
        """Type numbers that must have one dimension, and that dimension."""
        terms = [self.of_kind(node, Kind.NUMBER, "this place") for node in nodes]
        pairs = list(zip(nodes, terms, strict=True))
        first = next((pair for pair in pairs if not _zero(pair[1])), pairs[0])
        for pair in pairs:
            self.same(first, pair)
        return tuple(terms), first[1].type

    def same(self, first: tuple[Node, Expr], second: tuple[Node, Expr]) -> Dimension:
        """Return the dimension that both have; a bare 0 has every one but degrees."""
        (_, left), (node, right) = first, second
        one, other = left.type.dimension, right.type.dimension
        if one == other or (_zero(right) and one != DEGREES):
            return one
        if _zero(left) and other != DEGREES:
            return other
        for (number_node, bare), (named, meant) in ((second, first), (first, second)):
            if isinstance(bare, Literal) and bare.type == NUMBER and meant.type.dimension in USUAL:
                name, written = self.piece.words(named), self.piece.words(number_node) + USUAL[meant.type.dimension]
                message = f"`{name}` is {meant.type}; give the number its unit, as in `{written}`"
                raise self.piece.faulty(number_node, message)
        words = [self.piece.words(each) for each in (first[0], node)]
        raise self.piece.faulty(
            node, f"`{words[0]}` is {one}, `{words[1]}` is {other}; these cannot be compared or added"
        )

    def path(self, token: Token) -> Expr:
        found = sensor(self.piece, token)
        reading = Reading(found, formula(found) if found.formula else None)
        if missing := scopes(reading) - self.allowed:
            who = listed(sorted(missing), "and")
            raise self.piece.faulty(token, f"`{token}` cannot be read here, where no {who} is looked at", met=token)
        return reading

    def listing(self, tree: Tree[Token]) -> Expr:
        nodes = tree.children
        items = [self.typed(node) for node in nodes]
        if not items:
            raise self.piece.faulty(tree, "an empty list holds nothing; name something, or leave the condition out")
        for node, item in zip(nodes, items, strict=True):
            if not isinstance(item, Literal) or item.type.kind is Kind.FLAG:
                raise self.piece.faulty(node, 'a list holds texts or numbers written out, as in `["a", "b"]`')
            if item.type != items[0].type:
                raise self.piece.faulty(node, f"a list holds things of one sort, not {items[0].type} and {item.type}")
        values = [item.value for item in items if isinstance(item, Literal)]
        if items[0].type == TEXT:
            return Texts(tuple(str(each) for each in values), TEXTS)
        return Numbers(tuple(float(each) for each in values), items[0].type)


def _unlike(left: Expr, right: Expr) -> str:
    """Say what to write where things of two kinds are compared."""
    for side in (left, right):
        if isinstance(side, Reading) and side.type.kind is Kind.FLAG:
            name = side.sensor.name
            return f"`{name}` is a condition in itself; write `{name}` or `!{name}`"
    if left.type.kind is Kind.TEXT:
        return f'{left.type} is compared with a text in double quotes, as in `== "gold"`; this is {right.type}'
    if right.type.kind is Kind.TEXT:
        return f"{left.type} is compared with a number, without quotes; this is {right.type}"
    return f"{left.type} cannot be compared with {right.type}"


def _zero(term: Expr) -> bool:
    return isinstance(term, Literal) and term.type == NUMBER and term.value == 0


def _token(tree: Tree[Token]) -> Token:
    (token,) = tree.children
    assert isinstance(token, Token)
    return token
