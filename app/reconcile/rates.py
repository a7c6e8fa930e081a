"""From counters to what rules read: rates between two looks at a host, and the same smoothed over time.

Pure: times are handed in. A rate needs two looks; a counter that went back has begun anew, so its rate is unknown
once. What is unknown is left out, and smoothing begins anew behind it: what was before a restart says nothing any more.
"""

from math import exp

from app.domain.load import DomainLoad, HostLoad, Reading, Values

SMOOTH_S = 30.0
"""Time constant: after this long a lasting change has come through to 63 %, after three times as long to 95 %."""
NS_PER_S = 1e9
NOTHING_READ = HostLoad(None, None, {}, {})


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
        self._last = Reading()

    def reading(self, at_s: float, raw: Values) -> Reading:
        """Take the raw values of a moment, which must be later than the last."""
        before, since_s = self._last.smooth, at_s - self._at_s
        self._at_s = at_s
        if raw == before:
            if self._last.raw is not before:
                self._last = Reading(raw=raw, smooth=raw)
            return self._last
        weight = 1.0 - exp(-since_s / self._over_s)
        smooth = {
            name: value if name not in before else before[name] + weight * (value - before[name])
            for name, value in raw.items()
        }
        self._last = Reading(raw=raw, smooth=smooth)
        return self._last


class HostRates:
    """What is remembered of one host from look to look; forgets machines that are no longer there."""

    def __init__(self) -> None:
        self._at_s = 0.0
        self._before = NOTHING_READ

    def rates(self, at_s: float, now: HostLoad) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
        """Return the raw sensors of the host and of each of its machines, by instance."""
        before, seconds = self._before, at_s - self._at_s
        self._before, self._at_s = now, at_s
        if seconds <= 0:
            before = NOTHING_READ
        grown = {name: _grown(before.domains.get(name, _UNKNOWN), load, seconds) for name, load in now.domains.items()}
        stayed = [grown[name] for name in grown if name in before.domains]
        busy_ns = rate(before.busy_ns, now.busy_ns, seconds)
        if now.busy_ns is None and now.others_ns:
            busy_ns = _of_all_domains([each[CPU] for each in stayed], before, now, seconds)
        found = {
            "host.cpu.load": None if busy_ns is None else busy_ns / NS_PER_S,
            "host.mem.used": now.memory_used_bytes,
            "host.net.rx": _sum([each[NET_RX] for each in stayed]),
            "host.net.tx": _sum([each[NET_TX] for each in stayed]),
        }
        machines = {name: _sensors(load, grown[name]) for name, load in now.domains.items()}
        return {name: value for name, value in found.items() if value is not None}, machines


_Grown = list[float | None]
_UNKNOWN = DomainLoad()
_STILL: _Grown = [0.0] * len(DomainLoad._fields)
CPU, _, DISK_READ, DISK_WRITTEN, NET_RX, NET_TX, _ = range(len(DomainLoad._fields))


def _grown(before: DomainLoad, after: DomainLoad, seconds: float) -> _Grown:
    """Return the rate of each counter, in the order of DomainLoad."""
    if before == after and None not in after:  # an idle machine, of which there are many
        return _STILL
    return [
        None if was is None or now is None or now < was else (now - was) / seconds
        for was, now in zip(before, after, strict=True)
    ]


def _sensors(load: DomainLoad, grown: _Grown) -> dict[str, float]:
    cpu_ns, read, written, rx, tx = grown[CPU], grown[DISK_READ], grown[DISK_WRITTEN], grown[NET_RX], grown[NET_TX]
    found: dict[str, float] = {}
    if cpu_ns is not None:
        found["vm.cpu.used"] = cpu_ns / NS_PER_S
    if rx is not None and tx is not None:
        found["vm.net.used"] = rx + tx
    if read is not None and written is not None:
        found["vm.disk.used"] = read + written
    if load.memory_bytes is not None:
        found["vm.mem.used"] = load.memory_bytes
    if load.dirty_bps is not None:
        found["vm.mem.dirty_rate"] = load.dirty_bps
    return found


def _of_all_domains(ours: _Grown, before: HostLoad, now: HostLoad, seconds: float) -> float | None:
    """Return what all domains used; those that were started in between count from the next look on."""
    others = [
        rate(before.others_ns[name], ns, seconds) for name, ns in now.others_ns.items() if name in before.others_ns
    ]
    return _sum([*ours, *others]) if others else None


def _sum(rates: _Grown) -> float | None:
    """Add up; None if one of them is not known."""
    known = [each for each in rates if each is not None]
    return sum(known) if len(known) == len(rates) else None
