"""What would undo a change: how that which it changed was before and after.

The trap: it may be undone only while all of it is still as it was after the change.
"""

from dataclasses import dataclass

from app.domain.rows import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The inverse of one audited change. `number` is that of its audit entry, with leading zeros.

    `before` and `after` hold what differs, by name; a name that is missing was not there. `undone_at_ms` is 0 as long
    as nobody undid it.
    """

    number: str = key()
    action: str
    about: tuple[str, ...]
    before: dict[str, str]
    after: dict[str, str]
    at_ms: int
    undone_at_ms: int = 0
    undone_by: str = ""
