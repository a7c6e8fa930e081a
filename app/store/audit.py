"""The audit: who did what, each entry chained to the one before by SHA-256, never pruned.

The chain shows that an entry was changed, inserted or taken out; that the newest ones were cut off shows by the
number that SQLite keeps apart. Who can write the file can forge the whole chain: keep the newest hash elsewhere.
"""

import hashlib
from dataclasses import asdict, dataclass

from app.domain.journal import AuditEntry, Said
from app.store.codec import dump
from app.store.journal import fitting
from app.store.session import Session

_COLUMNS = "number, at_ms, who, source, action, target, outcome, detail, command, previous_hash, hash"
_NAMES = _COLUMNS.split(", ")
_APPEND = f"INSERT INTO audit ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in _NAMES)})"  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLink:
    """The first audit entry that does not hold, and why."""

    number: int
    why: str


def append(session: Session, at_ms: int, said: Said) -> int:
    """Chain one entry to the newest; return its number."""
    draft = AuditEntry(
        number=_last_number(session) + 1,
        at_ms=at_ms,
        previous_hash=_newest_hash(session),
        hash="",
        **{name: fitting(text) for name, text in asdict(said).items()},
    )
    session.change(_APPEND, _plain(draft) | {"hash": hash_of(draft)})
    return draft.number


def entries(session: Session, after: int, limit: int) -> list[AuditEntry]:
    """List entries with a greater number, oldest first."""
    rows = session.query(
        f"SELECT {_COLUMNS} FROM audit WHERE number > ? ORDER BY number LIMIT ?",  # noqa: S608
        (after, max(0, limit)),
    )
    return [_entry(row) for row in rows]


def verify(session: Session) -> BrokenLink | None:
    """Walk the chain; return the first link that does not hold, None if all do."""
    number, previous_hash = 0, ""
    for row in session.query(f"SELECT {_COLUMNS} FROM audit ORDER BY number"):  # noqa: S608
        entry = _entry(row)
        if entry.number != number + 1:
            return BrokenLink(number=number + 1, why="the entry is missing")
        if entry.previous_hash != previous_hash:
            return BrokenLink(number=entry.number, why="it does not follow the entry before")
        if entry.hash != hash_of(entry):
            return BrokenLink(number=entry.number, why="its content was changed")
        number, previous_hash = entry.number, entry.hash
    if number < _last_number(session):
        return BrokenLink(number=number + 1, why="the entry is missing")
    return None


def hash_of(entry: AuditEntry) -> str:
    """Hash the previous hash and the canonical JSON of everything else but the hash itself.

    A command counts where there is one, so that entries from before there were any still hold.
    """
    content = _plain(entry)
    del content["hash"], content["previous_hash"]
    if not entry.command:
        del content["command"]
    return hashlib.sha256((entry.previous_hash + dump(content)).encode("utf-8")).hexdigest()


def _newest_hash(session: Session) -> str:
    row = session.query("SELECT hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    return row[0] if row else ""


def _last_number(session: Session) -> int:
    row = session.query("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    return int(row[0]) if row else 0


def _entry(row: tuple[object, ...]) -> AuditEntry:
    return AuditEntry(**dict(zip(_NAMES, row, strict=True)))  # type: ignore[arg-type]


def _plain(entry: AuditEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in _NAMES}
