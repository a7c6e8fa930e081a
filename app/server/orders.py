"""What the server and its planning process tell each other: pickled, each with its length before it.

These stand in a module of their own, since what a program's main module defines has another name in its parent.
"""

import struct
from dataclasses import dataclass

from app.rules.moment import Now
from app.rules.plan import Memory, Plan
from app.rules.rehearsing import Rehearsal
from app.rules.remap import State
from app.services.yesterday import Past, Taken

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One round to plan; `idle_s` replaces how long a host is empty before it is switched off. No memory: rehearse."""

    text: str
    policy: str
    state: State
    now: Now
    idle_s: float | None = None
    memory: Memory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Launches of the past to be taken again by a policy."""

    text: str
    policy: str
    past: Past


@dataclass(frozen=True, slots=True)
class Tried:
    """Where each launch would have gone, and what was taken for granted."""

    taken: list[Taken]
    assumed: list[str]


@dataclass(frozen=True, slots=True)
class Failed:
    why: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and after how many seconds the policy wants the next one; 0: it moves nothing."""

    plan: Plan
    every_s: float


Answer = Planned | Rehearsal | Tried | Failed
