"""The one-line prompts at the bottom of a screen: `/` filter and `:` go to. Hidden until asked for."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class Prompt(Horizontal):
    """A sign, a line to type, and what is wrong with it. Enter submits, escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("up", "earlier", "earlier", show=False),
    ]

    class Edited(Message):
        """The text changed; `final` when enter was pressed."""

        def __init__(self, prompt: "Prompt", text: str, *, final: bool) -> None:
            super().__init__()
            self.prompt, self.text, self.final = prompt, text, final

    class Left(Message):
        """Escape was pressed."""

        def __init__(self, prompt: "Prompt") -> None:
            super().__init__()
            self.prompt = prompt

    def __init__(self, sign: str, hint: str, *, id: str) -> None:
        super().__init__(id=id)
        self._sign, self._hint = sign, hint
        self._history: list[str] = []
        self._opening = False
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static(self._sign, markup=False, classes="sign")
        yield Input(placeholder=self._hint, select_on_focus=False)
        yield Static("", markup=False, classes="wrong")

    def open(self, text: str = "") -> None:
        """Show the prompt with that text and put the cursor into it."""
        self.complain("")
        self.display = True
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        field.focus()

    def close(self) -> None:
        self.display = False

    def complain(self, why: str) -> None:
        """Show what is wrong beside the text."""
        self.query_one(".wrong", Static).update(why)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self, event.value, final=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value and event.value not in self._history:
            self._history.append(event.value)
        self.post_message(self.Edited(self, event.value, final=True))

    def action_leave(self) -> None:
        self.post_message(self.Left(self))

    def action_earlier(self) -> None:
        """Walk back through what was typed here before."""
        if self._history:
            self._history.insert(0, self._history.pop())
            self.query_one(Input).value = self._history[0]
