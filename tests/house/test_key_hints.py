"""Keys may be remapped, so no text of the console names one: it names the action, and `Session.keyed` puts in the key.

Looked at is every text constant with a space in it. What stands for a key there is found by its form: a function key,
ctrl with something, escape, or one letter where a sentence would have a subject. Dialogs have keys of their own that
are in no registry; they are left out by name.
"""

import ast
import re
from collections.abc import Iterator

from app.tui.actions import ACTIONS
from tests.house.tree import ROOT

TUI = ROOT / "app" / "tui"
OWN_KEYS = {
    "widgets/menu.py",
    "widgets/secret.py",
    "widgets/form.py",
    "widgets/chooser.py",
    "screens/list_views.py",
    "keymap.py",
}
_KEY = re.compile(
    r"""\b(?:f\d{1,2}|ctrl\+\S|escape|esc)\b"""
    r"""|(?:^|[;:(]\ )[A-Za-z]\ [a-z]+s\b"""  # u undoes it; a adds one
    r"""|\([A-Za-z0-9](?:\)|:\ |\ [a-z]+s\b)"""  # (p: follow), (4 shows all)
    r"""|;\ [A-Za-z]:\ """,  # ; U: back
    re.VERBOSE,
)
_ACTION = re.compile(r"(?<!P)<([a-z]+(?:[.-][a-z]+)*)>")


def texts() -> Iterator[tuple[str, str]]:
    """Yield where a text stands, and the text; docstrings are for us."""
    for path in sorted(TUI.rglob("*.py")):
        tree = ast.parse(path.read_text())
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                yield f"{path.relative_to(TUI)}:{node.lineno}", node.value


def names_a_key(text: str) -> bool:
    return " " in text and _KEY.search(text) is not None


def test_no_text_of_the_console_names_a_key() -> None:
    found = [(where, text) for where, text in texts() if where.partition(":")[0] not in OWN_KEYS and names_a_key(text)]
    assert found == []


def test_actions_named_in_texts_are_there() -> None:
    known = {action.name for action in ACTIONS}
    named = {(where, name) for where, text in texts() for name in _ACTION.findall(text)}
    assert len(named) > 10
    assert [(where, name) for where, name in named if name not in known] == []


def test_forms_of_hints_are_recognised() -> None:
    hints = [
        "l launches instances.",
        "so; u undoes it",
        "(z: all) now",
        "mistakes (f8)",
        "ctrl+r says so",
        "by; U: back",
        "(4 shows all)",
    ]
    assert all(names_a_key(text) for text in hints)
    assert not any(names_a_key(text) for text in ["a name, the ending follows", "9 x 5", "state:up x"])
