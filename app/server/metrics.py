"""Numbers for Prometheus. The trap: labels must stay few, so no ids and no paths are among them."""

from collections import Counter as Count
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from app.domain.ports import Unit

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Metrics:
    """Numbers in a registry of their own; gauges are filled when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "eucalyptus_http_requests", "HTTP requests answered", ["method", "status"], registry=self.registry
        )
        self._instances = Gauge("eucalyptus_instances", "Instances", ["state"], registry=self.registry)
        self._hosts = Gauge("eucalyptus_hosts", "Hosts", ["state"], registry=self.registry)
        self._cores = Gauge("eucalyptus_cores", "Cores that instances may have", registry=self.registry)
        self._cores_held = Gauge("eucalyptus_cores_held", "Cores that instances hold", registry=self.registry)
        self._busy = Gauge("eucalyptus_busy_cores", "Cores that are busy, on hosts heard of", registry=self.registry)
        self._watts = Gauge("eucalyptus_watts", "Watts that hosts draw, measured or by a model", registry=self.registry)
        self._heard = Gauge("eucalyptus_hosts_heard", "Hosts whose load is known", registry=self.registry)
        self._cursor = Gauge("eucalyptus_journal_cursor", "Newest journal cursor", registry=self.registry)
        self._listeners = Gauge("eucalyptus_stream_listeners", "Listeners of the live stream", registry=self.registry)

    def observe(self, method: str, status: int) -> None:
        """Count an answered request; methods that nobody knows count as one."""
        known = method if method in _METHODS else "other"
        self.requests.labels(known, str(status)).inc()

    def render(self, unit: Unit, listeners: int) -> bytes:
        """Fill the gauges from one transaction and write everything in Prometheus's text format."""
        self._fill(self._instances, Count(str(row.state) for row in unit.instances.where()))
        hosts = unit.hosts.where()
        self._fill(self._hosts, Count(str(host.state) for host in hosts))
        self._cores.set(sum(host.capacity.cores for host in hosts))
        self._cores_held.set(sum(size.cores for size in unit.held().values()))
        self._cursor.set(unit.cursor())
        self._listeners.set(listeners)
        return generate_latest(self.registry)

    def sense(self, busy_cores: Iterable[float], watts: Iterable[float]) -> None:
        """Fill the gauges of what hosts do, from one value a host."""
        known = list(busy_cores)
        self._busy.set(sum(known))
        self._heard.set(len(known))
        self._watts.set(sum(watts))

    @staticmethod
    def _fill(gauge: Gauge, counts: Count[str]) -> None:
        gauge.clear()
        for state, count in counts.items():
            gauge.labels(state).set(count)
