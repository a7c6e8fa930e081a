"""One action of the registry, and the words that say where it is offered."""

from dataclasses import dataclass
from enum import IntEnum

HOLDINGS = frozenset(
    {
        "images",
        "volumes",
        "snapshots",
        "groups",
        "addresses",
        "keys",
        "types",
        "users",
        "placement-groups",
        "templates",
    }
)
THINGS = frozenset({"hosts", "instances"}) | HOLDINGS
TABLES = THINGS | {"events", "jobs", "rules", "audit", "clouds", "clusters"}
LIST_KEYS = frozenset({"up", "down", "pageup", "pagedown", "home", "g", "end", "G"})
PAGES = frozenset({"host", "cluster"})
PLACES = (
    TABLES
    | PAGES
    | {"overview", "instance", "console", "output", "thing", "job", "messages", "why", "ruleset", "chart", "help"}
)
ROLES = ("viewer", "operator", "admin")


class Danger(IntEnum):
    """How much an action hurts when it was not meant; from 1 on it changes the cloud."""

    LOOK = 0
    REVERSIBLE = 1
    DISTURBS = 2
    DESTROYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a person can do. `command` is what does the same in a shell ({ids} is filled in).

    `key` may name several, the first is shown. `anywhere`: its key is no letter, so it works while one types.
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
