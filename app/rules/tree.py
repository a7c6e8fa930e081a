"""What a file of rules says, typed and checked: the form that the engine works on.

Nothing here is looked up again: a `when` before a hard or soft clause has become part of its expression. Places in
the text take no part in comparison, so that two rules are equal when they mean the same.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from app.rules.terms import Expr


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text: lines and columns count from 1."""

    file: str
    line: int
    column: int
    width: int = 1


class Phase(StrEnum):
    """When a rule has a say: a new machine is placed, or running ones may move."""

    PLACE = "place"
    REMAP = "remap"


class Subject(StrEnum):
    """What a condition is asked of, one by one."""

    HOST = "host"
    VM = "vm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hard:
    """`require`, or `forbid` with its condition as written: `wanted` is the answer that lets a host pass."""

    test: Expr
    wanted: bool
    text: str
    at: Mark = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Soft:
    """`prefer`: more is better; `weight` counts within the rule."""

    term: Expr
    weight: float
    text: str
    at: Mark = field(compare=False)


class Deed(StrEnum):
    """What a trigger may do."""

    MIGRATE = "migrate vm"
    RESTART = "restart vm"
    EVACUATE = "evacuate host"
    POWER_ON = "power on host"
    POWER_OFF = "power off host"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """`when … for …` and what is done then; `by` orders the machines to migrate, `until` says when it is enough."""

    test: Expr
    hold_s: float
    subject: Subject
    deed: Deed
    by: Expr | None = None
    until: Expr | None = None
    message: str = ""
    text: str
    at: Mark = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """Which machines or hosts a rule is about."""

    subject: Subject
    test: Expr
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named set of clauses; `observed` ones are reported and change nothing."""

    name: str
    title: str = ""
    phases: frozenset[Phase] = frozenset(Phase)
    applies: Applies | None = None
    observed: bool = False
    cooldown_s: float = 0.0
    hard: tuple[Hard, ...] = ()
    soft: tuple[Soft, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    at: Mark = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A rule in a policy; `weight` multiplies those of its `prefer` clauses."""

    rule: str
    weight: float = 1.0
    at: Mark = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` (a count, or seconds) of `what` per hour, vm, host, round or link."""

    what: str
    most: float
    per: str
    at: Mark = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules that count together; `remap_s` of 0 means that running machines stay where they are."""

    name: str
    title: str = ""
    uses: tuple[Use, ...] = ()
    remap_s: float = 0.0
    limits: tuple[Limit, ...] = ()
    gain: float = 0.0
    tiebreak: Expr | None = None
    at: Mark = field(compare=False)

    @property
    def default(self) -> bool:
        return self.title == "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """Everything that was read together, by name."""

    rules: dict[str, Rule]
    policies: dict[str, Policy]
