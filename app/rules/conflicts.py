"""What is wrong between rules that are each right: found on loading, without any host.

Files are read together, so a rule may stand in several of them, as long as it says the same everywhere.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from app.rules.affinity import apart, at_odds, together
from app.rules.faults import Fault, Severity, nearest
from app.rules.hysteresis import touching
from app.rules.tree import Deed, Mark, Policy, Rule, Ruleset


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def at(self) -> Mark: ...


N = TypeVar("N", bound=_Named)


def gathered(rules: Sequence[Rule], policies: Sequence[Policy]) -> tuple[Ruleset, list[Fault]]:
    """Put rules and policies under their names; a name with two meanings is a fault."""
    faults: list[Fault] = []
    return Ruleset(rules=_unique("rule", rules, faults), policies=_unique("policy", policies, faults)), faults


def conflicts(ruleset: Ruleset) -> Iterator[Fault]:
    """Find what cannot work or was hardly meant."""
    for rule in ruleset.rules.values():
        yield from _without_gap(rule)
        yield from _weightless_rule(rule)
    for policy in ruleset.policies.values():
        yield from _uses(policy, ruleset)
        yield from _weightless_policy(policy, ruleset)
        yield from _dark(policy, ruleset)
        yield from _never_remapped(policy, ruleset)
        yield from _apart_and_together(policy, ruleset)
    yield from _defaults(ruleset)
    yield from _unused(ruleset)


def _unique(what: str, items: Sequence[N], faults: list[Fault]) -> dict[str, N]:
    found: dict[str, N] = {}
    for item in items:
        first = found.setdefault(item.name, item)
        if first != item:
            where = f"{first.at.file}:{first.at.line}"
            faults.append(Fault(at=item.at, message=f"{what} `{item.name}` stands at {where} too; rename one of them"))
    return found


def _uses(policy: Policy, ruleset: Ruleset) -> Iterator[Fault]:
    seen: set[str] = set()
    for use in policy.uses:
        if use.rule not in ruleset.rules:
            near = nearest(use.rule, ruleset.rules)
            hint = f"do you mean `{near}`?" if near else "write it, or leave it out here"
            yield Fault(at=use.at, message=f"there is no rule `{use.rule}`; {hint}", met=use.rule, nearest=near)
        if use.rule in seen:
            yield Fault(at=use.at, message=f"rule `{use.rule}` is used a second time; add the weights up in one line")
        seen.add(use.rule)
    if not policy.uses:
        yield Fault(at=policy.at, message=f"policy `{policy.name}` uses no rule; write `use NAME`")


def _used(policy: Policy, ruleset: Ruleset) -> list[tuple[float, Rule]]:
    return [(use.weight, ruleset.rules[use.rule]) for use in policy.uses if use.rule in ruleset.rules]


def _weightless_rule(rule: Rule) -> Iterator[Fault]:
    if rule.soft and not any(soft.weight for soft in rule.soft):
        yield Fault(at=rule.soft[0].at, message="every weight in this rule is 0; give one of them a weight above 0")


def _weightless_policy(policy: Policy, ruleset: Ruleset) -> Iterator[Fault]:
    weighty = [(weight, rule) for weight, rule in _used(policy, ruleset) if rule.soft]
    if weighty and not any(weight for weight, _ in weighty):
        message = f"every weight in policy `{policy.name}` is 0, so no host is better than another; raise one above 0"
        yield Fault(at=policy.at, message=message)


def _dark(policy: Policy, ruleset: Ruleset) -> Iterator[Fault]:
    triggers = [trigger for _, rule in _used(policy, ruleset) for trigger in rule.triggers]
    off = [trigger for trigger in triggers if trigger.deed is Deed.POWER_OFF]
    if off and not any(trigger.deed is Deed.POWER_ON for trigger in triggers):
        message = f"policy `{policy.name}` switches hosts off by this and never on; add `when … power on host`"
        yield Fault(at=off[0].at, message=message)


def _apart_and_together(policy: Policy, ruleset: Ruleset) -> Iterator[Fault]:
    """Find affinity and anti-affinity that leave a second machine without any host."""
    clauses = [(rule, clause) for _, rule in _used(policy, ruleset) for clause in rule.hard]
    wanted = [(rule, near) for rule, clause in clauses for near in together(clause)]
    for rule, clause in clauses:
        for far in apart(clause):
            for other, near in wanted:
                everyone = rule.applies is None or other.applies in {None, rule.applies}
                if everyone and at_odds(near, far):
                    message = f"this keeps machines of one {far.trait} apart, rule `{other.name}` keeps them together"
                    yield Fault(at=clause.at, message=f"{message}; drop one from policy `{policy.name}`")


def _never_remapped(policy: Policy, ruleset: Ruleset) -> Iterator[Fault]:
    if policy.remap_s or not any(rule.triggers for _, rule in _used(policy, ruleset)):
        return
    message = f"policy `{policy.name}` has conditions with `when`, and none is ever asked; add `remap every 60s`"
    yield Fault(at=policy.at, message=message, severity=Severity.WARNING)


def _defaults(ruleset: Ruleset) -> Iterator[Fault]:
    defaults = [policy for policy in ruleset.policies.values() if policy.default]
    for policy in defaults[1:]:
        message = f'policy `{defaults[0].name}` is the "default" already; give this one another text'
        yield Fault(at=policy.at, message=message)


def _unused(ruleset: Ruleset) -> Iterator[Fault]:
    used = {use.rule for policy in ruleset.policies.values() for use in policy.uses}
    for rule in ruleset.rules.values():
        if rule.name not in used:
            message = f"rule `{rule.name}` is used by no policy; write `use {rule.name}` in one"
            yield Fault(at=rule.at, message=message, severity=Severity.WARNING)


def _without_gap(rule: Rule) -> Iterator[Fault]:
    """A trigger that stops where it starts goes on and off for ever."""
    for trigger in rule.triggers:
        if trigger.until is not None and touching(trigger.test, trigger.until):
            message = "there is no gap between `when` and `until`; let `until` ask for clearly less, or it starts again"
            yield Fault(at=trigger.at, message=message)
