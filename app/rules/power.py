"""What hosts draw, by how busy they are: straight lines between evenly spaced points from idle to fully busy."""

from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class PowerModel:
    """Watts of each host at 2 or more loads, shape (hosts, points); the last line is flat, so that 100 % has one."""

    def __init__(self, points: Floats) -> None:
        hosts, count = points.shape
        self._steps = count - 1
        self._points = np.ascontiguousarray(points, np.float64)
        self._slopes = np.diff(self._points, axis=1, append=self._points[:, -1:])
        self._first = np.arange(hosts, dtype=np.intp) * count

    def watts(self, busy: Floats, rows: npt.NDArray[np.intp] | None = None) -> Floats:
        """Return the watts of all hosts or of `rows`, each at its own load; below 0 is idle, above 1 fully busy."""
        at = np.fmin(np.fmax(busy, 0.0), 1.0) * self._steps
        left = at.astype(np.intp)
        found = (self._first if rows is None else self._first[rows]) + left
        watts: Floats = self._points.take(found) + self._slopes.take(found) * (at - left)
        return watts

    def watts_of(self, row: int, busy: float) -> float:
        """Return the watts of one host."""
        at = min(max(busy, 0.0), 1.0) * self._steps
        left = int(at)
        return float(self._points[row, left] + self._slopes[row, left] * (at - left))

    @classmethod
    def linear(cls, idle_w: Floats, busy_w: Floats) -> Self:
        """Make a model of two points a host."""
        return cls(np.stack([idle_w, busy_w], axis=1))
