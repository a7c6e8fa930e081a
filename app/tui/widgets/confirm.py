"""Asks before something hurts: level 2 by a button that must be sought, level 3 by typing the name or the number.

Where the cloud must say first what hangs on the things, nothing is taken for an answer before it has. The trap: who
types fast has pressed enter by then; that counts if nothing hangs there, else what does must be seen first.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from app.tui.actions import Action, Danger, named
from app.tui.widgets.hanging import Hanging

SHOWN = 10
SHOWN_CLOSE = 5
ROOMY = 30
"""From so many lines on there is room for all that is shown at most; what is asked must always be seen."""
OTHER_LINES = 14
"""What a dialog that destroys needs besides things and what hangs on them, which share the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is about to be done to exactly these things; `facts` says a line about each of them."""

    action: Action
    ids: Sequence[str]
    facts: Sequence[str]
    warning: str = ""
    things: str = "things"

    @property
    def word(self) -> str:
        """What must be typed for danger 3."""
        return self.ids[0] if len(self.ids) == 1 else str(len(self.ids))

    @property
    def command(self) -> str:
        """The same in a shell; of many things the first few stand for all."""
        return self.action.as_command(self.ids)


class Confirm(ModalScreen[bool]):
    """Dismisses with True when the person meant it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", "cancel", show=False)]

    def __init__(self, question: Question, ask: Callable[[], Awaitable[Hanging]] | None = None) -> None:
        super().__init__()
        self._question, self._ask = question, ask
        self._seen = ask is None
        self._meant = False

    def compose(self) -> ComposeResult:
        asked = self._question
        with Vertical(classes="dialog danger"):
            yield Static(self._title(), markup=False, classes="title")
            yield Static("\n".join(self._lines()), markup=False, classes="things")
            if self._ask:
                yield Static("asking what hangs on it ...", markup=False, classes="hanging")
            if asked.warning:
                yield Static(asked.warning, markup=False, classes="warning")
            if asked.command:
                yield Static(
                    Content.assemble(("as a command: ", "dim"), asked.command), markup=False, classes="command"
                )
            if asked.action.danger is Danger.DESTROYS:
                what = "the name" if len(asked.ids) == 1 else "their number"
                yield Static(
                    Content.assemble(f"Type {what} to confirm: ", (asked.word, "bold")), markup=False, classes="ask"
                )
                yield Input(id="typed", select_on_focus=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button(asked.action.title.capitalize(), id="yes", variant="error", compact=True)

    def on_mount(self) -> None:
        destroys = self._question.action.danger is Danger.DESTROYS
        self._judge()
        if self._ask:
            self.run_worker(self._learn(self._ask))
        self.set_focus(self.query_one("#typed" if destroys else "#no"))  # at once: keys may wait already

    def on_input_changed(self, event: Input.Changed) -> None:
        self._judge()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._meant = self._typed
        if self._meant and self._seen:
            self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    @property
    def _typed(self) -> bool:
        """Tell whether what must be typed is."""
        fields = self.query("#typed").results(Input)
        return all(field.value.strip() == self._question.word for field in fields)

    def _judge(self) -> None:
        self.query_one("#yes", Button).disabled = not (self._seen and self._typed)

    async def _learn(self, ask: Callable[[], Awaitable[Hanging]]) -> None:
        """Show what hangs on the things, from when on an answer counts."""
        found = await ask()
        shown = self._first(found.lines)
        self.query_one(".hanging", Static).update("\n".join(shown))
        self._seen = found.known
        self._judge()
        if self._meant and found.known and found.free and self._typed:
            self.dismiss(True)

    def action_no(self) -> None:
        self.dismiss(False)

    def _title(self) -> str:
        ids = self._question.ids
        what = ids[0] if len(ids) == 1 else f"{len(ids)} {self._question.things}"
        return f"{self._question.action.title.capitalize()} {what}?"

    def _lines(self) -> list[str]:
        return self._first(self._question.facts)

    def _first(self, lines: Sequence[str]) -> list[str]:
        """Return as many lines as there is room for, and how many more there are."""
        height = self.app.size.height
        shown = SHOWN if height >= ROOMY else SHOWN_CLOSE
        if self._ask:
            half = (height * 96 // 100 - OTHER_LINES) // 2
            shown = min(SHOWN, max(1, half if len(lines) <= half else half - 1))
        more = len(lines) - shown
        return [*lines[:shown], *([f"and {more} more"] if more > 0 else [])]


class Leave(Confirm):
    """Asked before the console ends together with its cloud; the key that asked says yes when pressed again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(named("quit").key, "yes", "quit", id="overview.quit", show=False)  # the key that a person gave it
    ]

    def action_yes(self) -> None:
        self.dismiss(True)
