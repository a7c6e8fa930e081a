"""Which policy places instances now: one of 1.6.1's by its name, or one of a version of rules.

The store alone says what is active; eucalyptus.conf is taken over when it says something else than it last did, so that
what an operator applied since is not undone by the next start.
"""

from dataclasses import dataclass

from app.domain.errors import Missing
from app.domain.ports import Unit
from app.domain.ruleset import Ruleset

DEFAULT = "ROUNDROBIN"
_ACTIVE = "mapping.active"
_FILE = "mapping.file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """What is active: `policy` by its name; `ruleset` holds its text, None for a policy of 1.6.1."""

    policy: str
    ruleset: Ruleset | None = None


def active_id(unit: Unit) -> str:
    """Return what is active: a policy of 1.6.1 by name, or a ruleset's id."""
    return unit.setting(_ACTIVE, DEFAULT)


def active(unit: Unit) -> Active:
    """Return what is active, with its rules."""
    chosen = active_id(unit)
    ruleset = unit.rulesets.get(chosen)
    return Active(policy=ruleset.policy if ruleset else chosen, ruleset=ruleset)


def get(unit: Unit, ruleset_id: str) -> Ruleset:
    """Return a version; Missing otherwise."""
    ruleset = unit.rulesets.get(ruleset_id)
    if ruleset is None:
        raise Missing("ruleset", ruleset_id)
    return ruleset


def activate(unit: Unit, chosen: str, who: str) -> None:
    """Let a policy of 1.6.1, or a ruleset by its id, decide from the next launch on."""
    if active_id(unit) != chosen:
        unit.set_setting(_ACTIVE, chosen)
        unit.note("mapping.activated", "ruleset", chosen, f"{chosen} decides from now on, said {who}")


def take_over(unit: Unit, schedpolicy: str) -> None:
    """Activate what eucalyptus.conf says, if it says something else than it last did."""
    if unit.setting(_FILE) != schedpolicy:
        unit.set_setting(_FILE, schedpolicy)
        activate(unit, schedpolicy, "eucalyptus.conf")
