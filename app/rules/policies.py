"""From the grammar's tree of a policy to a typed one, line by line."""

from lark import Token, Tree

from app.rules.catalogue import BUDGETS, PERIODS, Budget
from app.rules.expressions import quantity
from app.rules.faults import Fault, listed, nearest
from app.rules.lines import Lines
from app.rules.literals import number, plain, seconds
from app.rules.syntax import Piece
from app.rules.terms import Expr
from app.rules.tree import Limit, Policy, Use


def policy(piece: Piece, tree: Tree[Token]) -> tuple[Policy, list[Fault]]:
    """Type a policy; what is wrong in it is returned beside what is right."""
    name, title, *rest = tree.children
    limits = [node for line in rest if isinstance(line, Tree) and line.data == "budget" for node in line.children]
    lines = Lines(piece, [*rest, *limits])
    made = Policy(
        name=str(name),
        title=lines.title(title),
        uses=lines.each("use", _use),
        remap_s=lines.once("remap", _remap, 0.0),
        limits=lines.each("limit", _limit),
        gain=lines.once("gain", _gain, 0.0),
        tiebreak=lines.once("tiebreak", _tiebreak, None),
        at=piece.mark(name),
    )
    return made, lines.faults


def _use(piece: Piece, line: Tree[Token]) -> Use:
    name, weight = line.children
    factor = plain(piece, weight, "a weight") if isinstance(weight, Token) else 1.0
    return Use(rule=str(name), weight=factor, at=piece.mark(name))


def _remap(piece: Piece, line: Tree[Token]) -> float:
    return seconds(piece, _token(line, 0))


def _gain(piece: Piece, line: Tree[Token]) -> float:
    return plain(piece, _token(line, 0), "the gain")


def _tiebreak(piece: Piece, line: Tree[Token]) -> Expr | None:
    return quantity(piece, line.children[0])


def _limit(piece: Piece, line: Tree[Token]) -> Limit:
    name, most, per = (_token(line, index) for index in range(3))
    budget = _budget(piece, name)
    found = number(piece, most)
    if found.type.dimension != budget.dimension:
        raise piece.faulty(most, f"`{name}` is limited by {budget.dimension}, as in `{budget.example}`", met=most)
    if per not in budget.per:
        near = nearest(per, PERIODS)
        raise piece.faulty(
            per, f"`{name}` is limited per {listed(budget.per)}, as in `{budget.example}`", met=per, nearest=near
        )
    return Limit(what=str(name), most=float(found.value), per=str(per), at=piece.mark(name))


def _budget(piece: Piece, name: Token) -> Budget:
    if name in BUDGETS:
        return BUDGETS[name]
    near = nearest(name, BUDGETS)
    hint = f"do you mean `{near}`?" if near else f"known are {listed(BUDGETS, 'and')}"
    raise piece.faulty(name, f"there is no budget of `{name}`; {hint}", met=name, nearest=near)


def _token(line: Tree[Token], index: int) -> Token:
    found = line.children[index]
    assert isinstance(found, Token)
    return found
