"""Means of sensors over the last minutes, for the periods that active rules name: `avg(host.cpu.load, 5min)`.

A mean over a time that was not watched would be a guess: it is unknown until readings reach back over the whole period,
and again after a gap longer than a reading is good for.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.domain.load import Reading, Sampled
from app.rules.catalogue import SENSORS

Period = tuple[str, float]
"""A sensor's name and seconds."""


@dataclass(slots=True)
class _Window:
    """Readings of one sensor of one subject, without a gap since `since_s`."""

    since_s: float
    readings: deque[tuple[float, float]] = field(default_factory=deque)

    def add(self, at_s: float, value: float, period_s: float, gap_s: float) -> None:
        if self.readings and at_s - self.readings[-1][0] > gap_s:
            self.readings.clear()
            self.since_s = at_s
        self.readings.append((at_s, value))
        while self.readings[0][0] <= at_s - period_s:
            self.readings.popleft()


class Means:
    """A listener of samples; what it is told to keep may change at any time."""

    def __init__(self) -> None:
        self._periods: dict[str, list[float]] = {}
        self._windows: dict[tuple[str, str, float], _Window] = {}

    def means(self, periods: Iterable[Period]) -> None:
        """Keep these from now on, and no others; windows that were kept already go on."""
        wanted = set(periods)
        self._periods = {}
        for sensor, period_s in sorted(wanted):
            self._periods.setdefault(sensor, []).append(period_s)
        self._windows = {key: window for key, window in self._windows.items() if key[1:] in wanted}

    def sensed(self, sample: Sampled) -> None:
        if self._periods:
            self._take(sample.host, sample.of_host, sample.at_s)
            for instance_id, reading in sample.of_instances.items():
                self._take(instance_id, reading, sample.at_s)

    def mean(self, subject: str, sensor: str, period_s: float, now_s: float) -> float | None:
        """Return the mean of a host's or an instance's sensor, None if it is not known for the whole period."""
        window = self._windows.get((subject, sensor, period_s))
        if window is None or now_s - window.since_s < period_s:
            return None
        values = [value for at_s, value in window.readings if at_s > now_s - period_s]
        old = not values or now_s - window.readings[-1][0] > SENSORS[sensor].max_age_s
        return None if old else sum(values) / len(values)

    def forget_before(self, at_s: float) -> None:
        """Drop what is kept of whom nobody has heard of since."""
        self._windows = {key: window for key, window in self._windows.items() if window.readings[-1][0] >= at_s}

    def _take(self, subject: str, reading: Reading, at_s: float) -> None:
        for sensor in self._periods.keys() & reading.raw.keys():
            for period_s in self._periods[sensor]:
                key = (subject, sensor, period_s)
                if key not in self._windows:
                    self._windows[key] = _Window(at_s)
                self._windows[key].add(at_s, reading.raw[sensor], period_s, SENSORS[sensor].max_age_s)
