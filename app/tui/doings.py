"""What was done from this console: what may still be undone by a key, the jobs it started, and all that it said.

Toasts go by, so each is kept here too. The trap: only the newest change is offered for undoing, and not for long: a key
pressed by habit must not undo what was done before lunch.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.api.jobs import JobView

OFFERED_S = 30.0
KEPT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One toast as it was shown."""

    at_ms: int
    text: str
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """A change by the number of its audit entry; `until_s` is of the monotonic clock."""

    number: int
    until_s: float


@dataclass(slots=True)
class Doings:
    """Lives as long as the console."""

    said: deque[Said] = field(default_factory=lambda: deque(maxlen=KEPT))
    own_jobs: set[str] = field(default_factory=set)
    dock_open: bool = False
    watched: dict[str, str] = field(default_factory=dict)
    """Hosts and instances whose state somebody wants to be told of, with the word for it that was told last."""
    _undoable: Undoable | None = None
    _clock_told: bool = False

    def offer(self, number: int, now_s: float) -> bool:
        """Offer the newest change for undoing; False if it can not be undone: then nothing is offered any more."""
        self._undoable = Undoable(number=number, until_s=now_s + OFFERED_S) if number else None
        return bool(number)

    def undoable(self, now_s: float) -> Undoable | None:
        """Return what may be undone right now."""
        offered = self._undoable
        return offered if offered and now_s <= offered.until_s else None

    def undone(self) -> None:
        self._undoable = None

    def watch(self, words: Mapping[str, str]) -> bool:
        """Watch these, told with the words for their states; False if all were watched, and are no more."""
        if words.keys() <= self.watched.keys():
            for given in words:
                del self.watched[given]
            return False
        self.watched |= words
        return True

    def news(self, word: Callable[[str], str]) -> dict[str, str]:
        """Return what has become of watched things, each change once."""
        found = {given: now for given, before in self.watched.items() if (now := word(given)) != before}
        self.watched |= found
        return found

    def clock_is_news(self) -> bool:
        """Tell whether nothing was said of this machine's clock yet; True once."""
        told, self._clock_told = self._clock_told, True
        return not told

    def ended(self, jobs: Mapping[str, JobView]) -> list[JobView]:
        """Return the own jobs that have ended by now, each once."""
        over = [jobs[given] for given in sorted(self.own_jobs) if given in jobs and jobs[given].ended_at_ms]
        self.own_jobs -= {view.id for view in over}
        return over
