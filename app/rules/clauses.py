"""From the grammar's tree of a rule to a typed one, clause by clause: a faulty clause is left out and said.

The trap: what a condition is asked of (each host, or each machine) follows from the names in it, and what is done
then must fit that.
"""

from lark import Token, Tree

from app.rules.expressions import EVERY_SCOPE, condition, quantity
from app.rules.faults import Fault
from app.rules.lines import Lines
from app.rules.literals import plain, seconds, text
from app.rules.quantities import NUMBER
from app.rules.syntax import Node, Piece
from app.rules.terms import Choice, Expr, Literal, Logic, Not, scopes
from app.rules.tree import Applies, Deed, Hard, Phase, Rule, Soft, Subject, Trigger

_HOST_SCOPES = EVERY_SCOPE - {"vm"}
_VM_SCOPES = frozenset({"vm", "now"})
_NOTHING = Literal(0.0, NUMBER)
_VM_DEEDS = frozenset({Deed.MIGRATE, Deed.RESTART, Deed.ALERT})


def rule(piece: Piece, tree: Tree[Token]) -> tuple[Rule, list[Fault]]:
    """Type a rule; what is wrong in it is returned beside what is right."""
    name, title, *rest = tree.children
    lines = Lines(piece, rest)
    clauses = lines.each("clause", _clause)
    made = Rule(
        name=str(name),
        title=lines.title(title),
        phases=lines.once("at", _phases, frozenset(Phase)),
        applies=lines.once("applies", _applies, None),
        observed=lines.once("mode", _mode, False),
        cooldown_s=lines.once("cooldown", _cooldown, 0.0),
        hard=tuple(clause for clause in clauses if isinstance(clause, Hard)),
        soft=tuple(clause for clause in clauses if isinstance(clause, Soft)),
        triggers=tuple(clause for clause in clauses if isinstance(clause, Trigger)),
        at=piece.mark(name),
    )
    return made, lines.faults


def _phases(piece: Piece, line: Tree[Token]) -> frozenset[Phase]:
    return frozenset(Phase(str(token)) for token in line.children)


def _applies(piece: Piece, line: Tree[Token]) -> Applies | None:
    whose, node = line.children
    subject = Subject(str(whose))
    allowed = _VM_SCOPES if subject is Subject.VM else _HOST_SCOPES
    return Applies(subject=subject, test=condition(piece, node, allowed), text=piece.words(node))


def _mode(piece: Piece, line: Tree[Token]) -> bool:
    return str(line.children[0]) == "observe"


def _cooldown(piece: Piece, line: Tree[Token]) -> float:
    return seconds(piece, _token(line.children[0]))


def _clause(piece: Piece, line: Tree[Token]) -> Hard | Soft | Trigger:
    when, effect = line.children
    assert isinstance(effect, Tree)
    if effect.data in {"require", "forbid"}:
        return _hard(piece, line, when, effect)
    if effect.data == "prefer":
        return _soft(piece, line, when, effect)
    if isinstance(when, Tree):
        return _trigger(piece, line, when, effect)
    said = piece.words(effect).partition(" by ")[0]
    raise piece.faulty(effect, f"`{said}` needs a condition before it, as in `when … for 5min {said}`")


def _hard(piece: Piece, line: Tree[Token], when: Node | None, effect: Tree[Token]) -> Hard:
    test = condition(piece, effect.children[0])
    wanted = effect.data == "require"
    if isinstance(when, Tree):
        only = _at_once(piece, when)
        test = Logic("||", Not(only), test) if wanted else Logic("&&", only, test)
    return Hard(test=test, wanted=wanted, text=piece.words(line), at=piece.mark(line))


def _soft(piece: Piece, line: Tree[Token], when: Node | None, effect: Tree[Token]) -> Soft:
    node, weight = effect.children
    term = quantity(piece, node)
    if isinstance(when, Tree):
        term = Choice(_at_once(piece, when), term, _NOTHING, term.type)
    factor = plain(piece, weight, "a weight") if isinstance(weight, Token) else 1.0
    return Soft(term=term, weight=factor, text=piece.words(line), at=piece.mark(line))


def _at_once(piece: Piece, when: Tree[Token]) -> Expr:
    """Type the condition of a clause that does nothing: it counts as long as it holds, so it waits for nothing."""
    node, hold = when.children
    if isinstance(hold, Token):
        raise piece.faulty(
            hold, "`for` belongs to what is done, as `migrate`; this clause counts while its `when` holds"
        )
    return condition(piece, node)


def _trigger(piece: Piece, line: Tree[Token], when: Tree[Token], effect: Tree[Token]) -> Trigger:
    node, hold = when.children
    test = condition(piece, node)
    deed = _deed(effect)
    subject = _subject(piece, node, test, deed)
    by = until = None
    if deed is Deed.MIGRATE:
        by = quantity(piece, effect.children[0])
        allowed = _HOST_SCOPES if subject is Subject.HOST else _VM_SCOPES | {"cluster"}
        until = condition(piece, effect.children[1], allowed) if isinstance(effect.children[1], Tree) else None
    return Trigger(
        test=test,
        hold_s=seconds(piece, hold) if isinstance(hold, Token) else 0.0,
        subject=subject,
        deed=deed,
        by=by,
        until=until,
        message=text(piece, _token(effect.children[0])) if deed is Deed.ALERT else "",
        text=piece.words(line),
        at=piece.mark(line),
    )


def _deed(effect: Tree[Token]) -> Deed:
    if effect.data == "power":
        return Deed.POWER_ON if effect.children[0] == "on" else Deed.POWER_OFF
    return {
        "migrate": Deed.MIGRATE,
        "restart": Deed.RESTART,
        "evacuate": Deed.EVACUATE,
        "alert": Deed.ALERT,
    }[effect.data]


def _subject(piece: Piece, node: Node, test: Expr, deed: Deed) -> Subject:
    """Tell whether a condition is asked of each host or of each machine."""
    read = scopes(test)
    if "vm" not in read:
        return Subject.HOST
    if read & {"host", "rack"}:
        raise piece.faulty(
            node, "this `when` reads a host and a machine; ask one of them, and choose the machine by `migrate vm by …`"
        )
    if deed not in _VM_DEEDS:
        raise piece.faulty(node, f"this `when` is asked of each machine, and `{deed}` needs one that is asked of hosts")
    return Subject.VM


def _token(node: Node | None) -> Token:
    assert isinstance(node, Token)
    return node
