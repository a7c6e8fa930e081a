"""The journal (live stream, replay, undo source) and the audit (who did what, hash-chained, kept)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of one thing. `cursor` grows and is never reused; `data` holds the changed columns, no secrets."""

    cursor: int
    at_ms: int
    event: str
    kind: str
    resource_id: str
    text: str
    data: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is to be written down in the audit. `command` is what the sender says that it ran: a hint, and no proof."""

    who: str
    source: str
    action: str
    target: str
    outcome: str
    detail: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One request that changed or tried to change something. `hash` covers the entry and `previous_hash`."""

    number: int
    at_ms: int
    who: str
    source: str
    action: str
    target: str
    outcome: str
    detail: str
    command: str = ""
    previous_hash: str
    hash: str
