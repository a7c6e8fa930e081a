"""What a round of remapping decides, and what the next round must know. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.rules.placing import Points

Key = tuple[str, str, str]  # rule, text of the clause, host or machine


@dataclass(frozen=True, slots=True)
class Moved:
    """A migration that was planned: budgets per hour count these."""

    at_s: float
    vm: str
    downtime_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one round hands to the next.

    `since` when each condition has held without a break, `underway` where it was acted on and its `until` is still
    ahead, `rests_until_s` by rule and host, `moved` of the last hour.
    """

    since: Mapping[Key, float] = field(default_factory=dict)
    underway: frozenset[Key] = frozenset()
    rests_until_s: Mapping[tuple[str, str], float] = field(default_factory=dict)
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One machine goes from host to host; `gain` is by how much the whole mapping's score grows, if that was asked."""

    vm: str
    source: str
    target: str
    why: str
    points: tuple[Points, ...]
    downtime_s: float
    gain: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """A machine of a lost host is started on another one."""

    vm: str
    source: str
    target: str
    why: str
    points: tuple[Points, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """A host is switched on or off."""

    host: str
    on: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The operator is told."""

    about: str
    message: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What a rule asked for and does not get."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Moves are made one after another, in this order; hosts are switched after them.

    `observed` is what rules in `mode observe` would have asked for. `memory` is that of the next round.
    """

    memory: Memory
    moves: tuple[Move, ...] = ()
    restarts: tuple[Restart, ...] = ()
    powers: tuple[Power, ...] = ()
    alerts: tuple[Alert, ...] = ()
    refused: tuple[Refused, ...] = ()
    observed: tuple[str, ...] = ()

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Return machines and the hosts that they come to, in order: restarts first."""
        return [(each.vm, each.target) for each in self.restarts] + [(each.vm, each.target) for each in self.moves]

    @property
    def quiet(self) -> bool:
        """Tell whether nothing is to be done."""
        return not (self.moves or self.restarts or self.powers or self.alerts)
