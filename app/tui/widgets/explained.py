"""What a widget's own keys are, read from the bindings that make them work, for the help on what has the focus."""

from dataclasses import dataclass

from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

_NAMES = {"Grid": "the list", "Input": "the line", "VerticalScroll": "the page", "Reader": "the text"}
_SIGNS = {"pageup": "pgup", "pagedown": "pgdn"}


@dataclass(frozen=True, slots=True)
class Explained:
    """`keys` are (keys, what they do) in the order of the widget."""

    name: str
    keys: tuple[tuple[str, str], ...]


def explained(widget: Widget | None) -> Explained | None:
    """Explain a widget and what it stands in; None where it has no keys of its own."""
    if widget is None:
        return None
    found: dict[str, list[str]] = {}
    for node in widget.ancestors_with_self:
        if isinstance(node, Screen):
            break
        for binding in Binding.make_bindings(node.BINDINGS):
            if binding.description:
                found.setdefault(binding.description, []).append(_SIGNS.get(binding.key, binding.key))
    if not found:
        return None
    name = type(widget).__name__
    return Explained(_NAMES.get(name, name.lower()), tuple((" ".join(keys), said) for said, keys in found.items()))
