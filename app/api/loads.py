"""What hosts, clusters and instances do: one frame a second of the live stream, and their past for charts.

The frames `load` and `instance-load` go to who names these topics. The first of each that a listener gets is `whole`;
later ones name only who was heard of since, or fell silent. They have no id: whoever comes back gets whole ones again.
"""

from collections.abc import Iterable

import msgspec

from app.api.resources import ClusterLoadView, HostLoadView, InstanceLoadView

STEP_MS = 30_000
MOST_STEPS = 30
POWER = "cloud/power"
"""The trend of what all hosts draw together, among those of busy cores; no host's name holds a slash."""


def of_cluster(name: str) -> str:
    """Return how a cluster is called among hosts, whose names hold no slash."""
    return f"cluster/{name}"


class Loads(msgspec.Struct, frozen=True, kw_only=True):
    """Data of `load`: hosts and clusters by name. `trends`, in whole frames only, holds the steps up to now."""

    at_ms: int
    whole: bool
    clusters: dict[str, ClusterLoadView]
    hosts: dict[str, HostLoadView]
    trends: dict[str, list[float | None]] = {}


class InstanceLoads(msgspec.Struct, frozen=True, kw_only=True):
    """Data of `instance-load`: instances by id."""

    at_ms: int
    whole: bool
    instances: dict[str, InstanceLoadView]
    trends: dict[str, list[float | None]] = {}


class SampleView(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor over one stretch of time: mean and greatest value. A single reading is both."""

    at_ms: int
    mean: float
    most: float


class SamplesView(msgspec.Struct, frozen=True, kw_only=True):
    subject: str
    sensor: str
    points: list[SampleView]


class ChartView(msgspec.Struct, frozen=True, kw_only=True):
    """Means over steps of one length from `from_ms` on, null where nothing is known: cores, MiB, bytes a second, watts.

    Of an instance only the sum of its network is known (`net_bps`), of hosts and clusters both directions.
    """

    subject: str
    from_ms: int
    step_ms: int
    cpu: list[float | None]
    memory_mib: list[float | None]
    net_in_bps: list[float | None] = []
    net_out_bps: list[float | None] = []
    net_bps: list[float | None] = []
    watts: list[float | None] = []


class Trend:
    """The newest value of each of the last steps, for a line of a few cells. Both ends of the stream keep them."""

    __slots__ = ("_most", "_newest", "_values")

    def __init__(self, most: int, values: Iterable[float | None] = (), at_ms: int = 0) -> None:
        self._most, self._newest = most, at_ms // STEP_MS
        self._values: list[float | None] = list(values)[-most:]

    def put(self, at_ms: int, value: float | None) -> None:
        """Take a value of now; steps that were left out stay unknown."""
        self._reach(at_ms)
        if value is not None:
            self._values[-1] = value

    def upto(self, at_ms: int) -> list[float | None]:
        """List the values up to a moment, oldest first."""
        self._reach(at_ms)
        return list(self._values)

    def _reach(self, at_ms: int) -> None:
        step = at_ms // STEP_MS
        missing = step - self._newest if self._values else 1
        if missing > 0:
            self._values = [*self._values, *[None] * min(missing, self._most)][-self._most :]
            self._newest = step
