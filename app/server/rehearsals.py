"""The rehearsals of the last minute, each by a name of its own, so that whoever applies rules can say which was read.

They are kept in memory: a server that was started anew knows none, and asks to rehearse again.
"""

from collections.abc import Callable

from app.domain.errors import Conflict
from app.domain.ports import Entropy, Unit
from app.rules.plan import Plan
from app.server import rule_files
from app.server.trials import Trials
from app.services import rehearsed, rulesets
from app.services.rehearsed import Rehearsed
from app.services.remapping import Briefing

MOST = 200
_NAME_BYTES = 12


class Rehearsals:
    """Lives as long as the server; `trials` takes launches of the past again."""

    def __init__(self, monotonic_s: Callable[[], float], entropy: Entropy) -> None:
        self._monotonic_s, self._entropy = monotonic_s, entropy
        self._kept: dict[str, Rehearsed] = {}
        self.trials = Trials()

    def keep(self, briefing: Briefing, plan: Plan) -> str:
        """Remember what was rehearsed; return its name."""
        name = self._entropy(_NAME_BYTES).hex()
        instances, hosts = rehearsed.named_in(plan)
        made = Rehearsed(
            digest=rehearsed.digest(briefing.text, briefing.policy),
            cursor=briefing.cursor,
            at_s=briefing.now.at_s,
            instances=instances,
            hosts=hosts,
        )
        self._kept = dict([*self._kept.items(), (name, made)][-MOST:])
        return name

    def check(self, unit: Unit, name: str, ruleset: str) -> None:
        """Conflict unless applying a version, or a policy of 1.6.1, does what was shown under that name."""
        found = self._kept.get(name)
        if found is None:
            raise Conflict("rehearsal", name[:80], "is not known (any more): rehearse again")
        rehearsed.check(unit, found, name, rehearsed.digest(*rules_of(unit, ruleset)), self._monotonic_s())


def rules_of(unit: Unit, name: str) -> tuple[str, str]:
    """Return the text and the policy of a version, or of a policy of 1.6.1 as rules; Missing otherwise."""
    if name in rulesets.BUILT_IN:
        return rule_files.shipped_text(name.lower()), name.lower()
    found = rulesets.get(unit, name)
    return found.text, found.policy
