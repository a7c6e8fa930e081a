"""Choose the columns of a list and their order: space takes one in or out, shift with an arrow moves it."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from app.tui.columns.column import Column

KEYS = "space in or out  K J up, down  enter done  esc leave"


class Chooser(ModalScreen[list[str] | None]):
    """Dismisses with the keys of the columns chosen, in order; None when one leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("space", "turn", "in or out", show=False, priority=True),
        Binding("K,shift+up", "shift(-1)", "move up", show=False, priority=True),
        Binding("J,shift+down", "shift(1)", "move down", show=False, priority=True),
    ]

    def __init__(self, columns: Sequence[Column[Any]], chosen: Sequence[str], *, ascii_only: bool) -> None:
        super().__init__()
        titles = {column.key: column.title for column in columns}
        self._keys = [*(key for key in chosen if key in titles), *(key for key in titles if key not in chosen)]
        self._titles, self._chosen, self._mark = titles, set(chosen), "x" if ascii_only else "✓"

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog menu"):
            yield Static("Columns, the first are the last to give way", markup=False, classes="title")
            yield OptionList(*self._options())
            yield Static(KEYS, markup=False, classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0
        self.set_focus(self.query_one(OptionList))  # at once: keys may wait already

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss([key for key in self._keys if key in self._chosen])

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_turn(self) -> None:
        """Take the column under the cursor in or out; one always stays."""
        turned = self._chosen ^ {self._keys[self._at()]}
        self._chosen = turned or self._chosen
        self._show(self._at())

    def action_shift(self, steps: int) -> None:
        at = self._at()
        to = max(0, min(at + steps, len(self._keys) - 1))
        self._keys.insert(to, self._keys.pop(at))
        self._show(to)

    def _at(self) -> int:
        return self.query_one(OptionList).highlighted or 0

    def _show(self, at: int) -> None:
        options = self.query_one(OptionList)
        options.set_options(self._options())
        options.highlighted = at

    def _options(self) -> list[Option]:
        return [Option(self._line(key)) for key in self._keys]

    def _line(self, key: str) -> Content:
        mark = self._mark if key in self._chosen else " "
        return Content.assemble((f"{mark} ", "bold $accent"), f"{self._titles[key]:<14}", (key, "dim"))
