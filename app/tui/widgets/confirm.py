"""Asks before something hurts: level 2 by a button that must be sought, level 3 by typing the name or the number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from app.tui.actions import Action, Danger

SHOWN = 10
IN_COMMAND = 2
SHOWN_CLOSE = 5
ROOMY = 30
"""From so many lines on there is room for all that is shown at most; what is asked must always be seen."""


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
        more = len(self.ids) - IN_COMMAND
        ids = " ".join(self.ids[:IN_COMMAND]) + (f" ... and {more} more" if more > 0 else "")
        return self.action.command.replace("{ids}", ids)


class Confirm(ModalScreen[bool]):
    """Dismisses with True when the person meant it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", "cancel", show=False)]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        asked = self._question
        with Vertical(classes="dialog danger"):
            yield Static(self._title(), markup=False, classes="title")
            yield Static("\n".join(self._lines()), markup=False, classes="things")
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
        self.query_one("#yes", Button).disabled = destroys
        self.set_focus(self.query_one("#typed" if destroys else "#no"))  # at once: keys may wait already

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one("#yes", Button).disabled = event.value.strip() != self._question.word

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip() == self._question.word:
            self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_no(self) -> None:
        self.dismiss(False)

    def _title(self) -> str:
        ids = self._question.ids
        what = ids[0] if len(ids) == 1 else f"{len(ids)} {self._question.things}"
        return f"{self._question.action.title.capitalize()} {what}?"

    def _lines(self) -> list[str]:
        facts = list(self._question.facts)
        shown = SHOWN if self.app.size.height >= ROOMY else SHOWN_CLOSE
        more = len(facts) - shown
        return facts[:shown] + ([f"and {more} more"] if more > 0 else [])


class Leave(Confirm):
    """Asked before the console ends together with its cloud; the key that asked says yes when pressed again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "yes", "quit", show=False)]

    def action_yes(self) -> None:
        self.dismiss(True)
