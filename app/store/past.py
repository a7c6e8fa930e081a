"""The past of the cloud's file: when keyframes are kept, and how moments are made of them and the journal.

The traps: the state at a moment is a beginning of the journal, since the clock may have jumped; and what the journal
does not hold whole is told by nothing, so it is refused.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from app.domain.errors import NotShown, Unavailable
from app.store.connection import connect
from app.store.faults import translated
from app.store.keyframes import Keyframe, Keyframes, taken
from app.store.moment import Moment, Settle

BUSY_TIMEOUT_S: Final = 5.0
LATEST_MS: Final = 253_402_300_799_000
APART_MS: Final = 3_600_000
MOST_ENTRIES: Final = 50_000
RESTORED: Final = "cloud.restored"
_ENTRIES: Final = "SELECT kind, resource_id, deed, data FROM journal WHERE cursor > ? AND cursor <= ? ORDER BY cursor"


class Past:
    """The past of a cloud's file; each call blocks."""

    def __init__(self, database: Path, keyframes: Keyframes, kept_ms: int) -> None:
        self._database, self._keyframes, self._kept_ms = database, keyframes, kept_ms
        self._base: Moment | None = None

    def tend(self, now_ms: int) -> None:
        """Keep a keyframe if the last one is old or far behind, and drop those that are of no use any more."""
        with self._live() as live:
            last, cursor = self._keyframes.newest(), _cursor(live)
            if last is not None and (not _fits(live, last) or _restored(live, last.cursor)):
                self._keyframes.clear()
                last = None
            if last is not None and (cursor == last.cursor or not _due(last, cursor, now_ms)):
                return
            entry_at_ms = _at_ms(live, cursor) or 0  # may be a moment later, since it was committed meanwhile
            frame = Keyframe(cursor=cursor, at_ms=max(now_ms, entry_at_ms), entry_at_ms=entry_at_ms)
            self._keyframes.keep(frame, list(taken(live)))
        self._keyframes.forget_before(now_ms - self._kept_ms)

    def oldest_ms(self) -> int:
        """Return the first moment that can be shown; Unavailable if there is none yet."""
        with self._live() as live:
            found = next((frame for frame in self._keyframes.all() if _fits(live, frame)), None)
        if found is None:
            raise Unavailable("replay", "nothing is kept of the past yet")
        return found.at_ms

    def moment(self, at_ms: int, known: list[Moment], settle: Settle) -> Moment:
        """Make a moment, from the nearest of those that are known if that is quicker; NotShown if it is too long ago.

        One thread at a time may ask.
        """
        with self._live() as live:
            frame = self._keyframes.newest(max(0, at_ms))
            if frame is None or not _fits(live, frame):
                raise NotShown(spelled(at_ms), f"what is kept begins at {spelled(self.oldest_ms())}")
            begun = [one for one in (*known, self._begun(frame)) if frame.cursor <= one.cursor and one.at_ms <= at_ms]
            return self._made(live, at_ms, max(begun, key=lambda one: one.cursor), settle)

    def _begun(self, frame: Keyframe) -> Moment:
        """Return the rows of a keyframe; the newest that was asked for is at hand."""
        if self._base is None or self._base.cursor != frame.cursor:
            base = Moment(self._database)
            try:
                base.begin(self._keyframes.parts(frame))
            except (zlib.error, msgspec.MsgspecError) as error:
                self._keyframes.clear()
                raise Unavailable("replay", f"what was kept of that time is damaged: {error}") from error
            base.cursor, base.at_ms = frame.cursor, frame.at_ms
            self._base = base
        return self._base

    def _made(self, live: sqlite3.Connection, at_ms: int, origin: Moment, settle: Settle) -> Moment:
        moment, end = Moment(self._database), _end(live, origin.cursor, at_ms)
        moment.begin_as(origin)
        moment.follow(live.execute(_ENTRIES, (origin.cursor, end)))
        moment.stand(end, at_ms, settle)
        return moment

    @contextmanager
    def _live(self) -> Iterator[sqlite3.Connection]:
        """Lend the cloud's file as it is at one moment."""
        try:
            with closing(connect(self._database, BUSY_TIMEOUT_S, mode="ro", query_only=True)) as live:
                live.execute("BEGIN")
                yield live
        except sqlite3.Error as error:
            raise translated(error) from error


def _cursor(rows: sqlite3.Connection) -> int:
    found = rows.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    return int(found[0]) if found else 0


def _at_ms(rows: sqlite3.Connection, cursor: int) -> int | None:
    found = rows.execute("SELECT at_ms FROM journal WHERE cursor = ?", (cursor,)).fetchone()
    return int(found[0]) if found else None


def _fits(live: sqlite3.Connection, frame: Keyframe) -> bool:
    """Tell whether the journal is the one that a keyframe was taken from, and holds all that came after it."""
    at_ms = _at_ms(live, frame.cursor)
    if at_ms is not None:
        return at_ms == frame.entry_at_ms
    oldest = live.execute("SELECT min(cursor) FROM journal").fetchone()[0]
    return bool(frame.cursor == (_cursor(live) if oldest is None else oldest - 1))


def _due(last: Keyframe, cursor: int, now_ms: int) -> bool:
    return not 0 <= now_ms - last.at_ms < APART_MS or cursor - last.cursor > MOST_ENTRIES


def _restored(live: sqlite3.Connection, after: int) -> bool:
    """Tell whether a backup was put back since: what happened between the two is known to nobody."""
    asked = "SELECT 1 FROM journal WHERE cursor > ? AND event = ? LIMIT 1"
    return live.execute(asked, (after, RESTORED)).fetchone() is not None


def _end(live: sqlite3.Connection, cursor: int, at_ms: int) -> int:
    """Return the last entry behind a cursor before the first that is of later."""
    asked = "SELECT cursor FROM journal WHERE cursor > ? AND at_ms > ? ORDER BY cursor LIMIT 1"
    later = live.execute(asked, (cursor, at_ms)).fetchone()
    if later is None:
        return _cursor(live)
    last = live.execute("SELECT max(cursor) FROM journal WHERE cursor < ?", later).fetchone()[0]
    return max(cursor, last or 0)


def spelled(at_ms: int) -> str:
    """Spell a moment as in ISO 8601; one beyond what dates can be written of as its number."""
    if not 0 <= at_ms <= LATEST_MS:
        return str(at_ms)[:40]
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
