"""What the cloud in memory says of loads: waves that differ from thing to thing and are the same in every run."""

import math
from collections.abc import Sequence

from app.api.loads import MOST_STEPS, POWER, ChartView, InstanceLoads, Loads, of_cluster
from app.api.resources import ClusterLoadView, HostLoadView, HostView, InstanceLoadView
from tests.tui.views import NOW_MS

MIB = 1024.0


def _wave(name: str, number: int) -> float:
    """Return a part of the whole, from 0.05 to 0.95."""
    seed = sum(map(ord, name))
    return round(0.5 + 0.3 * math.sin(number / 5 + seed) + 0.15 * math.sin(number / 1.7 + 2 * seed), 3)


def _trend(name: str, whole: float) -> list[float | None]:
    return [None if number < 4 else whole * _wave(name, number) for number in range(MOST_STEPS)]


def the_loads(hosts: Sequence[HostView]) -> Loads:
    """Tell of hosts, of which the last one is heard of no more."""
    told = {view.name: _of_host(view, stale=view is hosts[-1]) for view in hosts}
    clusters = {name: _of_cluster(name, hosts, told) for name in {view.cluster for view in hosts}}
    trends = {view.name: _trend(view.name, view.physical_cores) for view in hosts}
    trends |= {of_cluster(name): _trend(name, load.cores) for name, load in clusters.items()}
    trends[POWER] = _trend("power", 900.0)
    return Loads(at_ms=NOW_MS, whole=True, clusters=clusters, hosts=told, trends=trends)


def the_instance_loads(ids: Sequence[str]) -> InstanceLoads:
    told = {
        given: InstanceLoadView(
            cpu_used=_wave(given, MOST_STEPS - 1),
            cpu_smooth=0.5,
            mem_used_mib=96.0,
            net_bps=1.2e6,
            disk_bps=None,
            dirty_bps=None,
            age_s=0.4,
            stale=False,
        )
        for given in ids
    }
    return InstanceLoads(at_ms=NOW_MS, whole=True, instances=told, trends={given: _trend(given, 1.0) for given in ids})


def a_chart(subject: str, from_ms: int, to_ms: int, *, known: bool = True) -> ChartView:
    """Chart a thing of which nothing was known at first, nor for a while in between."""
    steps = 180
    gone = set(range(15)) | set(range(60, 70))

    def line(of: str, whole: float) -> list[float | None]:
        return [None if not known or n in gone else whole * _wave(subject + of, n // 2) for n in range(steps)]

    return ChartView(
        subject=subject,
        from_ms=from_ms,
        step_ms=(to_ms - from_ms) // steps,
        cpu=line("cpu", 8),
        memory_mib=line("mem", 16 * MIB),
        net_in_bps=line("in", 1.2e7),
        net_out_bps=line("out", 4e6),
        watts=line("w", 240),
    )


def _of_host(view: HostView, *, stale: bool) -> HostLoadView:
    part = _wave(view.name, MOST_STEPS - 1)
    return HostLoadView(
        cpu_used=view.physical_cores * part,
        cpu_smooth=view.physical_cores * part,
        mem_used_mib=view.physical_memory_mib * _wave(view.name, 3),
        net_rx_bps=1.05e7,
        net_tx_bps=3.9e6,
        watts=100 + 120 * part,
        temp_c=None,
        age_s=44.0 if stale else 0.4,
        stale=stale,
    )


def _of_cluster(name: str, hosts: Sequence[HostView], told: dict[str, HostLoadView]) -> ClusterLoadView:
    mine = [view for view in hosts if view.cluster == name]
    return ClusterLoadView(
        hosts=len(mine),
        cores=sum(view.physical_cores for view in mine),
        memory_mib=sum(view.physical_memory_mib for view in mine),
        cpu_used=sum(told[view.name].cpu_used or 0 for view in mine),
        mem_used_mib=sum(told[view.name].mem_used_mib or 0 for view in mine),
        net_rx_bps=1e7,
        net_tx_bps=3e6,
        watts=sum(told[view.name].watts or 0 for view in mine),
    )
