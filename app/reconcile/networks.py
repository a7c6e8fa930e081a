"""Keep the fabrics as the store wants them: who is on the network of real hosts and who may reach whom.

The trap: an instance's domain must not start before its bridge is there, so a start waits for a pass of its own gateway
that began after it was asked for.
"""

import asyncio
from collections.abc import Mapping, Sequence

from app.domain.errors import Broken, Unavailable
from app.domain.fabric import Fabric
from app.domain.far import Reach
from app.domain.files import SeedFiles
from app.domain.gateway import RemoteGateway
from app.domain.host import Host
from app.domain.network import WAYS, Member, Network, NetworkPlan
from app.domain.ports import Store
from app.reconcile.far_hosts import FarHosts
from app.reconcile.gateways import GatewayKeeper
from app.reconcile.traffic import narrow


class Unwoven(Unavailable):
    """The network is not there yet: no fault of the instance that waits for it, nor of its host."""


class Networks:
    """The loop's hold on all gateways; without a network of ours nothing is done but what is left over removed."""

    def __init__(self, store: Store, resync_s: float) -> None:
        self._store, self._resync_s = store, resync_s
        self._gateways: dict[str, GatewayKeeper] = {}
        self.seeds: SeedFiles | None = None
        self._plan = NetworkPlan()
        self._far = FarHosts(store, resync_s)
        self._due: set[str] = set()

    def connect(
        self,
        fabric: Fabric,
        plan: NetworkPlan,
        seeds: SeedFiles | None = None,
        reach: Reach | None = None,
        elsewhere: Mapping[str, RemoteGateway] | None = None,
    ) -> None:
        """Begin with the fabric of this machine, and those of clusters that have theirs elsewhere."""
        self._plan, self.seeds = plan, seeds
        fabrics: dict[str, Fabric] = {"": fabric, **(elsewhere or {})}
        for cluster, one in fabrics.items():
            self._gateways[cluster] = GatewayKeeper(self._store, self._resync_s, one, plan, cluster)
        reach = reach if any(one.ours for one in plan.all) else None
        reaches: dict[str, Reach | None] = {"": reach, **(elsewhere or {})}
        self._far.connect(lambda cluster: reaches.get(plan.of(cluster).gateway), self._tunnelled)

    def is_silent(self, host: Host) -> bool:
        """Tell whether no metadata address answers the instances of a host, so that a disk has to tell them."""
        return self.seeds is not None and not self._plan.of(host.cluster).ours and not host.rehearsal

    def bridge_of(self, host: Host, address: str) -> str:
        """Name the bridge that the instance with this address hangs on; empty: none."""
        return host.bridge if host.bridge or host.rehearsal else self._plan.of(host.cluster).bridge_of(address)

    def hear(self) -> None:
        """Look again at once if a commit has changed a rule or a public address: people wait for these."""
        for gateway in self._gateways.values() if self._leases else ():
            gateway.hear()

    def poke(self, host: str = "") -> None:
        """Look again soon: who is on the network, or what may pass, may have changed; on this host cards have."""
        if self._leases:
            self._due |= {host} - {""}
            for gateway in self._gateways.values():
                gateway.poke()

    async def ready(self, host: Host) -> None:
        """Return once the network is as it is wanted now; raises Unwoven, or Broken if it never will be."""
        plan = self._plan.of(host.cluster)
        gateway = self._gateways.get(plan.gateway)
        if gateway is None or not plan.leases or host.rehearsal:
            return
        try:
            await gateway.ready()
            await self._far.ready(host)
        except Unavailable as error:
            raise Unwoven(error.port, error.detail) from error

    async def run(self) -> None:
        """Look at changes and, whatever they told, every `resync_s`; runs until cancelled."""
        if self._gateways:
            async with asyncio.TaskGroup() as group:
                for cluster, gateway in self._gateways.items():
                    group.create_task(gateway.run() if cluster else self._here(gateway), name=f"gateway {cluster}")

    async def _here(self, gateway: GatewayKeeper) -> None:
        """Keep this machine's own, and hosts that are tunnelled to it."""
        while True:
            due, self._due = self._due, set()
            pause_s = await gateway.turn()
            await self._far.look(due)
            await gateway.rest(pause_s)

    @property
    def _leases(self) -> bool:
        """Whether there is anything to do."""
        return any(plan.leases for plan in self._plan.all)

    def _tunnelled(self, host: Host, members: Sequence[Member]) -> list[Network]:
        """Form those on a host that is another machine; Broken if nobody said by which way."""
        plan = self._plan.of(host.cluster)
        if not plan.ours:
            return []
        if members and not (
            plan.tunnels or plan.trunk or plan.gateway
        ):  # the gateway says whether it is another machine
            raise Broken("network", f"{host.name} is another machine: {WAYS}")
        return [narrow(network) for network in plan.networks(members)]

    def close(self) -> None:
        for gateway in self._gateways.values():
            gateway.close()
        self._far.close()
