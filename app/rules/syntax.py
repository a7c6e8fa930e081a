"""From text to Lark's tree, item by item, so that one rule's fault does not hide the next one's.

A line that begins with `rule` or `policy` begins an item wherever it stands: texts end with their line, and no
clause begins with these words. What is wrong is said by `mistakes.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from lark import Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from app.rules.faults import Fault, Faulty
from app.rules.grammar import parser
from app.rules.mistakes import Met, advise
from app.rules.tree import Mark

_COMMENT = re.compile(r'("(?:\\["\\]|[^"\\\n])*")|#[^\n]*')
_ITEM = re.compile(r"^(?=[ \t]*(?:rule|policy)\b)", re.MULTILINE)


Node = Tree[Token] | Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One item's text, with the number of its first line in the file."""

    file: str
    line: int
    text: str

    def mark(self, node: Node) -> Mark:
        """Return where a part of the piece stands."""
        at = node if isinstance(node, Token) else node.meta
        same_line = at.end_line == at.line
        width = (at.end_column or 0) - (at.column or 0) if same_line else 1
        return Mark(self.file, at.line or self.line, at.column or 1, max(1, width))

    def faulty(self, node: Node, message: str, *, met: str = "", nearest: str = "") -> Faulty:
        """Make the fault that says what is wrong with a part, to be raised."""
        return Faulty(Fault(at=self.mark(node), message=message, met=met, nearest=nearest))

    def words(self, node: Node) -> str:
        """Return the source of a part on one line, without comments."""
        at = node if isinstance(node, Token) else node.meta
        bare = _COMMENT.sub(r"\1", self.text[at.start_pos or 0 : at.end_pos])
        return " ".join(bare.split())


def pieces(text: str, file: str) -> Iterator[Piece]:
    """Cut a text before each line that begins an item."""
    line = 1
    for part in _ITEM.split(text):
        yield Piece(file=file, line=line, text=part)
        line += part.count("\n")


def parse(piece: Piece) -> Tree[Token] | Fault:
    """Return the tree of one piece, or the first thing in it that cannot stand where it stands."""
    reading = parser().parse_interactive(piece.text)
    start = reading.lexer_thread.state
    assert start is not None
    start.line_ctr.line = piece.line
    try:
        reading.exhaust_lexer()
        tree: Tree[Token] = reading.feed_eof()  # type: ignore[no-untyped-call]
        return tree
    except UnexpectedInput as error:
        return _fault(piece, error, frozenset(reading.accepts()))  # type: ignore[no-untyped-call]


def _fault(piece: Piece, error: UnexpectedInput, expected: frozenset[str]) -> Fault:
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    offset = len(piece.text.rstrip()) if ended else cast("int", error.pos_in_stream)
    before = piece.text[:offset]
    met = Met.read(piece.text, offset)
    line = piece.line + before.count("\n")
    column = offset - (before.rfind("\n") + 1) + 1
    advice = advise(met, expected)
    return Fault(
        at=Mark(piece.file, line, column, max(1, len(met.word))),
        message=advice.message,
        met=met.word,
        expected=advice.expected,
        nearest=advice.nearest,
    )
