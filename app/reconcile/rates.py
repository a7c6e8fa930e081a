"""From counters to what rules read: rates between two looks at a host, and the same smoothed over time.

Pure: times are handed in. A rate needs two looks; a counter that went back has begun anew, so its rate is unknown
once. What is unknown is left out, and smoothing begins anew behind it: what was before a restart says nothing any more.
"""

from math import exp

from app.domain.load import DomainLoad, HostLoad, Reading, Values

SMOOTH_S = 30.0
"""Time constant: after this long a lasting change has come through to 63 %, after three times as long to 95 %."""
NS_PER_S = 1e9


def rate(before: float | None, after: float | None, seconds: float) -> float | None:
    """Return what a counter grew by each second; None where that can not be known."""
    if before is None or after is None or after < before or seconds <= 0:
        return None
    return (after - before) / seconds


class Smoothing:
    """Keeps one subject's smoothed values."""

    def __init__(self, over_s: float = SMOOTH_S) -> None:
        self._over_s = over_s
        self._at_s = 0.0
        self._smooth: Values = {}

    def reading(self, at_s: float, raw: Values) -> Reading:
        """Take the raw values of a moment, which must be later than the last."""
        weight = 1.0 - exp((self._at_s - at_s) / self._over_s)
        before = self._smooth
        self._smooth = {
            name: value if name not in before else before[name] + weight * (value - before[name])
            for name, value in raw.items()
        }
        self._at_s = at_s
        return Reading(raw=raw, smooth=self._smooth)


def rates_of(before: DomainLoad, after: DomainLoad, seconds: float) -> dict[str, float]:
    """Return the sensors of one machine between two looks."""
    cpu = rate(before.cpu_ns, after.cpu_ns, seconds)
    found = {
        "vm.cpu.used": None if cpu is None else cpu / NS_PER_S,
        "vm.net.used": _both(
            rate(before.net_rx_bytes, after.net_rx_bytes, seconds),
            rate(before.net_tx_bytes, after.net_tx_bytes, seconds),
        ),
        "vm.disk.used": _both(
            rate(before.disk_read_bytes, after.disk_read_bytes, seconds),
            rate(before.disk_written_bytes, after.disk_written_bytes, seconds),
        ),
        "vm.mem.used": after.memory_bytes,
        "vm.mem.dirty_rate": after.dirty_bps,
    }
    return {name: value for name, value in found.items() if value is not None}


class HostRates:
    """What is remembered of one host from look to look; forgets machines that are no longer there."""

    def __init__(self) -> None:
        self._at_s = 0.0
        self._before = HostLoad(None, None, {}, {})

    def rates(self, at_s: float, now: HostLoad) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Return the raw sensors of the host and of each of its machines, by instance."""
        before, seconds = self._before, at_s - self._at_s
        self._before, self._at_s = now, at_s
        unknown = DomainLoad()
        machines = {
            name: rates_of(before.domains.get(name, unknown), load, seconds) for name, load in now.domains.items()
        }
        found = {
            "host.cpu.load": _cores(before, now, seconds),
            "host.mem.used": now.memory_used_bytes,
            "host.net.rx": _sum(before, now, "net_rx_bytes", seconds),
            "host.net.tx": _sum(before, now, "net_tx_bytes", seconds),
        }
        return {name: value for name, value in found.items() if value is not None}, machines


def _cores(before: HostLoad, now: HostLoad, seconds: float) -> float | None:
    """Return how many cores were busy; added up over all domains where the host itself does not count."""
    if now.busy_ns is not None or not now.others_ns:
        busy = rate(before.busy_ns, now.busy_ns, seconds)
        return None if busy is None else busy / NS_PER_S
    ours = _sum(before, now, "cpu_ns", seconds)
    others = [
        rate(before.others_ns[name], ns, seconds) for name, ns in now.others_ns.items() if name in before.others_ns
    ]
    if ours is None or not others:
        return None
    return (ours + sum(each or 0.0 for each in others)) / NS_PER_S


def _sum(before: HostLoad, now: HostLoad, counter: str, seconds: float) -> float | None:
    """Add up over the machines that were there at both looks; None if one of them is not counted."""
    total = 0.0
    for name in now.domains.keys() & before.domains.keys():
        each = rate(getattr(before.domains[name], counter), getattr(now.domains[name], counter), seconds)
        if each is None:
            return None
        total += each
    return total if seconds > 0 else None


def _both(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
