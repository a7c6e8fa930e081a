"""Columns of the list of hosts: what they do (CPU, MEM, POWER) beside what was given away on them (CORES, MEMORY)."""

from app.api.resources import HostView
from app.tui import looks
from app.tui.columns import load
from app.tui.columns.column import Column
from app.tui.scene import Scene, mib, share


def _memory(view: HostView, scene: Scene) -> str:
    return f"{share(view.memory_used_mib, view.memory_mib) or scene.dash} of {mib(view.memory_mib)}"


def _disk(view: HostView, scene: Scene) -> str:
    return f"{view.disk_used_gb}/{view.disk_gb} GB" if view.disk_gb else scene.dash


COLUMNS: tuple[Column[HostView], ...] = (
    Column(key="host", title="HOST", width=14, value=lambda v: v.name, aliases=("name",)),
    Column(key="cluster", title="CLUSTER", width=12, value=lambda v: v.cluster, rank=1, aliases=("zone",)),
    Column(
        key="state",
        title="STATE",
        width=14,
        value=lambda v: looks.of_host(v).word,
        shows=lambda v, s: looks.of_host(v).text(s),
        tone=lambda v: looks.of_host(v).tone,
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
        rank=1,
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
    Column(key="hypervisor", title="HYPERVISOR", width=12, value=lambda v: v.hypervisor, rank=5),
    Column(key="uri", title="URI", width=18, value=lambda v: v.uri, rank=7, grows=20),
    Column(
        key="error",
        title="ERROR",
        width=12,
        value=lambda v: v.last_error,
        tone=lambda v: "bad",
        rank=6,
        grows=200,
        aliases=("note",),
    ),
)
