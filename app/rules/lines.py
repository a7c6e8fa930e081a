"""The lines between the braces of a rule or policy: each is read by itself, so one fault does not hide the next."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from lark import Token, Tree

from app.rules.faults import Fault, Faulty
from app.rules.literals import text
from app.rules.syntax import Node, Piece

T = TypeVar("T")
Make = Callable[[Piece, Tree[Token]], T]


class Lines:
    """Hands out lines by their sort and keeps what is wrong with them in `faults`."""

    def __init__(self, piece: Piece, lines: Sequence[Node]) -> None:
        self._piece = piece
        self._lines = [line for line in lines if isinstance(line, Tree)]
        self.faults: list[Fault] = []

    def title(self, node: Node | None) -> str:
        """Read the text behind the name, if there is one."""
        try:
            return text(self._piece, node) if isinstance(node, Token) else ""
        except Faulty as error:
            self.faults.append(error.fault)
            return ""

    def each(self, sort: str, make: Make[T]) -> tuple[T, ...]:
        """Make something of every line of a sort, without the faulty ones."""
        return tuple(self._made([line for line in self._lines if line.data == sort], make))

    def once(self, sort: str, make: Make[T], otherwise: T) -> T:
        """Make something of the one line of a sort; a second one is a fault."""
        lines = [line for line in self._lines if line.data == sort]
        for line in lines[1:]:
            said = self._piece.words(line).split()[0]
            self.faults.append(self._piece.faulty(line, f"`{said}` stands here a second time; one must go").fault)
        return next(self._made(lines[:1], make), otherwise)

    def _made(self, lines: Sequence[Tree[Token]], make: Make[T]) -> Iterator[T]:
        for line in lines:
            try:
                yield make(self._piece, line)
            except Faulty as error:
                self.faults.append(error.fault)
