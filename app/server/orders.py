"""What the server and its planning process tell each other: pickled, each with its length before it.

These stand in a module of their own, since what a program's main module defines has another name in its parent.
"""

import struct
from dataclasses import dataclass

from app.rules.moment import Now
from app.rules.plan import Memory, Plan
from app.rules.rehearsing import Rehearsal
from app.rules.remap import State

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


@dataclass(frozen=True, slots=True)
class Failed:
    why: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and after how many seconds the policy wants the next one; 0: it moves nothing."""

    plan: Plan
    every_s: float


Answer = Planned | Rehearsal | Failed
