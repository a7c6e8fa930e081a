"""The one-line prompts at the bottom of a screen: `/` filter and `:` go to. Hidden until asked for.

Enter and escape are taken by the app itself, which takes no other key before they have been obeyed: what is typed
fast behind them belongs to the place they lead to.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from app.tui.complete import longest

LONGEST = 1000
"""What is longer was not typed; it would be kept among the filters typed before, too."""


class Asker(Protocol):
    """The screen that a prompt belongs to."""

    async def entered(self, prompt: "Prompt", text: str) -> None:
        """Do what was typed, and close the prompt if that was possible."""
        ...

    def left(self, prompt: "Prompt") -> None:
        """Drop what was typed, and close the prompt."""
        ...


class Prompt(Horizontal):
    """A sign, a line to type, what could be meant, and what is wrong. Enter submits, tab completes, escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "done", show=False, priority=True),
        Binding("escape", "leave", "leave", show=False, priority=True),
        Binding("up", "earlier(-1)", "what was typed before", show=False),
        Binding("down", "earlier(1)", "what was typed after it", show=False),
        Binding("tab", "complete", "complete", show=False),
    ]

    class Edited(Message):
        """The text changed."""

        def __init__(self, prompt: "Prompt", text: str) -> None:
            super().__init__()
            self.prompt, self.text = prompt, text

    def __init__(
        self, sign: str, hint: str, complete: Callable[[str], Sequence[str]], asker: Asker, *, id: str
    ) -> None:
        super().__init__(id=id)
        self._sign, self._hint, self._lines, self._asker = sign, hint, complete, asker
        self._history: list[str] = []
        self._at = 0
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static(self._sign, markup=False, classes="sign")
        yield Input(placeholder=self._hint, select_on_focus=False, max_length=LONGEST)
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
        self.post_message(self.Edited(self, event.value))

    async def action_enter(self) -> None:
        text = await self._typed()
        if text:
            self._history = [*(line for line in self._history if line != text), text]
        await self._asker.entered(self, text)

    async def action_leave(self) -> None:
        await self._typed()
        self._asker.left(self)

    async def _typed(self) -> str:
        """Return the text once the field has taken every key that was typed before."""
        field, taken = self.query_one(Input), asyncio.Event()
        if field.call_later(taken.set):
            await taken.wait()
        return field.value

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
