"""One action of the registry, and the words that say where it is offered."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

HOLDINGS = frozenset(
    {
        "images",
        "volumes",
        "snapshots",
        "groups",
        "addresses",
        "networks",
        "keys",
        "types",
        "users",
        "accounts",
        "placement-groups",
        "templates",
    }
)
THINGS = frozenset({"hosts", "instances"}) | HOLDINGS
TABLES = THINGS | {"events", "jobs", "rules", "audit", "clouds", "clusters"}
LIST_KEYS = frozenset({"up", "down", "pageup", "pagedown", "home", "end"})
GROUPED = THINGS - {"types", "accounts"}
PAGES = frozenset({"host", "cluster"})
INSTANCE_PAGES = frozenset({"instance", "console", "output", "attached", "why"})
PLACES = (
    TABLES
    | PAGES
    | INSTANCE_PAGES
    | {"overview", "thing", "group", "account", "job", "messages", "ruleset", "chart", "definition", "help"}
)
ROLES = ("viewer", "operator", "admin")
IN_COMMAND = 2
_BLANK = re.compile(r"\{ids\}|\b[A-Z]+\b")


class Danger(IntEnum):
    """How much an action hurts when it was not meant; from 1 on it changes the cloud."""

    LOOK = 0
    REVERSIBLE = 1
    DISTURBS = 2
    DESTROYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a person can do. `command` is what does the same in a shell; {ids} and words in capitals are filled in.

    `key` may name several, the first is shown. `anywhere`: its key is no letter, so it works while one types.
    `when` says that it is of use only in the present (now) or only while the console shows another moment (past).
    """

    name: str
    method: str
    screens: frozenset[str]
    key: str
    title: str
    help: str
    danger: Danger = Danger.LOOK
    role: str = "viewer"
    command: str = ""
    shown: bool = True
    anywhere: bool = False
    when: Literal["", "now", "past"] = ""

    def as_command(self, ids: Sequence[str] = (), **words: str) -> str:
        """Write the command about these things, of many about the first few; what users wrote is quoted."""
        more = len(ids) - IN_COMMAND
        named = " ".join(map(shlex.quote, ids[:IN_COMMAND])) + (f" ... and {more} more" if more > 0 else "")
        known = {"{ids}": named or "ID...", **{word: shlex.quote(text) for word, text in words.items()}}
        return _BLANK.sub(lambda found: known.get(found[0], found[0]), self.command)

    @property
    def keys(self) -> list[str]:
        return self.key.split(",")

    @property
    def typed(self) -> bool:
        """Whether its key means itself where text is written."""
        return len(self.key_shown) == 1 or self.key in {"space", "enter"}

    @property
    def key_shown(self) -> str:
        """The first of its keys as it is written on screen."""
        return _SPELLED.get(self.keys[0], self.keys[0])


_SPELLED = {
    "colon": ":",
    "slash": "/",
    "question_mark": "?",
    "minus": "-",
    "at": "@",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "asterisk": "*",
    "comma": ",",
    "escape": "esc",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "ctrl+right_square_bracket": "ctrl+]",
}


def spelled(key: str) -> str:
    """Return the name that a key written on screen has for the terminal: `:` is colon."""
    return next((name for name, shown in _SPELLED.items() if shown == key), key)


def is_spelled(name: str) -> bool:
    """Tell whether that is such a name."""
    return name in _SPELLED


def at(*screens: str) -> frozenset[str]:
    return frozenset(screens)
