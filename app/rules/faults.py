"""What is wrong with a text of rules, said as a compiler says it: place, message, the line, a caret.

The text is a user's: the line is shown with its tabs and control characters made harmless, one column each, so that
the caret stands below what is meant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from app.rules.tree import Mark


class Severity(StrEnum):
    """An error refuses the file; a warning is said and no more."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: what was met, what could stand there, and the nearest name, as far as these help."""

    at: Mark
    message: str
    severity: Severity = Severity.ERROR
    met: str = ""
    expected: tuple[str, ...] = ()
    nearest: str = ""
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Say it in three lines: place and message, the source line, the caret."""
        at = self.at
        line = "".join(char if char.isprintable() else " " for char in self.source)
        width = max(1, min(at.width, len(line) - at.column + 1))
        caret = " " * (at.column - 1) + "^" * width
        head = f"{_one_line(at.file)}:{at.line}:{at.column}: {self.severity}: {_one_line(self.message)}"
        return f"{head}\n    {line}\n    {caret}" if line.strip() else head


class Faulty(Exception):
    """Carries a fault up to where reading goes on with the next clause; it never leaves app/rules."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known name that is most like `word`; empty if none is."""
    names = {name.lower(): name for name in known}
    found = get_close_matches(word[:60].lower(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else ""


def listed(words: Iterable[str], last: str = "or") -> str:
    """Join words as a sentence does: a, b or c."""
    *first, end = [*words]
    return f"{', '.join(first)} {last} {end}" if first else end


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
