"""How fast an account may ask: a bucket of requests each, which fills again as time goes by.

For accounts it is off unless an operator sets it. The trap: only who proved to be somebody has a bucket there, so
strangers can fill neither memory nor anybody's bucket; where strangers have one, the number of buckets is bounded.
"""

from app.domain.errors import TooOften
from app.domain.ports import Clock

AT_ONCE_S = 10
"""A bucket holds what comes in within this many seconds."""


class Pace:
    """Counts requests by account. `per_s` is how many an account may send on average; 0: as many as it likes.

    `most` bounds the buckets, 0 does not; the one that was used longest ago goes.
    """

    def __init__(self, per_s: int, clock: Clock, *, most: int = 0) -> None:
        self._per_s, self._clock, self._most = per_s, clock, most
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, account_id: str) -> None:
        """Count one request; TooOften if the account has none left at the moment."""
        if not self._per_s:
            return
        now_s, most = self._clock.monotonic_s(), float(self._per_s * AT_ONCE_S)
        left, then_s = self._buckets.pop(account_id, (most, now_s))
        if self._most and len(self._buckets) >= self._most:
            del self._buckets[next(iter(self._buckets))]
        left = min(most, left + (now_s - then_s) * self._per_s)
        enough = left >= 1
        self._buckets[account_id] = (left - enough, now_s)
        if not enough:
            raise TooOften(self._per_s)
