"""Versions of rules, and which policy decides now: one of 1.6.1's by its name, or one of a version.

The store alone says what is active. eucalyptus.conf is taken over when it, or a file it names, says something else than
it last did, so that what an operator applied since is not undone by the next start. The trap: a version never changes,
since decisions of long ago are explained by it.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from app.domain.errors import Invalid, Missing, Unsound, WrongState
from app.domain.ports import Unit
from app.domain.ruleset import Activation, Ruleset
from app.rules.faults import Severity, listed
from app.rules.reading import Outcome, read_together
from app.rules.tree import Ruleset as Rules
from app.services.names import check_name

DEFAULT = "ROUNDROBIN"
BUILT_IN = ("GREEDY", "ROUNDROBIN", "POWERSAVE")
MOST_BYTES = 1 << 20
_ACTIVE = "mapping.active"
_FILE = "mapping.file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """What is active: `policy` by its name; `ruleset` holds its text, None for a policy of 1.6.1."""

    policy: str
    ruleset: Ruleset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What eucalyptus.conf says: a policy of 1.6.1, or `texts` of rules by file and one of their policies."""

    policy: str
    texts: Mapping[str, str] | None = None


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


def checked(texts: Mapping[str, str]) -> Outcome:
    """Read texts of rules by file; Unsound with all faults if they can not be used."""
    size = sum(len(text) for text in texts.values())
    if size > MOST_BYTES:
        raise Invalid("text", f"{size} characters", f"Rules have at most {MOST_BYTES} characters.")
    outcome = read_together(texts)
    if not outcome.sound:
        errors = [fault for fault in outcome.faults if fault.severity is Severity.ERROR]
        raise Unsound([(f"{fault.at.file}:{fault.at.line}:{fault.at.column}", str(fault)) for fault in errors])
    return outcome


def chosen_policy(rules: Rules, named: str = "") -> str:
    """Return the policy that is named, or the default one, or the only one; Invalid names the choices."""
    if named in rules.policies:
        return named
    defaults = [policy.name for policy in rules.policies.values() if policy.default]
    if not named and (defaults or len(rules.policies) == 1):
        return next(iter(defaults or rules.policies))
    why = f"The rules have {listed(rules.policies, 'and')}." if rules.policies else "The rules have no policy."
    raise Invalid("policy", named, why if named else f'{why} Name one, or title one of them "default".')


def add(unit: Unit, name: str, texts: Mapping[str, str], author: str, policy: str = "") -> Ruleset:
    """Keep rules as a new version; the same text and policy again are the version that is there."""
    check_name("name", name)
    policy = chosen_policy(checked(texts).ruleset, policy)
    text = _joined(texts)
    digest = sha256(text.encode()).hexdigest()
    versions = unit.rulesets.where()
    for version in versions:
        if (version.sha256, version.policy) == (digest, policy):
            return version
    number = 1 + max((version.number for version in versions), default=0)
    made = Ruleset(
        id=f"rules-{number}",
        number=number,
        name=name,
        text=text,
        sha256=digest,
        policy=policy,
        author=author,
        created_at_ms=unit.now_ms,
    )
    unit.rulesets.add(made, text=f"{made.id} ({name}, policy {policy}) by {author}")
    return made


def activate(unit: Unit, chosen: str, who: str) -> Active:
    """Let a policy of 1.6.1, or a ruleset by its id, decide from the next launch on."""
    policy = chosen if chosen in BUILT_IN else get(unit, chosen).policy
    if active_id(unit) != chosen:
        unit.set_setting(_ACTIVE, chosen)
        number = 1 + len(unit.activations.where())
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


def history(unit: Unit) -> list[Activation]:
    """List what was active, the newest first."""
    return sorted(unit.activations.where(), key=lambda row: row.id, reverse=True)


def diff(old: Ruleset, new: Ruleset) -> str:
    """Compare two versions line by line; empty if the texts are equal."""
    lines = difflib.unified_diff(old.text.splitlines(), new.text.splitlines(), old.id, new.id, lineterm="")
    return "\n".join(lines)


def take_over(unit: Unit, said: Said) -> None:
    """Activate what eucalyptus.conf says, if it says something else than it last did."""
    text = "" if said.texts is None else _joined(said.texts)
    stamp = sha256(f"{said.policy}\n{text}".encode()).hexdigest()
    if unit.setting(_FILE) == stamp:
        return
    unit.set_setting(_FILE, stamp)
    who = "eucalyptus.conf"
    if said.texts is None:
        activate(unit, said.policy, who)
    else:
        activate(unit, add(unit, "eucalyptus.conf", said.texts, who, said.policy).id, who)


def _joined(texts: Mapping[str, str]) -> str:
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n".join(f"# {file}\n{text}" for file, text in texts.items())
