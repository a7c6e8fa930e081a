"""Texts of rules before they are kept: read as one set, and which policy of them is to decide.

Reading a long text takes seconds, so it is done before a transaction begins, never inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from app.domain.errors import Invalid, Unsound
from app.rules.faults import Fault, Severity, listed
from app.rules.reading import Outcome, read_together
from app.rules.tree import Ruleset as Rules
from app.services.names import check_name

MOST_CHARACTERS = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Rules without an error, fit to be kept as a version; `warnings` are no hindrance."""

    name: str
    text: str
    sha256: str
    policy: str
    warnings: tuple[Fault, ...]


def draft(name: str, texts: Mapping[str, str], policy: str = "") -> Draft:
    """Read texts by file; Unsound with all faults, Invalid names the policies that could be meant. Takes its time."""
    check_name("name", name)
    outcome = checked(texts)
    text = _joined(texts)
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    named = chosen_policy(outcome.ruleset, policy)
    return Draft(name=name, text=text, sha256=digest, policy=named, warnings=outcome.faults)


def read_all(texts: Mapping[str, str]) -> Outcome:
    """Read texts by file, whatever is wrong with them; Invalid if they are too long."""
    size = sum(len(text) for text in texts.values())
    if size > MOST_CHARACTERS:
        raise Invalid("text", f"{size} characters", f"Rules have at most {MOST_CHARACTERS} characters.")
    return read_together(texts)


def checked(texts: Mapping[str, str]) -> Outcome:
    """Read texts by file; Unsound with all faults if they can not be used."""
    outcome = read_all(texts)
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
    if not rules.policies:
        raise Invalid("policy", named, "The rules have no policy. Write `policy NAME { use RULE }`.")
    why = f"The rules have {listed(rules.policies, 'and')}."
    raise Invalid("policy", named, why if named else f'{why} Name one, or title one of them "default".')


def _joined(texts: Mapping[str, str]) -> str:
    """Put files behind one another, each under its name; a single one stays as it is."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    named = ((file.rpartition("/")[2], text) for file, text in texts.items())
    return "\n".join(f"# {name if name.isprintable() else ascii(name)}\n{text}" for name, text in named)
