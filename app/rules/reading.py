"""Read files of rules: text in, typed rules and everything that is wrong with them out. No text makes this raise.

Files are read together, since policies of one may use rules of another; a set with an error is to be refused whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lark import Tree

from app.rules.clauses import rule
from app.rules.conflicts import conflicts, gathered
from app.rules.faults import Fault, Severity
from app.rules.policies import policy
from app.rules.syntax import parse, pieces
from app.rules.tree import Policy, Rule, Ruleset

# So many are told at most: whoever sends a novel instead of rules shall not keep the reader busy.
MOST_FAULTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was read; the rules must not be used unless `sound`."""

    ruleset: Ruleset
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """True without any error; warnings are no hindrance."""
        return all(fault.severity is Severity.WARNING for fault in self.faults)


def read(text: str, file: str) -> Outcome:
    """Read one file."""
    return read_together({file: text})


def read_together(texts: Mapping[str, str]) -> Outcome:
    """Read several files, by name, as one set; faults come in the order of the text."""
    rules: list[Rule] = []
    policies: list[Policy] = []
    faults: list[Fault] = []
    for item, wrong in _items(texts):
        faults += wrong
        if isinstance(item, Rule):
            rules.append(item)
        elif item is not None:
            policies.append(item)
        if len(faults) >= MOST_FAULTS:
            break
    ruleset, doubles = gathered(rules, policies)
    faults += doubles
    if not faults:
        faults += conflicts(ruleset)
    return Outcome(ruleset=ruleset, faults=_in_order(faults, texts))


def _items(texts: Mapping[str, str]) -> Iterator[tuple[Rule | Policy | None, list[Fault]]]:
    for piece in (piece for file, text in texts.items() for piece in pieces(text, file)):
        tree = parse(piece)
        if isinstance(tree, Fault):
            yield None, [tree]
            continue
        for item in tree.children:
            assert isinstance(item, Tree)
            yield rule(piece, item) if item.data == "rule" else policy(piece, item)


def _in_order(faults: list[Fault], texts: Mapping[str, str]) -> tuple[Fault, ...]:
    lines = {file: text.split("\n") for file, text in texts.items()}
    order = {file: number for number, file in enumerate(texts)}
    shown = [replace(fault, source=lines[fault.at.file][fault.at.line - 1]) for fault in faults]
    return tuple(sorted(shown, key=lambda fault: (order[fault.at.file], fault.at.line, fault.at.column)))
