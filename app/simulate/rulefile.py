"""Policies from files of mapping rules, named `FILE.rules` or `FILE.rules:POLICY`.

The trap: a file may hold several policies. Without a name the one marked as default counts, else the first.
"""

from dataclasses import dataclass
from pathlib import Path

from app.rules.prepared import Prepared, prepare
from app.rules.reading import read
from app.rules.tree import Phase, Ruleset
from app.simulate.residence import PolicyError

ENDING = ".rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePolicy:
    """One policy of a file under the name it is reported by."""

    name: str
    ruleset: Ruleset
    policy: str

    def prepared(self, phase: Phase) -> Prepared:
        """Make it ready to decide with."""
        return prepare(self.ruleset, self.policy, phase)


def rule_policy(name: str) -> RulePolicy | None:
    """Read the policy that a name means, None if it is no file of rules; PolicyError tells the first fault."""
    place, _, chosen = name.rpartition(":") if not name.endswith(ENDING) else (name, "", "")
    if not place.endswith(ENDING):
        return None
    path = Path(place)
    if not path.is_file():
        raise PolicyError(f"there is no file {path}")
    outcome = read(path.read_text(), str(path))
    if not outcome.sound or not outcome.ruleset.policies:
        raise PolicyError(str(outcome.faults[0]) if outcome.faults else f"there is no policy in {path}")
    policies = outcome.ruleset.policies
    if chosen and chosen not in policies:
        raise PolicyError(f"there is no policy {chosen} in {path}; there are {', '.join(policies)}")
    first = min(policies.values(), key=lambda policy: not policy.default).name
    return RulePolicy(name=chosen or path.stem, ruleset=outcome.ruleset, policy=chosen or first)
