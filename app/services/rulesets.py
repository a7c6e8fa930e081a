"""Versions of rules, and which policy decides now: one of 1.6.1's by its name, or one of a version.

The store alone says what is active. eucalyptus.conf is taken over when it, or a file it names, says something else than
it last did, so that what an operator applied since is not undone by the next start. The trap: a version never changes,
since decisions of long ago are explained by it.
"""

from dataclasses import dataclass
from hashlib import sha256

from app.domain.errors import CloudError, Missing, Unsound, WrongState
from app.domain.ports import Unit
from app.domain.ruleset import Activation, Ruleset
from app.services.rule_texts import Draft

DEFAULT = "ROUNDROBIN"
BUILT_IN = ("GREEDY", "ROUNDROBIN", "POWERSAVE")
FILE = "eucalyptus.conf"
_ACTIVE = "mapping.active"
_FILE = "mapping.file"
_REFUSED = "mapping.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """What is active: `policy` by its name; `ruleset` holds its text, None for a policy of 1.6.1."""

    policy: str
    ruleset: Ruleset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What eucalyptus.conf says: `policy` is one of 1.6.1, or one of the `rules` of files.

    `refused`: why what it says can not be used; `content` tells one such state of the files from another.
    """

    policy: str = ""
    rules: Draft | None = None
    refused: CloudError | None = None
    content: str = ""


def active_id(unit: Unit) -> str:
    """Return what is active: a policy of 1.6.1 by name, or a ruleset's id."""
    return unit.setting(_ACTIVE, DEFAULT)


def active(unit: Unit) -> Active:
    """Return what is active, with its rules."""
    chosen = active_id(unit)
    ruleset = None if chosen in BUILT_IN else unit.rulesets.get(chosen)
    return Active(policy=ruleset.policy if ruleset else chosen, ruleset=ruleset)


def get(unit: Unit, ruleset_id: str) -> Ruleset:
    """Return a version; Missing otherwise."""
    ruleset = unit.rulesets.get(ruleset_id)
    if ruleset is None:
        raise Missing("ruleset", ruleset_id)
    return ruleset


def add(unit: Unit, rules: Draft, author: str) -> Ruleset:
    """Keep rules as a new version; the same text and policy again are the version that is there."""
    versions = unit.rulesets.where()
    for version in versions:
        if (version.sha256, version.policy) == (rules.sha256, rules.policy):
            return version
    number = 1 + max((version.number for version in versions), default=0)
    made = Ruleset(
        id=f"rules-{number}",
        number=number,
        name=rules.name,
        text=rules.text,
        sha256=rules.sha256,
        policy=rules.policy,
        author=author,
        created_at_ms=unit.now_ms,
    )
    unit.rulesets.add(made, text=f"{made.id} ({made.name}, policy {made.policy}) by {author}")
    return made


def activate(unit: Unit, chosen: str, who: str) -> Active:
    """Let a policy of 1.6.1 (in any case of letters), or a ruleset by its id, decide from the next launch on."""
    chosen = chosen.upper() if chosen.upper() in BUILT_IN else chosen
    policy = chosen if chosen in BUILT_IN else get(unit, chosen).policy
    if active_id(unit) != chosen:
        unit.set_setting(_ACTIVE, chosen)
        number = 1 + unit.activations.count()
        row = Activation(id=f"{number:08}", active=chosen, policy=policy, who=who, at_ms=unit.now_ms)
        unit.activations.add(row, event="mapping.activated", text=f"{policy} ({chosen}) decides from now on: {who}")
    return active(unit)


def rollback(unit: Unit, who: str) -> Active:
    """Activate what was active before what is; WrongState if there was nothing."""
    now = active_id(unit)
    past = [row.active for row in unit.activations.where()]
    before = next((each for each in reversed(past) if each != now), DEFAULT if past and now != DEFAULT else "")
    if not before:
        raise WrongState("policy", now, "active", "and nothing was before it")
    return activate(unit, before, who)


def decide_as_of(unit: Unit) -> None:
    """Let decide what did by what is written down of activations, where these are those of a past moment."""
    newest = unit.activations.where()[-1:]
    unit.set_setting(_ACTIVE, newest[0].active if newest else DEFAULT)


def history(unit: Unit) -> list[Activation]:
    """List what was active, the newest first."""
    return sorted(unit.activations.where(), key=lambda row: row.id, reverse=True)


def take_over(unit: Unit, said: Said) -> None:
    """Activate what eucalyptus.conf says, if it says something else than it last did.

    What can not be used changes nothing and is told once; a cloud that never had a policy raises it instead.
    """
    if said.refused is not None:
        if not unit.setting(_FILE):
            raise said.refused
        refuse(unit, said.refused, said.content)
        return
    rules = said.rules
    unit.set_setting(_REFUSED, "")
    stamp = f"{rules.policy} {rules.sha256}" if rules else said.policy
    if unit.setting(_FILE) != stamp:
        unit.set_setting(_FILE, stamp)
        activate(unit, add(unit, rules, FILE).id if rules else said.policy, FILE)


def refuse(unit: Unit, why: CloudError, content: str = "") -> None:
    """Tell in the journal, once for each content, why files can not be used."""
    mark = sha256(f"{content}\n{why}".encode("utf-8", "replace")).hexdigest()
    if unit.setting(_REFUSED) != mark:
        unit.set_setting(_REFUSED, mark)
        text = f"what changed is not used: {_brief(why)}; {active(unit).policy} goes on deciding"
        unit.note("mapping.refused", "settings", FILE, text)


def _brief(why: CloudError) -> str:
    """Say the first thing that is wrong in one line, and how many more there are."""
    all_of_it = [said for _, said in why.faults] if isinstance(why, Unsound) else str(why).splitlines()
    first, more = all_of_it[0].splitlines()[0], len(all_of_it) - 1
    return f"{first} (and {more} more)" if more else first
