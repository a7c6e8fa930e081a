"""What each word of a line of rules is, for its colour: told by the words of the cloud's own reader.

A line is enough, since neither texts nor comments go over its end; so only lines on screen are ever looked at. Without
the cloud's words texts, comments and numbers are told apart all the same.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from app.api.rulesets import LanguageView

COMMENT, TEXT, NUMBER, KEYWORD, NAME, FUNCTION = "comment", "text", "number", "keyword", "name", "function"
_TOKEN = re.compile(
    r'(?P<comment>#.*)|(?P<text>"(?:\\.|[^"\\])*"?)|(?P<number>\d[\w.%]*)'
    r"|(?P<label>[A-Za-z_]\w*(?:-\w+)+)|(?P<word>[A-Za-z_]\w*(?:\.\w+)*)"
)
_NO_LINE = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of the language by kind."""

    keywords: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()

    @classmethod
    def of(cls, view: LanguageView) -> Self:
        return cls(
            keywords=frozenset(view.keywords),
            names=frozenset(word.name for word in view.names),
            functions=frozenset(word.name for word in view.functions),
        )

    def marked(self, line: str) -> Iterator[tuple[int, int, str]]:
        """Yield where what stands in a line, as (start, end, kind); words of the author's own are left out."""
        for found in _TOKEN.finditer(line):
            kind = self._kind(str(found.lastgroup), found.group())
            if kind:
                yield found.start(), found.end(), kind

    def _kind(self, group: str, word: str) -> str:
        if group != "word":
            return "" if group == "label" else group
        known = ((self.keywords, KEYWORD), (self.names, NAME), (self.functions, FUNCTION))
        return next((kind for words, kind in known if word in words), "")


def lines_as_the_reader_counts(text: str) -> str:
    """Replace what an editor takes for the end of a line and the reader does not."""
    return _NO_LINE.sub(lambda found: "\n" if found.group() == "\r\n" else " ", text)
