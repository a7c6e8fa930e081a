"""A small form in a dialog, declared as a list of fields; nothing leaves it before every field is fit.

The dialog stays open when the cloud says no, so that nothing typed is lost.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Select, Static

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field: a choice where `choices` (value, label) are given, else text. `check` returns what is wrong."""

    key: str
    label: str
    value: str = ""
    choices: Sequence[tuple[str, str]] = ()
    hint: str = ""
    check: Callable[[str], str] = lambda text: ""


class Form(ModalScreen[None]):
    """`submit` gets the values and returns what is wrong, or nothing when the form may close."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", show=False),
        Binding("tab", "app.focus_next", priority=True, show=False),  # before what is typed behind it
        Binding("shift+tab", "app.focus_previous", priority=True, show=False),
        Binding("ctrl+s", "send", "send", show=False),
    ]

    def __init__(
        self,
        title: str,
        entries: Sequence[Entry],
        submit: Callable[[Values], Awaitable[str]],
        *,
        verb: str,
        ascii_only: bool = False,
    ) -> None:
        super().__init__()
        self._ascii_only = ascii_only
        self._heading, self._entries, self._submit, self._verb = title, entries, submit, verb
        self._busy = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog form"):
            yield Static(self._heading, markup=False, classes="title")
            with VerticalScroll(can_focus=False):
                for entry in self._entries:
                    with Horizontal(classes="entry"):
                        yield Static(entry.label, markup=False, classes="label")
                        yield self._field(entry)
            yield Static("", markup=False, classes="wrong")
            keys = "tab next  enter choose  ctrl+s " + self._verb.lower() + "  esc cancel"
            yield Static(keys, markup=False, classes="hint")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button(self._verb, id="yes", variant="primary", compact=True)

    def _field(self, entry: Entry) -> Input | Select[str]:
        if not entry.choices:
            return Input(entry.value, placeholder=entry.hint, id=f"entry-{entry.key}", compact=True)
        options = [(Text(label), value) for value, label in entry.choices]
        values = [value for value, _ in entry.choices]
        chosen = entry.value if entry.value in values else values[0]
        return Select(options, value=chosen, allow_blank=False, id=f"entry-{entry.key}", compact=True)

    def on_mount(self) -> None:
        self.set_focus(self.query_one(f"#entry-{self._entries[0].key}"))  # at once: keys may wait already
        if self._ascii_only:
            for arrow in self.query(".arrow").results(Static):
                arrow.update("v" if arrow.has_class("down-arrow") else "^")

    def values(self) -> dict[str, str]:
        """Return what the fields hold now."""
        found: dict[str, str] = {}
        for entry in self._entries:
            field = self.query_one(f"#entry-{entry.key}")
            found[entry.key] = field.value.strip() if isinstance(field, Input) else str(getattr(field, "value", ""))
        return found

    def on_input_submitted(self) -> None:
        self._send()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "no":
            self.dismiss(None)
        else:
            self._send()

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_send(self) -> None:
        self._send()

    def _send(self) -> None:
        values = self.values()
        wrong = [f"{entry.label}: {why}" for entry in self._entries if (why := entry.check(values[entry.key]))]
        self._say("; ".join(wrong))
        if not wrong and not self._busy:
            self._busy = True
            self.run_worker(self._deliver(values), exclusive=True)

    async def _deliver(self, values: Values) -> None:
        try:
            self._say("asking the cloud ...")
            wrong = await self._submit(values)
            if wrong:
                self._say(wrong)
            else:
                self.dismiss(None)
        finally:
            self._busy = False

    def _say(self, text: str) -> None:
        self.query_one(".wrong", Static).update(text)
