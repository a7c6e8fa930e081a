"""What differs between two texts of rules: line by line, and which rules and policies mean something else.

A rule that was only moved, or whose comments changed, means the same: it is in the lines and not in the summary.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from app.rules.reading import read
from app.rules.tree import Policy, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`lines` is a unified diff, empty if the texts are equal; the others name items, as in `rule capacity`."""

    lines: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def compare(old: tuple[str, str], new: tuple[str, str]) -> Difference:
    """Compare two texts, each given with its name. Takes its time."""
    lines = difflib.unified_diff(old[1].splitlines(), new[1].splitlines(), old[0], new[0], lineterm="")
    before, after = _items(old[1]), _items(new[1])
    return Difference(
        lines="\n".join(lines),
        added=tuple(name for name in after if name not in before),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
        removed=tuple(name for name in before if name not in after),
    )


def _items(text: str) -> dict[str, Rule | Policy]:
    def named() -> Iterator[tuple[str, Rule | Policy]]:
        ruleset = read(text, "").ruleset
        yield from ((f"rule {name}", rule) for name, rule in ruleset.rules.items())
        yield from ((f"policy {name}", policy) for name, policy in ruleset.policies.items())

    return dict(named())
