"""Read a file of shell-style `KEY="value"` lines without being a shell.

Quotes, comments, `export` and values over several lines are understood; nothing is ever expanded or run, so a
value that asks for it (`$(…)`, a backtick, `$NAME`) is a problem and no text. A key given twice is one as well:
the shell would take the last, 1.6.1's own reader the first.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_WORD = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*""", re.DOTALL)
_EXPANSION = re.compile(r"\$[({A-Za-z_]|`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value was written: a file and line, or with line 0 `environment` or `command line`."""

    file: str
    line: int = 0
    folder: Path = Path()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and what could stand there instead."""

    origin: Origin
    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.key}: {self.why}" if self.key else f"{self.origin}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One value as it was written."""

    key: str
    text: str
    origin: Origin


def read(text: str, file: Path) -> tuple[list[Given], list[Problem]]:
    """Split the text of `file` into values and problems; never raises."""
    given: dict[str, Given] = {}
    problems: list[Problem] = []
    for line, statement in _statements(text):
        origin = Origin(file=str(file), line=line, folder=file.parent)
        found = _value(statement, origin)
        if isinstance(found, Given) and (before := given.get(found.key)):
            found = Problem(origin=origin, key=found.key, why=f"it was set in line {before.origin.line} already")
        if isinstance(found, Problem):
            problems.append(found)
        elif found:
            given[found.key] = found
    return list(given.values()), problems


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield statements with their first line; one goes on while a quote is open or its line ends in a backslash."""
    start, open_lines = 1, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not open_lines:
            start = number
        open_lines += line
        if not _complete(open_lines):
            open_lines += "\n"
            continue
        yield start, open_lines
        open_lines = ""
    if open_lines:
        yield start, open_lines


def _complete(statement: str) -> bool:
    """Tell whether nothing is left open: what follows the value's word starts with a quote or lone backslash if so."""
    form = _ASSIGNMENT.fullmatch(statement.strip())
    return form is None or not _after_word(form.group(2)).startswith(('"', "'", "\\"))


def _after_word(written: str) -> str:
    word = _WORD.match(written)
    return written[word.end() :] if word else written


def _value(statement: str, origin: Origin) -> Given | Problem | None:
    if not statement.strip() or statement.lstrip().startswith("#"):
        return None
    form = _ASSIGNMENT.fullmatch(statement.strip())
    if form is None:
        return Problem(origin=origin, key="", why='this is no KEY="value" line')
    key, written = form.groups()
    rest = _after_word(written)
    if rest.startswith(('"', "'", "\\")):
        return Problem(origin=origin, key=key, why="a quote is opened and never closed")
    if rest.strip() and not rest.lstrip().startswith("#"):
        return Problem(origin=origin, key=key, why=f'a value with spaces needs quotes: {key}="{written}"')
    words = shlex.split(written.removesuffix(rest) if rest else written)
    value = " ".join(words[0].replace("\\\n", " ").split()) if words else ""
    if _EXPANSION.search(value):
        return Problem(origin=origin, key=key, why="nothing is expanded here; write the value out")
    return Given(key=key, text=value, origin=origin)
