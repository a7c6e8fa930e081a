"""Energy and service level, integrated between the moments at which the simulator looks.

The trap: several looks at the same moment replace one another; only the last one counts for the interval that begins
there, but the first one ends the interval before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.simulate.fleet import Fleet, Floats

JOULES_PER_KWH = 3_600_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look saw: hosts on, MIPS used and asked for a host, and sums over the machines."""

    used: Floats
    on: NDArray[np.bool_]
    owing: NDArray[np.bool_]
    crowded: NDArray[np.bool_]
    up: NDArray[np.bool_]
    asked: float
    given: float
    lost_in_moves: float
    waiting: int


class Meter:
    """Adds up one experiment."""

    def __init__(self, fleet: Fleet, up: NDArray[np.bool_], *, full_power: bool) -> None:
        self._fleet = fleet
        self._full_power, self._up = full_power, up.copy()
        self._last: Look | None = None
        self._was_on: NDArray[np.bool_] = np.ones(len(fleet), dtype=np.bool_)
        self._now_s = 0.0
        self.energy_j = self.on_s = self.owing_s = self.crowded_s = self.watched_s = 0.0
        self.asked = self.given = self.lost_in_moves = self.waiting_s = 0.0
        self.shutdowns = 0

    def advance(self, now_s: float, look: Look) -> None:
        """Close the interval that ends with this look, and begin the next one."""
        span_s = now_s - self._now_s
        if span_s > 0:
            if self._full_power:
                self.energy_j += self._full_w() * span_s
            if self._last is not None:
                self._close(self._last, look, span_s)
            self._now_s = now_s
        self._last = look
        self._up = look.up.copy()

    def end(self) -> None:
        """Count the hosts that the last look found switched off; nothing is integrated after it."""
        if self._last is not None:
            self.shutdowns += int((self._was_on & ~self._last.on).sum())

    def _close(self, last: Look, look: Look, span_s: float) -> None:
        if not self._full_power:
            self.energy_j += self._mean_w(last, look) * span_s
        self.on_s += int(last.on.sum()) * span_s
        self.owing_s += int((last.on & last.owing).sum()) * span_s
        self.crowded_s += int((last.on & last.crowded).sum()) * span_s
        self.watched_s += span_s
        self.asked += last.asked * span_s
        self.given += last.given * span_s
        self.lost_in_moves += last.lost_in_moves * span_s
        self.waiting_s += last.waiting * span_s
        self.shutdowns += int((self._was_on & ~last.on).sum())
        self._was_on = last.on

    def _mean_w(self, last: Look, look: Look) -> float:
        hosts = np.flatnonzero(last.on)
        before = self._watts(last.used, hosts)
        after = self._watts(look.used, hosts)
        return float((before + (after - before) / 2).sum())

    def _watts(self, used: Floats, hosts: NDArray[np.int64]) -> Floats:
        return self._fleet.power_w(np.minimum(used[hosts] / self._fleet.capacity[hosts], 1.0), hosts)

    def _full_w(self) -> float:
        return float(self._fleet.watts[self._up, -1].sum())

    def watts(self) -> float:
        """Give the watts of the hosts that are on, as last seen."""
        if self._full_power or self._last is None:
            return self._full_w() if self._full_power else 0.0
        return float(self._watts(self._last.used, np.flatnonzero(self._last.on)).sum())

    def hosts_on(self) -> int:
        """Give the hosts that are on, as last seen."""
        return 0 if self._last is None else int(self._last.on.sum())
