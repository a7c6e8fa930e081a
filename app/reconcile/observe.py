"""Ask the hosts what is there. A host that does not answer raises; "nothing" is said only by a host that does."""

from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Hypervisors, VolumeSeen
from app.reconcile.diff import Observed, needs_volumes
from app.reconcile.disks import own_prefix
from app.reconcile.moving import Both
from app.reconcile.shared import SharedCall


class Observer:
    """Looks at instances; all that need a host's volumes at the same time share one listing."""

    def __init__(self, hypervisors: Hypervisors) -> None:
        self._hypervisors = hypervisors
        self._listings: dict[str, SharedCall[list[VolumeSeen]]] = {}

    async def look_at_both(self, instance: Instance, source: Host | None, target: Host | None) -> Both:
        """Observe an instance that moves; None: a lost host.

        The trap is the order: looked at first where it goes, one that is handed over in between would be nowhere.
        """
        before = None if source is None else await self.look(instance, source, moves=True)
        return Both(source=before, target=None if target is None else await self.look(instance, target, moves=True))

    async def look(self, instance: Instance, host: Host, *, moves: bool = False) -> Observed:
        """Observe one instance; Unavailable if its host does not answer."""
        hypervisor = self._hypervisors.host(host.name)
        domain = await hypervisor.domain(instance.id)
        volumes: frozenset[str] | None = None
        if moves or needs_volumes(instance, domain, forgets=host.rehearsal):
            prefix = own_prefix(instance.id)
            listed = await self.volumes(host.name)
            volumes = frozenset(volume.name for volume in listed if volume.name.startswith(prefix))
        return Observed(domain=domain, volumes=volumes, forgets=host.rehearsal, blinks=host.is_xen)

    async def volumes(self, host: str) -> list[VolumeSeen]:
        """List a host's volumes, by a call that begins after now."""
        listing = self._listings.get(host)
        if listing is None:
            listing = self._listings[host] = SharedCall(lambda: self._hypervisors.host(host).volumes())
        return await listing.get()

    def forget(self, host: str) -> None:
        self._listings.pop(host, None)

    def close(self) -> None:
        for listing in self._listings.values():
            listing.cancel()
