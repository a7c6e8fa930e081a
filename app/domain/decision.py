"""What was decided about an instance, and why: kept as long as its instance is remembered, long after it ended.

`verdicts` says of every host why it was not the one; only `services/verdicts.py` knows its form.
"""

from dataclasses import dataclass
from enum import StrEnum


class Deed(StrEnum):
    """What became of the instance."""

    PLACED = "placed"
    MOVED = "moved"
    RESTARTED = "restarted"
    REFUSED = "refused"  # it was to move and could not
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision; `number` counts from 1 for each instance, 0: not written yet. `origin` is where it came from."""

    instance_id: str
    number: int = 0
    at_ms: int
    kind: Deed
    policy: str
    ruleset_id: str = ""
    host: str
    origin: str = ""
    reasons: tuple[str, ...] = ()
    verdicts: bytes = b""
