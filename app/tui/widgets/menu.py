"""A menu in a dialog: pick one line by cursor, by mouse or by its letter. Lines may hold users' text, never markup."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One line; `letter` picks it at once, `given` is what the caller gets back."""

    given: str
    title: str
    hint: str = ""
    letter: str = ""


class Menu(ModalScreen[str | None]):
    """Dismisses with what was picked. `looked_at` hears of the line under the cursor, and of None when one leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", show=False)]

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        at: str = "",
        hint: str = "enter choose  esc leave",
        looked_at: Callable[[str | None], None] | None = None,
    ) -> None:
        super().__init__()
        self._heading, self._choices, self._at, self._hint = title, choices, at, hint
        self._looked_at = looked_at or (lambda given: None)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog menu"):
            yield Static(self._heading, markup=False, classes="title")
            yield OptionList(*(Option(_line(choice), id=str(n)) for n, choice in enumerate(self._choices)))
            yield Static(self._hint, markup=False, classes="hint")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        given = [choice.given for choice in self._choices]
        if given:
            options.highlighted = given.index(self._at) if self._at in given else 0
        self.set_focus(options)  # at once: keys may wait already

    def on_key(self, event: Key) -> None:
        found = next((one for one in self._choices if one.letter and one.letter == event.character), None)
        if found:
            event.stop()
            self.dismiss(found.given)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._choices[event.option_index].given)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._looked_at(self._choices[event.option_index].given)

    def action_leave(self) -> None:
        self._looked_at(None)
        self.dismiss(None)


def _line(choice: Choice) -> Content:
    letter = (f"{choice.letter}  ", "bold $accent") if choice.letter else ("", "")
    return Content.assemble(letter, f"{choice.title:<24}", (f" {choice.hint}" if choice.hint else "", "dim"))
