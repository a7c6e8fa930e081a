"""Columns of the list of hosts: what they do (CPU, MEM, POWER) beside what was given away on them (CORES, MEMORY)."""

from collections.abc import Sequence

from app.api.resources import HostView
from app.tui import looks
from app.tui.columns import load
from app.tui.columns.column import Column, Tally
from app.tui.scene import Scene, counted, mib, share, watts


def _memory(view: HostView, scene: Scene) -> str:
    return f"{share(view.memory_used_mib, view.memory_mib) or scene.dash} of {mib(view.memory_mib)}"


def _disk(view: HostView, scene: Scene) -> str:
    return f"{view.disk_used_gb}/{view.disk_gb} GB" if view.disk_gb else scene.dash


def _figures(view: HostView) -> tuple[float, ...]:
    fresh = view.load if view.load is not None and not view.load.stale else None
    drawn = fresh.watts if fresh else None
    busy = fresh.cpu_used if fresh else None
    return (
        view.state == "up",
        view.instances,
        view.cores_used,
        view.cores,
        busy or 0,
        0 if busy is None else view.physical_cores,
        drawn or 0,
        drawn is not None,
    )


def _summed(sums: Sequence[float], scene: Scene) -> Sequence[str]:
    """Say what is given away, and what is in use on those of which that is known."""
    up, instances, used, cores, busy, measured, drawn, told = sums
    return (
        f"{up:.0f} up",
        counted(round(instances), "instance"),
        f"{used:.0f}/{cores:.0f} cores",
        f"CPU {share(busy, measured) or scene.dash}",
        watts(drawn if told else None, scene.dash),
    )


TALLY = Tally(one="host", many="hosts", figures=_figures, said=_summed)
COLUMNS: tuple[Column[HostView], ...] = (
    Column(key="host", title="HOST", width=14, value=lambda v: v.name, aliases=("name",)),
    Column(key="cluster", title="CLUSTER", width=12, value=lambda v: v.cluster, rank=1, aliases=("zone",), groups=True),
    Column(
        key="state",
        title="STATE",
        width=14,
        value=lambda v: looks.of_host(v).word,
        shows=lambda v, s: looks.of_host(v).text(s),
        tone=lambda v: looks.of_host(v).tone,
        groups=True,
    ),
    Column(
        key="vms",
        title="VMS",
        width=4,
        value=lambda v: v.instances,
        align="right",
        aliases=("instances",),
    ),
    Column(
        key="used",
        title="CORES",
        width=7,
        value=lambda v: v.cores_used,
        shows=lambda v, s: f"{v.cores_used}/{v.cores}",
        align="right",
        aliases=("cores", "vcpus"),
    ),
    Column(
        key="cpu",
        title="CPU",
        width=13,
        value=lambda v: load.part(load.known(v, "cpu_used"), v.physical_cores),
        shows=lambda v, s: load.line(v, v.name, v.physical_cores, s),
        tone=lambda v: load.tone(v, load.known(v, "cpu_used"), v.physical_cores),
        align="right",
        aliases=("load",),
    ),
    Column(
        key="mem",
        title="MEM",
        width=4,
        value=lambda v: load.part(load.known(v, "mem_used_mib"), v.physical_memory_mib),
        shows=lambda v, s: load.percent(load.known(v, "mem_used_mib"), v.physical_memory_mib, s),
        tone=lambda v: load.tone(v, load.known(v, "mem_used_mib"), v.physical_memory_mib),
        align="right",
    ),
    Column(
        key="power",
        title="POWER",
        width=6,
        value=lambda v: value if (value := load.known(v, "watts")) is not None else load.UNKNOWN,
        shows=load.drawn,
        tone=lambda v: "off" if v.load is None or v.load.stale else "calm",
        align="right",
        aliases=("watts",),
    ),
    Column(
        key="seen",
        title="SEEN",
        width=4,
        value=lambda v: -v.seen_at_ms,
        shows=lambda v, s: s.age(v.seen_at_ms),
        tone=lambda v: "off" if v.load is None or v.load.stale else "calm",
        align="right",
        rank=3,
        filtered=False,
    ),
    Column(
        key="memory",
        title="MEMORY",
        width=13,
        value=lambda v: v.memory_used_mib,
        shows=_memory,
        align="right",
        rank=2,
        aliases=("given",),
    ),
    Column(key="disk", title="DISK", width=11, value=lambda v: v.disk_used_gb, shows=_disk, align="right", rank=4),
    Column(
        key="since",
        title="SINCE",
        width=5,
        value=lambda v: -v.state_since_ms,
        shows=lambda v, s: s.age(v.state_since_ms),
        align="right",
        rank=3,
        filtered=False,
    ),
    Column(key="rack", title="RACK", width=8, value=lambda v: v.rack, rank=6, groups=True),
    Column(key="hypervisor", title="HYPERVISOR", width=12, value=lambda v: v.hypervisor, rank=5, groups=True),
    Column(key="uri", title="URI", width=18, value=lambda v: v.uri, rank=7, grows=20),
    Column(
        key="error",
        title="ERROR",
        width=20,
        value=lambda v: v.last_error,
        tone=lambda v: "bad",
        rank=4,
        grows=200,
        aliases=("note",),
    ),
)
