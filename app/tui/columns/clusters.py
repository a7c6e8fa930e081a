"""Columns of the list of clusters: the sums of what their hosts do and hold."""

from app.api.loads import of_cluster
from app.api.resources import ClusterView
from app.tui import looks
from app.tui.columns import load
from app.tui.columns.column import Column
from app.tui.scene import Scene, mib, share


def cores(view: ClusterView) -> float:
    """Count the cores of the hosts whose load is known."""
    return view.load.cores if view.load else 0


def memory_mib(view: ClusterView) -> float:
    return view.load.memory_mib if view.load else 0


def _given(view: ClusterView, scene: Scene) -> str:
    return f"{share(view.memory_used_mib, view.memory_mib) or scene.dash} of {mib(view.memory_mib)}"


COLUMNS: tuple[Column[ClusterView], ...] = (
    Column(key="cluster", title="CLUSTER", width=14, value=lambda v: v.name, aliases=("name", "zone"), grows=10),
    Column(
        key="hosts",
        title="HOSTS",
        width=14,
        value=lambda v: v.hosts_up,
        shows=lambda v, s: looks.of_cluster(v).text(s),
        tone=lambda v: looks.of_cluster(v).tone,
    ),
    Column(
        key="gateway",
        title="GATEWAY",
        width=10,
        value=lambda v: looks.of_gateway(v).word,
        shows=lambda v, s: looks.of_gateway(v).text(s),
        tone=lambda v: looks.of_gateway(v).tone,
        rank=1,
    ),
    Column(key="vms", title="VMS", width=6, value=lambda v: v.instances, align="right", aliases=("instances",)),
    Column(
        key="used",
        title="CORES",
        width=11,
        value=lambda v: v.cores_used,
        shows=lambda v, s: f"{v.cores_used}/{v.cores}",
        align="right",
        aliases=("cores", "vcpus"),
    ),
    Column(
        key="cpu",
        title="CPU",
        width=13,
        value=lambda v: load.part(load.known(v, "cpu_used"), cores(v)),
        shows=lambda v, s: load.line(v, of_cluster(v.name), cores(v), s),
        tone=lambda v: load.tone(v, load.known(v, "cpu_used"), cores(v)),
        align="right",
    ),
    Column(
        key="mem",
        title="MEM",
        width=4,
        value=lambda v: load.part(load.known(v, "mem_used_mib"), memory_mib(v)),
        shows=lambda v, s: load.percent(load.known(v, "mem_used_mib"), memory_mib(v), s),
        align="right",
        rank=1,
    ),
    Column(
        key="power",
        title="POWER",
        width=7,
        value=lambda v: value if (value := load.known(v, "watts")) is not None else load.UNKNOWN,
        shows=load.drawn,
        align="right",
        aliases=("watts",),
    ),
    Column(
        key="memory",
        title="GIVEN MEMORY",
        width=14,
        value=lambda v: v.memory_used_mib,
        shows=_given,
        align="right",
        rank=2,
    ),
)
