"""Which rules of a policy are about nothing at all right now: so they are said before somebody relies on them.

The trap: a clause that refuses no host has matched, for it was asked; only a rule that is about no machine and no host,
or whose every condition holds nowhere, has not.
"""

import numpy as np

from app.rules.fleet import NO_VM, Fleet
from app.rules.kernels import Scene
from app.rules.moment import Now
from app.rules.placing import concerned_in
from app.rules.prepared import Part, Prepared
from app.rules.remap import State
from app.rules.tree import Subject
from app.rules.watching import Lookout


def unmatched(state: State, policy: Prepared, now: Now) -> tuple[str, ...]:
    """Name the rules that are about no machine and no host there is, in the order of the policy."""
    lookout = Lookout(state.table, Fleet(state.table, state.vms), now)
    parts = (*policy.parts, *policy.observed, *policy.arriving)
    silent = {part.rule.name for part in parts if not _matches(part, lookout)}
    return tuple(use.rule for use in policy.policy.uses if use.rule in silent)


def _matches(part: Part, lookout: Lookout) -> bool:
    if not _about_something(part, lookout):
        return False
    rule = part.rule
    return bool(rule.hard or rule.soft) or any(lookout.holds(part, watch).any() for watch in part.watches)


def _about_something(part: Part, lookout: Lookout) -> bool:
    applies = part.rule.applies
    if applies is None:
        return True
    if applies.subject is Subject.VM:
        return bool(lookout.of_machines(part, lookout.everyone).any())
    with np.errstate(all="ignore"):
        about = concerned_in(Scene(lookout.table, NO_VM, lookout.now), part, if_unknown=False)
    return bool(np.any(about))
