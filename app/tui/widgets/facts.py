"""All there is to say of one row, in a dialog; any of its keys closes it."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static


class Facts(ModalScreen[None]):
    """`facts` are (what, text); texts are shown whole."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "leave", "leave", show=False)]

    def __init__(self, title: str, facts: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._heading, self._facts = title, facts

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog facts"):
            yield Static(self._heading, markup=False, classes="title")
            for what, text in self._facts:
                if text:
                    with Horizontal(classes="fact"):
                        yield Static(what, markup=False, classes="label")
                        yield Static(text, markup=False)

    def action_leave(self) -> None:
        self.dismiss(None)
