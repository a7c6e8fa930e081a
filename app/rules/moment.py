"""What surrounds a decision: the machine in question and the time. Both are handed in; nothing here asks a clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from app.rules.catalogue import Sensor

Value = float | bool | str | frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The time of a decision: seconds on the clock that stamps readings, hour and weekday where the cloud stands."""

    at_s: float
    hour: int = 0
    weekday: str = "mon"

    def value(self, sensor: Sensor) -> Value:
        return float(self.hour) if sensor.name == "now.hour" else self.weekday


@dataclass(frozen=True, slots=True, kw_only=True)
class Vm:
    """A machine by its sensors (`vm.…`, in base units; vm.age as the moment of its start); what is missing is unknown.

    `read_at_s` is when sampled ones were read, `averages` holds means by sensor and seconds. `row` is the row of the
    host it runs on, -1 if it runs on none.
    """

    values: Mapping[str, Value]
    read_at_s: Mapping[str, float] = field(default_factory=dict)
    averages: Mapping[tuple[str, float], float] = field(default_factory=dict)
    row: int = -1

    def value(self, sensor: Sensor, now_s: float) -> Value | None:
        """Return a sensor's value, None if it is unknown or too old."""
        found = self.values.get(sensor.name)
        if found is None:
            return None
        if sensor.elapsed:
            return now_s - float(found)  # type: ignore[arg-type]
        read_at_s = self.read_at_s.get(sensor.name, now_s)
        return found if now_s - read_at_s <= sensor.max_age_s else None

    def mean(self, sensor: Sensor, seconds: float) -> float | None:
        """Return the mean of a sensor, None if unknown; of what is not sampled, as before it runs, the value itself."""
        found = self.averages.get((sensor.name, seconds))
        if found is None and sensor.max_age_s < inf and sensor.name not in self.read_at_s:
            return self.values.get(sensor.name)  # type: ignore[return-value]
        return found

    def age_s(self, sensor: Sensor, now_s: float) -> float | None:
        """Return how long ago a sensor was read; what is not sampled is always fresh."""
        return now_s - self.read_at_s.get(sensor.name, now_s) if sensor.name in self.values else None

    def trait(self, name: str) -> str | None:
        """Return vm.group, vm.user, … as text."""
        found = self.values.get(name)
        return found if isinstance(found, str) else None
