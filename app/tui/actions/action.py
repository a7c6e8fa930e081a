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
TABLES = THINGS | {"events", "jobs", "clusters"}
PAGES = frozenset({"host", "cluster"})
PLACES = TABLES | PAGES | {"overview", "instance", "console", "output", "thing", "job", "messages", "chart", "help"}
ROLES = ("viewer", "operator", "admin")


class Danger(IntEnum):
    """How much an action hurts when it was not meant; from 1 on it changes the cloud."""

    LOOK = 0
    REVERSIBLE = 1
    DISTURBS = 2
    DESTROYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a person can do. `command` is what does the same in a shell ({ids} is filled in)."""

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

    @property
    def key_shown(self) -> str:
        return _SPELLED.get(self.key, self.key)


_SPELLED = {
    "colon": ":",
    "slash": "/",
    "question_mark": "?",
    "minus": "-",
    "asterisk": "*",
    "space": "space",
    "escape": "esc",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "ctrl+right_square_bracket": "ctrl+]",
}


def at(*screens: str) -> frozenset[str]:
    return frozenset(screens)
