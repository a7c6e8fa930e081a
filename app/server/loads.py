"""The board of loads: what hosts, clusters and instances do, as frames of the live stream and as kept sums of clusters.

A frame is made when somebody listens, once for all of them. The trap: a host that falls silent sends nothing, so the
board itself notices that a reading grew too old, by keeping everybody in the order in which they were last heard of.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import takewhile

import msgspec

from app.api.loads import MOST_STEPS, POWER, InstanceLoads, Loads, Trend, of_cluster
from app.api.resources import ClusterLoadView, ClusterView, HostLoadView
from app.domain.host import Host
from app.domain.load import Reading, Sampled
from app.domain.ports import Clock
from app.rules.catalogue import SENSORS
from app.server.feed import Teller
from app.server.frames import frame
from app.server.sensors import KEPT_S, MIB, Sensors

KEPT_EVERY_S = 10.0
STALE_S = SENSORS["host.cpu.load"].max_age_s
SHORT = 10


class Heard:
    """Subjects of one kind: who has news, and their trends of busy cores."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._fresh: dict[str, float] = {}
        self._silent: dict[str, float] = {}
        self._news: set[str] = set()
        self._trends: dict[str, Trend] = {}

    def hear(self, name: str, at_s: float, at_ms: int, cpu: float | None) -> None:
        self._fresh.pop(name, None)
        self._silent.pop(name, None)
        self._fresh[name] = at_s
        self._news.add(name)
        if cpu is not None:
            trend = self._trends.get(name)
            if trend is None:
                trend = self._trends[name] = Trend(self._most)
            trend.put(at_ms, round(cpu, 2))

    def news(self, now_s: float) -> set[str]:
        """Return who was heard of or fell silent since the last time."""
        silent = _older(self._fresh, now_s - STALE_S)
        self._silent |= silent
        for name in _older(self._silent, now_s - KEPT_S):
            self._trends.pop(name, None)
        news, self._news = self._news.union(silent), set()
        return news

    def everybody(self) -> list[str]:
        return [*self._silent, *self._fresh]

    def trends(self, now_ms: int) -> dict[str, list[float | None]]:
        return {name: trend.upto(now_ms) for name, trend in self._trends.items()}


class Board:
    """Hears every sample (the port Sensing); `hosts` lists the rows of those that are up."""

    def __init__(self, sensors: Sensors, clock: Clock, hosts: Callable[[], Iterable[Host]] = tuple) -> None:
        self._sensors, self._clock, self.hosts = sensors, clock, hosts
        self.of_hosts, self.of_instances = Heard(MOST_STEPS), Heard(SHORT)

    def sensed(self, sample: Sampled) -> None:
        self.of_hosts.hear(sample.host, sample.at_s, sample.at_ms, sample.of_host.raw.get("host.cpu.load"))
        for name, reading in sample.of_instances.items():
            self.of_instances.hear(name, sample.at_s, sample.at_ms, reading.raw.get("vm.cpu.used"))

    async def run(self, every_s: float = KEPT_EVERY_S) -> None:
        """Keep the sums of clusters as samples of their own until cancelled: nobody can add up a day of all hosts."""
        while True:
            await asyncio.sleep(every_s)
            self.keep()

    def keep(self) -> None:
        """Note the present sum of each cluster."""
        now_s, now_ms, clusters = self._clock.monotonic_s(), self._clock.now_ms(), self.clusters()
        self.of_hosts.hear(POWER, now_s, now_ms, total(load.watts for load in clusters.values()))
        for name, load in clusters.items():
            raw = _sensed(load)
            self.of_hosts.hear(of_cluster(name), now_s, now_ms, load.cpu_used)
            reading = Reading(raw=raw, smooth=raw)
            self._sensors.samples.sensed(
                Sampled(host=of_cluster(name), at_s=0.0, at_ms=now_ms, of_host=reading, of_instances={})
            )

    def clusters(self) -> dict[str, ClusterLoadView]:
        """Sum up each cluster whose hosts are known to do something."""
        known: dict[str, list[tuple[Host, HostLoadView]]] = {}
        for host in self.hosts():
            load = self._sensors.of_host(host.name)
            if load is not None and not load.stale:
                known.setdefault(host.cluster, []).append((host, load))
        return {name: _summed(rows) for name, rows in known.items()}

    def on_clusters(self, views: list[ClusterView]) -> list[ClusterView]:
        """Return the views with what the clusters do."""
        loads = self.clusters()
        return [msgspec.structs.replace(view, load=loads.get(view.name)) for view in views]

    def tellers(self) -> dict[str, Teller]:
        """Return who tells the live stream what, by topic."""
        return {"load": _Telling(self.host_frame), "instance-load": _Telling(self.instance_frame)}

    def host_frame(self, whole: bool) -> bytes:
        """Encode hosts and clusters, all of them or those with news."""
        now_ms, heard = self._clock.now_ms(), self.of_hosts
        names = heard.everybody() if whole else heard.news(self._clock.monotonic_s())
        shown = {name: load for name in names if (load := self._sensors.of_host(name)) is not None}
        trends = heard.trends(now_ms) if whole else {}
        return frame("load", Loads(at_ms=now_ms, whole=whole, clusters=self.clusters(), hosts=shown, trends=trends))

    def instance_frame(self, whole: bool) -> bytes:
        """Encode instances, all of them or those with news; nothing where there is no news."""
        now_ms, heard = self._clock.now_ms(), self.of_instances
        names = heard.everybody() if whole else heard.news(self._clock.monotonic_s())
        shown = {name: load for name in names if (load := self._sensors.of_instance(name)) is not None}
        if not shown and not whole:
            return b""
        trends = heard.trends(now_ms) if whole else {}
        return frame("instance-load", InstanceLoads(at_ms=now_ms, whole=whole, instances=shown, trends=trends))


class _Telling:
    """One topic of the board (the port Teller)."""

    def __init__(self, made: Callable[[bool], bytes]) -> None:
        self._made = made

    async def whole(self) -> bytes:
        return self._made(True)

    async def news(self) -> bytes:
        return self._made(False)


def _older(order: dict[str, float], than_s: float) -> dict[str, float]:
    """Take out who was last heard of before a moment; the oldest come first."""
    found = dict(takewhile(lambda each: each[1] < than_s, order.items()))
    for name in found:
        del order[name]
    return found


def total(values: Iterable[float | None]) -> float | None:
    """Add up what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _summed(rows: list[tuple[Host, HostLoadView]]) -> ClusterLoadView:
    return ClusterLoadView(
        hosts=len(rows),
        cores=sum(host.cores for host, _ in rows),
        memory_mib=sum(host.memory_mib for host, _ in rows),
        cpu_used=total(load.cpu_used for _, load in rows),
        mem_used_mib=total(load.mem_used_mib for _, load in rows),
        net_rx_bps=total(load.net_rx_bps for _, load in rows),
        net_tx_bps=total(load.net_tx_bps for _, load in rows),
        watts=total(load.watts for _, load in rows),
    )


def _sensed(load: ClusterLoadView) -> dict[str, float]:
    values = {
        "host.cpu.load": load.cpu_used,
        "host.mem.used": None if load.mem_used_mib is None else load.mem_used_mib * MIB,
        "host.net.rx": load.net_rx_bps,
        "host.net.tx": load.net_tx_bps,
        "host.power_watts": load.watts,
    }
    return {name: value for name, value in values.items() if value is not None}
