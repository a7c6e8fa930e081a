"""What hosts and machines really do: counters as a host tells them, the rates that are made of them, and who listens.

Tuples by name instead of dataclasses, since some hundred of them are made each second. None is always "not known": a
driver lacks much, and 0 would say that nothing was done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class DomainLoad(NamedTuple):
    """One running domain: what it used since it was started, in its own view. `dirty_bps` is a rate already."""

    cpu_ns: int | None = None
    memory_bytes: int | None = None
    disk_read_bytes: int | None = None
    disk_written_bytes: int | None = None
    net_rx_bytes: int | None = None
    net_tx_bytes: int | None = None
    dirty_bps: float | None = None


class HostLoad(NamedTuple):
    """One host: `busy_ns` of all its cores since it was switched on, and its running domains of ours by instance.

    `others_ns` is what each running domain that is not ours used, for hosts that can not say how busy they are.
    """

    busy_ns: int | None
    memory_used_bytes: int | None
    domains: Mapping[str, DomainLoad]
    others_ns: Mapping[str, int]


Values = Mapping[str, float]
"""Sensors by their name in rules, in base units; what is not there is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Sensors of one host or machine at one moment: as they were, and smoothed."""

    raw: Values = field(default_factory=dict)
    smooth: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """All that one look at a host told. `at_s` is on the monotonic clock, `at_ms` on the wall's."""

    host: str
    at_s: float
    at_ms: int
    of_host: Reading
    of_instances: Mapping[str, Reading]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A sensor over one stretch of time that begins at `at_ms`: its mean and its greatest value."""

    at_ms: int
    mean: float
    most: float


class Sensing(Protocol):
    """Who wants to know what hosts and machines really do. Called on the event loop; must return at once."""

    def sensed(self, sample: Sampled) -> None: ...


class Samples(Sensing, Protocol):
    """What was sensed, kept for a while: readings for an hour, minutes for a day, hours for 90 days."""

    async def history(self, subject: str, sensor: str, from_ms: int, to_ms: int) -> list[Point]:
        """Return the points of a host or instance that begin within [from_ms, to_ms), oldest first.

        The resolution is the finest that is still kept for `from_ms`.
        """
        ...

    async def histories(
        self, subject: str, sensors: Sequence[str], from_ms: int, to_ms: int
    ) -> Mapping[str, list[Point]]:
        """Return the same of several sensors of one host or instance, read together."""
        ...

    async def sensed_last(self, at_ms: int) -> Sequence[Sampled]:
        """Return what was known of each host at a moment, as finely as it is still kept; on the wall's clock only."""
        ...
