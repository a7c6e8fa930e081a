"""Columns of the list of instances."""

from collections.abc import Sequence

from app.api.resources import InstanceView
from app.tui import looks
from app.tui.columns import load
from app.tui.columns.column import Column, Tally
from app.tui.scene import Scene, counted, mib, span

SHORT = 4


def _state(view: InstanceView, scene: Scene) -> str:
    text = looks.of_instance(view).text(scene)
    waiting_s = (scene.now_ms - view.launched_at_ms) / 1000
    return f"{text} {span(waiting_s)}" if view.state == "pending" and waiting_s >= 60 else text


def _note(view: InstanceView) -> str:
    return view.last_error or view.state_reason


def _figures(view: InstanceView) -> tuple[float, ...]:
    holds = view.state != "terminated"
    return view.state == "running", view.cores * holds, view.memory_mib * holds


def _summed(sums: Sequence[float], scene: Scene) -> Sequence[str]:
    running, cores, memory_mib = map(round, sums)
    return f"{running} running", counted(cores, "core"), mib(memory_mib)


TALLY = Tally(one="instance", many="instances", figures=_figures, said=_summed)
COLUMNS: tuple[Column[InstanceView], ...] = (
    Column(key="id", title="INSTANCE", width=19, value=lambda v: v.id, aliases=("instance",)),
    Column(key="name", title="NAME", width=10, value=lambda v: v.name, rank=1, grows=14),
    Column(
        key="state",
        title="STATE",
        width=15,
        value=lambda v: looks.of_instance(v).word,
        shows=_state,
        tone=lambda v: looks.of_instance(v).tone,
        groups=True,
    ),
    Column(
        key="host", title="HOST", width=14, value=lambda v: v.host, shows=lambda v, s: v.host or s.dash, groups=True
    ),
    Column(
        key="cpu",
        title="CPU",
        width=SHORT + 5,
        value=lambda v: load.part(load.known(v, "cpu_used"), v.cores),
        shows=lambda v, s: load.line(v, v.id, v.cores, s, SHORT),
        tone=lambda v: load.tone(v, load.known(v, "cpu_used"), v.cores),
        align="right",
        rank=2,
        aliases=("load",),
    ),
    Column(key="cluster", title="CLUSTER", width=10, value=lambda v: v.cluster, rank=4, aliases=("zone",), groups=True),
    Column(key="type", title="TYPE", width=10, value=lambda v: v.vmtype, aliases=("vmtype",), rank=3, groups=True),
    Column(key="image", title="IMAGE", width=21, value=lambda v: v.image_id, rank=8, groups=True),
    Column(key="image-name", title="IMAGE NAME", width=18, value=lambda v: v.image_name, rank=9, groups=True),
    Column(
        key="vcpus", title="CPUS", width=4, value=lambda v: v.cores, align="right", rank=6, aliases=("cores", "cpus")
    ),
    Column(
        key="memory",
        title="MEMORY",
        width=8,
        value=lambda v: v.memory_mib,
        shows=lambda v, s: mib(v.memory_mib),
        align="right",
        rank=6,
        aliases=("mem",),
    ),
    Column(
        key="account", title="ACCOUNT", width=12, value=lambda v: v.account_id, rank=9, aliases=("owner",), groups=True
    ),
    Column(key="key", title="KEY", width=10, value=lambda v: v.key_name, rank=9),
    Column(key="address", title="ADDRESS", width=15, value=lambda v: v.private_ip, rank=9, aliases=("ip",)),
    Column(key="public", title="PUBLIC", width=15, value=lambda v: v.public_ip, rank=8),
    Column(
        key="age",
        title="AGE",
        width=4,
        value=lambda v: -v.launched_at_ms,
        shows=lambda v, s: s.age(v.launched_at_ms),
        align="right",
        rank=2,
        filtered=False,
    ),
    Column(
        key="note",
        title="NOTE",
        width=28,
        value=_note,
        tone=lambda v: "bad" if v.last_error else "off",
        rank=7,
        grows=200,
        aliases=("error", "reason"),
    ),
)
