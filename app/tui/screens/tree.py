"""Hosts below their clusters: a list in which a line that sums up a cluster stands above the lines of its hosts.

A cluster's line is a host's view in form, so that every column shows it. The trap: it is no host, so whoever acts on
hosts must leave it out (`is_cluster`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.api.loads import of_cluster
from app.api.resources import ClusterLoadView, ClusterView, HostLoadView, HostView
from app.tui.columns.column import Column
from app.tui.columns.hosts import COLUMNS

TREE_COLUMNS: tuple[Column[HostView], ...] = (
    Column(
        key="host",
        title="CLUSTER, HOST",
        width=18,
        value=lambda v: v.name,
        shows=lambda v, s: v.cluster if is_cluster(v.name) else f"  {v.name}",
        aliases=("name",),
    ),
    *(column for column in COLUMNS if column.key not in {"host", "cluster"}),
)


def is_cluster(given: str) -> bool:
    """Tell whether a line's id is that of a cluster; no host's name holds a slash."""
    return "/" in given


def below_clusters(value: Callable[[Any], Any], *, downwards: bool) -> Callable[[Any], Any]:
    """Sort by cluster first, with its own line above the others, and within it by the value."""

    def key(view: HostView) -> tuple[str, bool, Any]:
        found = value(view)
        mine = is_cluster(view.name)
        return view.cluster, mine if downwards else not mine, found.casefold() if isinstance(found, str) else found

    return key


def lines_of(clusters: Mapping[str, ClusterView]) -> dict[str, HostView]:
    """Make the line of each cluster, by id."""
    return {of_cluster(name): _line(view) for name, view in clusters.items()}


def _line(view: ClusterView) -> HostView:
    up = view.hosts_up
    return HostView(
        name=of_cluster(view.name),
        cluster=view.name,
        uri="",
        state="up" if up == view.hosts else f"{up} of {view.hosts} up",
        wanted="enabled",
        rehearsal=False,
        hypervisor="",
        instances=view.instances,
        cores=view.cores,
        cores_used=view.cores_used,
        memory_mib=view.memory_mib,
        memory_used_mib=view.memory_used_mib,
        disk_gb=0,
        disk_used_gb=0,
        seen_at_ms=0,
        state_since_ms=0,
        last_error="",
        power="on",
        power_wanted="on",
        power_error="",
        fenced=False,
        physical_cores=view.load.cores if view.load else 0,
        physical_memory_mib=view.load.memory_mib if view.load else 0,
        load=_load(view.load) if view.load else None,
    )


def _load(load: ClusterLoadView) -> HostLoadView:
    return HostLoadView(
        cpu_used=load.cpu_used,
        cpu_smooth=load.cpu_used,
        mem_used_mib=load.mem_used_mib,
        net_rx_bps=load.net_rx_bps,
        net_tx_bps=load.net_tx_bps,
        watts=load.watts,
        temp_c=None,
        age_s=0.0,
        stale=False,
    )
