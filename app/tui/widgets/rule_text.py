"""The text of rules with its colours, and what is wrong underlined.

The traps: Textual's editor colours by bytes of a line and asks for each line it draws, so a line is only looked at
then; and a text may hold what a terminal would act on, so what is drawn is not what is held: such signs show as dots.
"""

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.color import Color
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from app.api.rulesets import FaultView
from app.tui.rule_words import COMMENT, FUNCTION, KEYWORD, NAME, NUMBER, TEXT, Words, lines_as_the_reader_counts

THEME = "rules"
ERROR, WARNING = "error", "warning"
_COLOURS = {KEYWORD: "accent", NAME: "secondary", FUNCTION: "primary", TEXT: "success", NUMBER: "warning"}
Highlight = tuple[int, int | None, str]


class RuleText(TextArea):
    """`words` and `faults` may be set at any time; faults are those of the text as it is."""

    def __init__(self, text: str, *, read_only: bool, ascii_only: bool) -> None:
        self._words, self._faults, self._ascii_only = Words(), dict[int, list[FaultView]](), ascii_only
        super().__init__(
            lines_as_the_reader_counts(text),
            tab_behavior="indent",
            read_only=read_only,
            show_line_numbers=True,
            soft_wrap=False,
            compact=True,
            max_checkpoints=500,
            id="rules",
        )
        self.indent_width = 2
        self.cursor_blink = False

    def on_mount(self) -> None:
        self.watch(self.app, "theme", self._paint)

    def know(self, words: Words) -> None:
        """Take over the words of the language."""
        self._words = words
        self._build_highlight_map()
        self.refresh()

    def underline(self, faults: Sequence[FaultView]) -> None:
        """Underline what is wrong, and nothing else."""
        self._faults = {}
        for fault in faults:
            self._faults.setdefault(fault.line - 1, []).append(fault)
        self._build_highlight_map()
        self.refresh()

    def go_to(self, fault: FaultView) -> None:
        """Put the cursor where a fault begins."""
        self.move_cursor((fault.line - 1, fault.column - 1), center=True)

    def take(self, fault: FaultView) -> None:
        """Write the nearest right word where a fault is; undone as any other change."""
        start = (fault.line - 1, fault.column - 1)
        self.replace(fault.nearest, start, (start[0], start[1] + fault.width))

    def get_line(self, line_index: int) -> Text:
        """Return a line as it may be drawn."""
        return Text(self._shown(line_index), end="", no_wrap=True)

    def highlights_of(self, line: int) -> list[Highlight]:
        """Return what stands where in a line, by bytes of what is drawn."""
        if not 0 <= line < self.document.line_count:
            return []
        shown = self._shown(line)
        marks: list[tuple[int, int, str]] = [*self._words.marked(shown)]
        for fault in self._faults.get(line, ()):
            start = min(fault.column - 1, max(0, len(shown) - 1))
            marks.append((start, start + fault.width, ERROR if fault.severity == ERROR else WARNING))
        return [(_bytes(shown, start), _bytes(shown, end), kind) for start, end, kind in marks]

    def _build_highlight_map(self) -> None:
        self._line_cache.clear()
        self._highlights = _OnDemand(self)

    def _shown(self, line: int) -> str:
        text = self.document.get_line(line)
        if not text.isprintable():
            text = "".join(sign if sign.isprintable() or sign == "\t" else "·" for sign in text)
        return text.encode("ascii", "replace").decode() if self._ascii_only else text

    def _paint(self) -> None:
        variables = self.app.theme_variables
        styles = {kind: Style(color=_colour(variables[name])) for kind, name in _COLOURS.items()}
        styles[KEYWORD] += Style(bold=True)
        styles[COMMENT] = Style(dim=True, italic=True)
        styles[ERROR] = Style(color=_colour(variables["error"]), underline=True, bold=True)
        styles[WARNING] = Style(color=_colour(variables["warning"]), underline=True)
        self.register_theme(TextAreaTheme(name=THEME, syntax_styles=styles))
        self.theme = "css"
        self.theme = THEME


class _OnDemand(dict[int, list[Highlight]]):
    """Looks at a line when the editor draws it."""

    def __init__(self, text: RuleText) -> None:
        super().__init__()
        self._text = text

    def __bool__(self) -> bool:
        return True

    def __missing__(self, line: int) -> list[Highlight]:
        self[line] = self._text.highlights_of(line)
        return self[line]


def _bytes(text: str, characters: int) -> int:
    return characters if text.isascii() else len(text[:characters].encode())


def _colour(name: str) -> str:
    return Color.parse(name).hex6
