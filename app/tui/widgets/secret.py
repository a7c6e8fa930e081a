"""A secret that is shown this once: copied by a key, gone when the dialog closes. It is kept and logged nowhere."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class Secret(ModalScreen[None]):
    """`facts` are (name, text), copied as lines of a shell that exports them. Enter does not close it by habit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("y", "copy", "copy", show=False),
    ]

    def __init__(self, title: str, facts: Sequence[tuple[str, str]], copied: Callable[[], None]) -> None:
        super().__init__()
        self._heading, self._facts, self._copied = title, facts, copied

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog facts"):
            yield Static(self._heading, markup=False, classes="title")
            lines = [Content.assemble((f"{name}=", "dim"), text) for name, text in self._facts]
            yield Static(Content("\n").join(lines), markup=False)
            yield Static("It is shown this once and never again.", markup=False, classes="warning")
            yield Static("y copy  esc close", markup=False, classes="hint")

    def action_copy(self) -> None:
        self.app.copy_to_clipboard("".join(f"export {name}={text}\n" for name, text in self._facts))
        self._copied()

    def action_leave(self) -> None:
        self.dismiss(None)
