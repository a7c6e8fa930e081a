"""Asks what is to become of a text that nobody has kept yet; the default loses nothing."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

KEEP, DISCARD, STAY = "keep", "discard", "stay"


class Unsaved(ModalScreen[str]):
    """Dismisses with KEEP, DISCARD or STAY."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stay", "stay", show=False)]

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(f"{self._what} is not saved", markup=False, classes="title")
            yield Static("The draft can wait in this console until you come back to it.", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Keep the draft", id=KEEP, variant="primary", compact=True)
                yield Button("Discard", id=DISCARD, variant="error", compact=True)
                yield Button("Stay", id=STAY, compact=True)

    def on_mount(self) -> None:
        self.set_focus(self.query_one(f"#{KEEP}"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id or STAY)

    def action_stay(self) -> None:
        self.dismiss(STAY)
