"""The one-line prompts at the bottom of a screen: `/` filter and `:` go to. Hidden until asked for."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from app.tui.complete import longest


class Prompt(Horizontal):
    """A sign, a line to type, what could be meant, and what is wrong. Enter submits, tab completes, escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("up", "earlier(-1)", "what was typed before", show=False),
        Binding("down", "earlier(1)", "what was typed after it", show=False),
        Binding("tab", "complete", "complete", show=False),
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

    def __init__(self, sign: str, hint: str, complete: Callable[[str], Sequence[str]], *, id: str) -> None:
        super().__init__(id=id)
        self._sign, self._hint, self._lines = sign, hint, complete
        self._history: list[str] = []
        self._at = 0
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static(self._sign, markup=False, classes="sign")
        yield Input(placeholder=self._hint, select_on_focus=False)
        yield Static("", markup=False, classes="more")
        yield Static("", markup=False, classes="wrong")

    def recall(self, lines: Sequence[str]) -> None:
        """Take over what was typed here another time, the newest last."""
        self._history = list(lines)

    def open(self, text: str = "") -> None:
        """Show the prompt with that text and put the cursor into it."""
        self.complain("")
        self._at = len(self._history)
        self.display = True
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.screen.set_focus(field)  # at once: what is typed next belongs here
        self._suggest(text)

    def close(self) -> None:
        self.display = False

    def complain(self, why: str) -> None:
        """Show what is wrong beside the text."""
        self.query_one(".wrong", Static).update(why)

    def _suggest(self, text: str) -> None:
        """Show what could follow, without what is typed already."""
        cut = max(text.rfind(sign) for sign in " ,:=") + 1
        words = [line[cut:] for line in self._lines(text) if line != text] if text.strip() else []
        self.query_one(".more", Static).update("  ".join(words))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._suggest(event.value)
        self.post_message(self.Edited(self, event.value, final=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value:
            self._history = [*(line for line in self._history if line != event.value), event.value]
        self.post_message(self.Edited(self, event.value, final=True))

    def action_leave(self) -> None:
        self.post_message(self.Left(self))

    def action_earlier(self, steps: int) -> None:
        """Walk through what was typed here before; behind the newest the line is empty."""
        self._at = max(0, min(self._at + steps, len(self._history)))
        field = self.query_one(Input)
        field.value = self._history[self._at] if self._at < len(self._history) else ""
        field.cursor_position = len(field.value)

    def action_complete(self) -> None:
        """Type what can only be meant, or the first of several."""
        field = self.query_one(Input)
        field.value = longest(field.value, self._lines(field.value))
        field.cursor_position = len(field.value)
