"""The rules of a version made ready to decide with: read and compiled once, used for every machine.

A version never changes, so its id is all that has to be compared. The trap: what stands in the store was sound when it
was stored; a program that reads it differently today must say so instead of placing by half of it.
"""

from dataclasses import dataclass

from app.domain.errors import Broken
from app.domain.ruleset import Ruleset
from app.rules.evidence import Evidence
from app.rules.prepared import Prepared, prepare, strict
from app.rules.reading import read
from app.rules.tree import Phase

_MOST_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A policy for one phase, with all that binds who comes to a host; `evidence` numbers its hard clauses."""

    policy: Prepared
    evidence: Evidence


class RulesInForce:
    """Keeps what was made ready, for the versions that were asked for last."""

    def __init__(self) -> None:
        self._ready: dict[tuple[str, str, Phase], Ready] = {}

    def ready(self, ruleset: Ruleset, policy: str, phase: Phase = Phase.PLACE) -> Ready:
        """Return a policy of a version; Broken if this program can not read it."""
        key = ruleset.id, policy, phase
        if key not in self._ready:
            kept = dict([*self._ready.items()][1 - _MOST_KEPT :])
            self._ready = {**kept, key: _made(ruleset, policy, phase)}  # readers ask on other threads
        return self._ready[key]


def _made(ruleset: Ruleset, policy: str, phase: Phase) -> Ready:
    outcome = read(ruleset.text, ruleset.name)
    if not outcome.sound or policy not in outcome.ruleset.policies:
        why = str(outcome.faults[0]) if outcome.faults else f"it has no policy {policy}"
        raise Broken("rules", f"version {ruleset.number} can not be read any more: {why}")
    prepared = strict(prepare(outcome.ruleset, policy, phase))
    return Ready(policy=prepared, evidence=Evidence(prepared))
