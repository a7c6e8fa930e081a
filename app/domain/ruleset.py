"""Versions of mapping rules: texts that were sound once, kept unchanged with their author and time."""

from dataclasses import dataclass

from app.domain.rows import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """One version. `number` counts from 1 over all of them; `policy` is the one of the text that it activates."""

    id: str = key()
    number: int
    name: str
    text: str
    sha256: str
    policy: str
    author: str
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """What became active when, and by whom: a ruleset's id, or a policy of 1.6.1 by name. Ids sort by time."""

    id: str = key()
    active: str
    policy: str
    who: str
    at_ms: int
