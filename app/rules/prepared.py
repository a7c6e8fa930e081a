"""A policy made ready to decide with: its rules of one phase, compiled once and used for every machine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from app.rules.columns import compiled
from app.rules.kernels import Kernel
from app.rules.ranges import Range, declared
from app.rules.table import TAKES
from app.rules.terms import Average, Expr, Reading, WattsWith, parts
from app.rules.tree import Deed, Hard, Phase, Policy, Rule, Ruleset, Soft, Trigger


@dataclass(frozen=True, slots=True)
class Gate:
    """A hard clause: a host passes where the kernel's answer is known and as wanted."""

    rule: Rule
    clause: Hard
    kernel: Kernel

    def __str__(self) -> str:
        return f"{self.rule.name}: {self.clause.text}"


@dataclass(frozen=True, slots=True)
class Wish:
    """A soft clause with its weight in the policy; `span` is what its value can be by the catalogue."""

    rule: Rule
    clause: Soft
    weight: float
    kernel: Kernel
    span: Range

    def __str__(self) -> str:
        return f"{self.rule.name}: {self.clause.text}"


@dataclass(frozen=True, slots=True)
class Watch:
    """A trigger: its condition, which machines it chooses first, when it is enough."""

    rule: Rule
    clause: Trigger
    test: Kernel
    by: Kernel | None
    until: Kernel | None

    def __str__(self) -> str:
        return f"{self.rule.name}: {self.clause.text}"


@dataclass(frozen=True, slots=True)
class Part:
    """One rule of the policy: `applies` says for which machine or hosts, None for all."""

    rule: Rule
    applies: Kernel | None
    gates: tuple[Gate, ...]
    wishes: tuple[Wish, ...]
    watches: tuple[Watch, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is enforced, part by part, and what is only observed; `gates` names all hard clauses in order.

    For rounds, `arriving` are hard clauses of rules that have a say in placing only: they bind who comes to a host, but
    who is there already does not break them.
    """

    policy: Policy
    parts: tuple[Part, ...]
    observed: tuple[Part, ...]
    gates: tuple[str, ...]
    tiebreak: Kernel | None
    arriving: tuple[Part, ...] = ()


def prepare(ruleset: Ruleset, policy: str, phase: Phase = Phase.PLACE) -> Prepared:
    """Compile the rules of a policy that have a say in a phase; the ruleset must be sound."""
    chosen = ruleset.policies[policy]
    pairs = [(use.weight, ruleset.rules[use.rule]) for use in chosen.uses]
    parts = [_part(rule, weight) for weight, rule in pairs if phase in rule.phases]
    others = [_part(rule, weight) for weight, rule in pairs if phase not in rule.phases and not rule.observed]
    enforced = tuple(part for part in parts if not part.rule.observed)
    return Prepared(
        policy=chosen,
        parts=enforced,
        observed=tuple(part for part in parts if part.rule.observed),
        gates=_named(enforced),
        tiebreak=compiled(chosen.tiebreak) if chosen.tiebreak else None,
        arriving=tuple(_bare(part) for part in others) if phase is Phase.REMAP else (),
    )


def strict(policy: Prepared) -> Prepared:
    """Return a policy for rounds with all that binds a machine where it comes to."""
    parts = (*policy.parts, *policy.arriving)
    return replace(policy, parts=parts, gates=_named(parts), arriving=())


def triggered(policy: Prepared, deed: Deed) -> tuple[tuple[Part, Watch], ...]:
    """Return the triggers of a policy that do one thing, each with its rule's part."""
    return tuple((part, watch) for part in policy.parts for watch in part.watches if watch.clause.deed is deed)


def averages(policy: Prepared) -> frozenset[tuple[str, float]]:
    """Name the means that a policy reads, by sensor and seconds; somebody has to keep them."""
    rules = [part.rule for part in (*policy.parts, *policy.observed, *policy.arriving)]
    terms = [*(clause.test for rule in rules for clause in rule.hard), *(s.term for rule in rules for s in rule.soft)]
    terms += [rule.applies.test for rule in rules if rule.applies]
    for rule in rules:
        terms += [term for each in rule.triggers for term in (each.test, each.by, each.until) if term]
    terms += [policy.policy.tiebreak] if policy.policy.tiebreak else []
    found = (part for term in terms for part in parts(term))
    return frozenset((each.sensor.name, each.seconds) for each in found if isinstance(each, Average))


def unremembered(policy: Prepared) -> tuple[str, ...]:
    """Name what placing by a policy looks at that is measured and not counted from what stands where."""
    rules = [part.rule for part in (*policy.parts, *policy.arriving)]
    terms = [*(clause.test for rule in rules for clause in rule.hard), *(s.term for rule in rules for s in rule.soft)]
    terms += [rule.applies.test for rule in rules if rule.applies]
    terms += [policy.policy.tiebreak] if policy.policy.tiebreak else []
    return tuple(sorted({name for term in terms for part in parts(term) if (name := _measured(part))}))


def _measured(term: Expr) -> str:
    match term:
        case Average(sensor=sensor, seconds=seconds):
            return f"avg({sensor.name}, {seconds:g}s)"
        case Reading(sensor=sensor) if sensor.max_age_s < inf and sensor.name not in TAKES and sensor.scope != "vm":
            return sensor.name
        case WattsWith():
            return "watts_with(host, vm)"
    return ""


def _named(parts: Sequence[Part]) -> tuple[str, ...]:
    return tuple(str(gate) for part in parts for gate in part.gates)


def _bare(part: Part) -> Part:
    return replace(part, wishes=(), watches=())


def _part(rule: Rule, weight: float) -> Part:
    return Part(
        rule=rule,
        applies=compiled(rule.applies.test) if rule.applies else None,
        gates=tuple(Gate(rule, clause, compiled(clause.test)) for clause in rule.hard),
        wishes=tuple(
            Wish(rule, clause, weight * clause.weight, compiled(clause.term), declared(clause.term))
            for clause in rule.soft
            if weight * clause.weight > 0
        ),
        watches=tuple(
            Watch(
                rule,
                clause,
                compiled(clause.test),
                compiled(clause.by) if clause.by else None,
                compiled(clause.until) if clause.until else None,
            )
            for clause in rule.triggers
        ),
    )
