"""How long to wait after a failure: doubling, with a jitter so that a thousand failures do not return at once."""

from collections.abc import Callable
from dataclasses import dataclass

Jitter = Callable[[], float]
"""Return an unpredictable number from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    first_s: float
    most_s: float
    jitter: Jitter

    def after(self, failures: int) -> float:
        """Return seconds to wait after that many failures in a row: half fixed, half jitter."""
        whole = min(self.most_s, self.first_s * 2.0 ** min(max(failures, 1) - 1, 32))
        return whole * (0.5 + 0.5 * self.jitter())
