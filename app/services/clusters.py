"""Clusters: what EC2's clients see as availability zones."""

from app.domain.errors import InUse, Missing
from app.domain.host import Cluster
from app.domain.ports import Unit
from app.services import volumes
from app.services.names import check_name


def add(unit: Unit, name: str) -> Cluster:
    """Make a cluster; one of this name that exists already is returned unchanged."""
    existing = unit.clusters.get(check_name("name", name))
    if existing:
        return existing
    cluster = Cluster(name=name, created_at_ms=unit.now_ms)
    unit.clusters.add(cluster, text=f"Cluster {name} was added")
    return cluster


def get(unit: Unit, name: str) -> Cluster:
    """Return the cluster; Missing if there is none of that name."""
    found = unit.clusters.get(name)
    if found is None:
        raise Missing("cluster", name)
    return found


def remove(unit: Unit, name: str) -> None:
    """Remove a cluster without hosts and volumes; InUse while it has some, Missing if there is none."""
    cluster = get(unit, name)
    hosts = unit.hosts.where(cluster=name)
    if hosts:
        raise InUse("cluster", name, f"{len(hosts)} host(s), the first of them {hosts[0].name}")
    kept = volumes.visible(unit, {"cluster": name})
    if kept:
        raise InUse("cluster", name, f"{len(kept)} volume(s), the first of them {kept[0].id}")
    unit.clusters.remove(cluster, text=f"Cluster {name} was removed")
