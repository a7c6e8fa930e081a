"""Looks at every host that is up, again and again, and tells whoever listens what its machines really do.

With many hosts each has its turn less often, but never so seldom that its readings grow too old in between. The
trap: a host that hangs is simply not asked again until its call has ended, by the port's own deadline, so it delays
nobody.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.errors import CloudError
from app.domain.host import Host
from app.domain.load import HostLoad, Sampled, Sensing
from app.domain.ports import Clock, Hypervisors
from app.reconcile.rates import HostRates, Smoothing

log = logging.getLogger(__name__)

Rates = dict[str, float]
PERIOD_S = 10.0
SLOWEST_S = 25.0  # below the 30 s after which a reading counts as unknown
HOSTS_PER_S = 20.0
LOOK_AROUND_S = 1.0
AT_LEAST_AT_ONCE = 20


class Watched(Protocol):
    """Who watches over the hosts."""

    def hosts_up(self) -> Sequence[Host]:
        """List the rows of those that answer."""
        ...

    def doubt(self, host: str) -> None:
        """Take note of a host that did not tell its load."""
        ...


class Supplement(Protocol):
    """What no hypervisor tells: scripted load where nothing runs, watts by a model."""

    def changed(self) -> bool:
        """Tell whether rehearsal hosts have news since the last time."""
        ...

    def complete(self, host: Host, of_host: Rates, of_machines: dict[str, Rates]) -> None:
        """Put in place over and beside what was read, by instance."""
        ...


@dataclass(slots=True, eq=False)
class _Look:
    """What is remembered of one host; `due_s` is when its next turn comes."""

    due_s: float
    rates: HostRates = field(default_factory=HostRates)
    smoothing: Smoothing = field(default_factory=Smoothing)
    machines: dict[str, Smoothing] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


def period_of(hosts: int, period_s: float) -> float:
    """Return the seconds between two looks at each of so many hosts."""
    return max(period_s, min(SLOWEST_S, hosts / HOSTS_PER_S))


class Sampling:
    """Samples hosts while `run` runs."""

    def __init__(
        self,
        hypervisors: Hypervisors,
        clock: Clock,
        hosts: Watched,
        *,
        sensing: Sensing,
        supplement: Supplement,
        period_s: float = PERIOD_S,
    ) -> None:
        self._hypervisors, self._clock, self._hosts = hypervisors, clock, hosts
        self._sensing, self._supplement, self._period_s = sensing, supplement, period_s
        self._looks: dict[str, _Look] = {}

    async def run(self) -> None:
        """Sample until cancelled."""
        try:
            while True:
                try:
                    self.look_around()
                except Exception:
                    log.exception("looking around for hosts failed")
                await asyncio.sleep(min(LOOK_AROUND_S, self._period_s / 4))
        finally:
            for look in self._looks.values():
                if look.task is not None:
                    look.task.cancel()

    def look_around(self) -> None:
        """Begin with the hosts whose turn it is; those that went away are forgotten."""
        now_s, hosts = self._clock.monotonic_s(), {host.name: host for host in self._hosts.hosts_up()}
        for name in self._looks.keys() - hosts.keys():
            del self._looks[name]
        for name in hosts.keys() - self._looks.keys():
            self._looks[name] = _Look(due_s=now_s)
        if self._supplement.changed():
            for name, look in self._looks.items():
                look.due_s = now_s if hosts[name].rehearsal else look.due_s
        period_s = period_of(len(hosts), self._period_s)
        at_once = max(AT_LEAST_AT_ONCE, int(2 * len(hosts) / period_s))
        due = [name for name, look in self._looks.items() if look.due_s <= now_s and look.task is None]
        for name in due[:at_once]:
            look = self._looks[name]
            look.due_s = now_s + period_s
            look.task = asyncio.create_task(self._sample(hosts[name], look))

    async def _sample(self, host: Host, look: _Look) -> None:
        try:
            load = await self._hypervisors.host(host.name).load()
            self._take(host, look, load)
        except CloudError as error:
            log.debug("a host did not tell its load", extra={"fields": {"host": host.name, "error": str(error)}})
            self._hosts.doubt(host.name)
        except Exception:
            log.exception("sampling a host failed", extra={"fields": {"host": host.name}})
        finally:
            look.task = None

    def _take(self, host: Host, look: _Look, load: HostLoad) -> None:
        at_s = self._clock.monotonic_s()
        of_host, of_machines = look.rates.rates(at_s, load)
        self._supplement.complete(host, of_host, of_machines)
        look.machines = {name: look.machines.get(name) or Smoothing() for name in of_machines}
        self._sensing.sensed(
            Sampled(
                host=host.name,
                at_s=at_s,
                at_ms=self._clock.now_ms(),
                of_host=look.smoothing.reading(at_s, of_host),
                of_instances={name: look.machines[name].reading(at_s, raw) for name, raw in of_machines.items()},
            )
        )
