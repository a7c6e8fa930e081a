"""Which means a policy asks for, so that somebody can keep them beforehand: `avg(host.cpu.load, 5min)`."""

from collections.abc import Iterator

from app.rules.terms import Average, Expr, parts
from app.rules.tree import Rule, Ruleset


def averaged(ruleset: Ruleset, policy: str) -> frozenset[tuple[str, float]]:
    """Return sensors and seconds of all means that the rules of a policy name."""
    chosen = ruleset.policies[policy]
    terms = [term for use in chosen.uses for term in _terms(ruleset.rules[use.rule])]
    terms += [chosen.tiebreak] if chosen.tiebreak else []
    return frozenset(
        (part.sensor.name, part.seconds) for term in terms for part in parts(term) if isinstance(part, Average)
    )


def _terms(rule: Rule) -> Iterator[Expr]:
    if rule.applies is not None:
        yield rule.applies.test
    yield from (clause.test for clause in rule.hard)
    yield from (clause.term for clause in rule.soft)
    for trigger in rule.triggers:
        yield from (term for term in (trigger.test, trigger.by, trigger.until) if term is not None)
