"""What hosts and instances do now: the newest reading of each sensor with its age, and everybody who listens.

Unknown is None, and what is older than rules take for true is still shown, as stale. The trap: `sensed` runs on the
event loop and views are made on the store's threads, so an entry is replaced whole and never changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from app.api.resources import HostLoadView, HostView, InstanceLoadView, InstanceView
from app.domain.load import Reading, Sampled, Samples, Sensing
from app.domain.ports import Clock
from app.reconcile.means import Means
from app.rules.catalogue import SENSORS

KEPT_S = 3600.0
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Known:
    """One sensor's newest reading, on the monotonic clock."""

    raw: float
    smooth: float
    at_s: float


class Sensors:
    """The hub of all samples."""

    def __init__(self, samples: Samples, clock: Clock) -> None:
        self.samples, self.means = samples, Means()
        self._clock = clock
        self._listeners: list[Sensing] = [self.means, samples]
        self._hosts: dict[str, dict[str, Known]] = {}
        self._instances: dict[str, tuple[float, Reading]] = {}
        self._swept_s = 0.0

    def tell(self, listener: Sensing) -> None:
        """Tell somebody every sample from now on."""
        self._listeners.append(listener)

    def sensed(self, sample: Sampled) -> None:
        at_s, of_host = sample.at_s, sample.of_host
        new = {name: Known(value, of_host.smooth[name], at_s) for name, value in of_host.raw.items()}
        self._hosts[sample.host] = self._hosts.get(sample.host, {}) | new
        self._instances |= {name: (at_s, reading) for name, reading in sample.of_instances.items()}
        if at_s - self._swept_s > KEPT_S:
            self._sweep(at_s)
        for listener in self._listeners:
            listener.sensed(sample)

    def fresh(self, sensor: str) -> Iterator[float]:
        """Yield one sensor's value of each host where it is known and not too old."""
        now_s, max_age_s = self._clock.monotonic_s(), SENSORS[sensor].max_age_s
        for known in list(self._hosts.values()):
            found = known.get(sensor)
            if found is not None and now_s - found.at_s <= max_age_s:
                yield found.raw

    def on_host(self, view: HostView) -> HostView:
        """Return the view with what the host does."""
        load = self.of_host(view.name)
        return view if load is None else msgspec.structs.replace(view, load=load)

    def on_instance(self, view: InstanceView) -> InstanceView:
        """Return the view with what the instance does; one that does not run does nothing."""
        load = self.of_instance(view.id) if view.seen == "running" else None
        return view if load is None else msgspec.structs.replace(view, load=load)

    def of_host(self, name: str) -> HostLoadView | None:
        known = self._hosts.get(name)
        return None if known is None else self._host(known)

    def of_instance(self, instance_id: str) -> InstanceLoadView | None:
        found = self._instances.get(instance_id)
        return None if found is None else self._instance(*found)

    def _host(self, known: Mapping[str, Known]) -> HostLoadView:
        def raw(name: str) -> float | None:
            return known[name].raw if name in known else None

        load = known.get("host.cpu.load")
        age_s = None if load is None else self._clock.monotonic_s() - load.at_s
        return HostLoadView(
            cpu_used=raw("host.cpu.load"),
            cpu_smooth=None if load is None else load.smooth,
            mem_used_mib=_mib(raw("host.mem.used")),
            net_rx_bps=raw("host.net.rx"),
            net_tx_bps=raw("host.net.tx"),
            watts=raw("host.power_watts"),
            temp_c=raw("host.temp"),
            age_s=age_s,
            stale=age_s is None or age_s > SENSORS["host.cpu.load"].max_age_s,
        )

    def _instance(self, at_s: float, reading: Reading) -> InstanceLoadView:
        age_s, raw = self._clock.monotonic_s() - at_s, reading.raw
        return InstanceLoadView(
            cpu_used=raw.get("vm.cpu.used"),
            cpu_smooth=reading.smooth.get("vm.cpu.used"),
            mem_used_mib=_mib(raw.get("vm.mem.used")),
            net_bps=raw.get("vm.net.used"),
            disk_bps=raw.get("vm.disk.used"),
            dirty_bps=raw.get("vm.mem.dirty_rate"),
            age_s=age_s,
            stale=age_s > SENSORS["vm.cpu.used"].max_age_s,
        )

    def _sweep(self, now_s: float) -> None:
        """Forget whom nobody has heard of for long."""
        self._swept_s = now_s
        self._instances = {name: kept for name, kept in self._instances.items() if now_s - kept[0] < KEPT_S}
        self._hosts = {
            name: known
            for name, known in self._hosts.items()
            if now_s - max(each.at_s for each in known.values()) < KEPT_S
        }
        self.means.forget_before(now_s - KEPT_S)


def _mib(size: float | None) -> float | None:
    return None if size is None else size / MIB
