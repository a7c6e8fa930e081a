"""REST: clusters and their hosts."""

from collections.abc import Sequence
from operator import attrgetter

import msgspec
from litestar import Controller, delete, get, patch, post

from app.api.loads import SamplesView, of_cluster
from app.api.resources import AddCluster, AddHost, ClusterView, Collection, HostView, SetHost
from app.domain.account import Role
from app.domain.host import Cluster, Host
from app.domain.ports import Unit
from app.server.desk import At, Desk, needs
from app.server.listing import AskedFor, Listing, from_table
from app.server.samples import From, HostSensor, Points, To, host_sensor, samples_of
from app.services import clusters, fencing, hosts, power
from app.services.views import World, cluster_view, host_view

_ADMIN = needs(Role.ADMIN)
_OPERATOR = needs(Role.OPERATOR)


class ClusterController(Controller):
    path = "/clusters"
    tags = ("hosts",)
    opt = needs(Role.VIEWER)

    @get(operation_id="ListClusters", summary="Clusters with what their hosts have and hold")
    async def index(self, desk: At, asked: AskedFor) -> Collection[ClusterView]:
        """Sums are over the hosts of each; what sleeps or is lost counts as being there."""
        return await _CLUSTERS.answer(desk, asked)

    @get("/{name:str}", operation_id="GetCluster", summary="One cluster")
    async def show(self, desk: At, name: str) -> ClusterView:
        view = await desk.read(lambda unit: _seen(unit, clusters.get(unit, name)))
        return desk.cloud.board.on_clusters([view])[0]

    @get("/{name:str}/samples", operation_id="ListClusterSamples", summary="The sum of one sensor over its hosts")
    async def samples(
        self,
        desk: At,
        name: str,
        sensor: HostSensor = "host.cpu.load",
        since: From = None,
        until: To = None,
        points: Points = 5000,
    ) -> SamplesView:
        cluster = await desk.read(lambda unit: clusters.get(unit, name))
        kept = await samples_of(desk, of_cluster(cluster.name), host_sensor(sensor), (since, until), points)
        return msgspec.structs.replace(kept, subject=cluster.name)

    @post(operation_id="AddCluster", summary="Add a cluster; one that exists is left as it is", opt=_ADMIN)
    async def add(self, desk: At, data: AddCluster) -> ClusterView:
        """A cluster is an availability zone to clients of EC2. One of this name that exists is left as it is."""
        return await desk.change("AddCluster", data.name, lambda unit: _seen(unit, clusters.add(unit, data.name)))

    @delete(
        "/{name:str}",
        operation_id="RemoveCluster",
        summary="Remove a cluster without hosts",
        opt=needs(Role.ADMIN, lets_go="cluster"),
    )
    async def remove(self, desk: At, name: str) -> None:
        """Refused (409) as long as hosts are in it."""
        await desk.change("RemoveCluster", name, lambda unit: clusters.remove(unit, name))


class HostController(Controller):
    path = "/hosts"
    tags = ("hosts",)
    opt = needs(Role.VIEWER)

    @get(operation_id="ListHosts", summary="Hosts with what they have and hold")
    async def index(self, desk: At, asked: AskedFor) -> Collection[HostView]:
        """`load` is what the host's sensors told last; `stale` says that it is too old to be relied on."""
        return await _HOSTS.answer(desk, asked)

    @get("/{name:str}", operation_id="GetHost", summary="One host")
    async def show(self, desk: At, name: str) -> HostView:
        """The same as in the collection."""
        return desk.cloud.sensors.on_host(await desk.read(lambda unit: _shown(unit, hosts.get(unit, name))))

    @get("/{name:str}/samples", operation_id="ListHostSamples", summary="What one of its sensors told")
    async def samples(
        self,
        desk: At,
        name: str,
        sensor: HostSensor = "host.cpu.load",
        since: From = None,
        until: To = None,
        points: Points = 5000,
    ) -> SamplesView:
        """Points of one sensor, the older the wider apart; by default those of the last hour."""
        host = await desk.read(lambda unit: hosts.get(unit, name))
        return await samples_of(desk, host.name, host_sensor(sensor), (since, until), points)

    @post(operation_id="AddHost", summary="Let a host join by its libvirt URI", opt=_ADMIN)
    async def add(self, desk: At, data: AddHost) -> HostView:
        """The host is dialled afterwards; its `state` says whether it answered, `last_error` what was wrong."""
        return await desk.change("AddHost", data.name, lambda unit: _shown(unit, hosts.add(unit, data)))

    @post(
        "/{name:str}/drain", operation_id="DrainHost", summary="Place nothing new there", opt=_OPERATOR, status_code=200
    )
    async def drain(self, desk: At, name: str) -> HostView:
        """It takes nothing new; what runs there stays until it is moved or ends. Undraining takes it back."""
        return await desk.change("DrainHost", name, lambda unit: _shown(unit, hosts.drain(unit, name)))

    @post(
        "/{name:str}/undrain", operation_id="UndrainHost", summary="Place there again", opt=_OPERATOR, status_code=200
    )
    async def undrain(self, desk: At, name: str) -> HostView:
        """It may take instances again, as before it was drained."""
        return await desk.change("UndrainHost", name, lambda unit: _shown(unit, hosts.undrain(unit, name)))

    @post("/{name:str}/sleep", operation_id="SleepHost", summary="Let it sleep", opt=_OPERATOR, status_code=200)
    async def sleep(self, desk: At, name: str) -> HostView:
        """Refused (409) while anything runs there; else the command that eucalyptus.conf names switches it off."""
        return await desk.change("SleepHost", name, lambda unit: _shown(unit, power.sleep(unit, name, _asked(desk))))

    @post("/{name:str}/fence", operation_id="FenceHost", summary="It is switched off", opt=_OPERATOR, status_code=200)
    async def fence(self, desk: At, name: str) -> HostView:
        """Say so only if you know that a lost host is off: rules may then start its instances elsewhere."""
        return await desk.change("FenceHost", name, lambda unit: _shown(unit, fencing.fence(unit, name, _asked(desk))))

    @post("/{name:str}/wake", operation_id="WakeHost", summary="Let it be on", opt=_OPERATOR, status_code=200)
    async def wake(self, desk: At, name: str) -> HostView:
        """It is switched on by the command that eucalyptus.conf names; `power` says how far it is."""
        return await desk.change("WakeHost", name, lambda unit: _shown(unit, power.wake(unit, name, _asked(desk))))

    @patch("/{name:str}", operation_id="SetHost", summary="Change what rules read of it", opt=_ADMIN)
    async def change(self, desk: At, name: str, data: SetHost) -> HostView:
        """Rack, tags and speed are read by mapping rules. What is not said stays as it is."""
        return await desk.change("SetHost", name, lambda unit: _shown(unit, hosts.change(unit, name, data)))

    @delete(
        "/{name:str}",
        operation_id="RemoveHost",
        summary="Let a host leave once it is empty",
        opt=needs(Role.ADMIN, lets_go="host"),
    )
    async def remove(self, desk: At, name: str) -> None:
        """It takes nothing new and leaves as soon as nothing of ours is on it."""
        await desk.change("RemoveHost", name, lambda unit: hosts.remove(unit, name))


def _host_views(unit: Unit, desk: Desk, rows: Sequence[Host]) -> list[HostView]:
    world = World.of(unit)
    return [desk.cloud.sensors.on_host(host_view(host, world)) for host in rows]


def _cluster_views(unit: Unit, desk: Desk, rows: Sequence[Cluster]) -> list[ClusterView]:
    world, hosts = World.of(unit), unit.hosts.where()
    return desk.cloud.board.on_clusters([cluster_view(cluster, hosts, world) for cluster in rows])


_HOSTS: Listing[Host, HostView] = Listing(
    view=HostView,
    key=attrgetter("name"),
    first=from_table(lambda unit: unit.hosts, lambda unit, desk, row: True, "name"),
    views=_host_views,
)
_CLUSTERS: Listing[Cluster, ClusterView] = Listing(
    view=ClusterView,
    key=attrgetter("name"),
    first=from_table(lambda unit: unit.clusters, lambda unit, desk, row: True, "name"),
    views=_cluster_views,
)


def _asked(desk: Desk) -> str:
    return f"asked by {desk.caller.user_name}"


def _shown(unit: Unit, host: Host) -> HostView:
    return host_view(host, World.of(unit))


def _seen(unit: Unit, cluster: Cluster) -> ClusterView:
    return cluster_view(cluster, unit.hosts.where(cluster=cluster.name), World.of(unit))
