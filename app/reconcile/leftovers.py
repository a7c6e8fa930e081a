"""Disks made too late: a host may do what was given up as unanswered when the instance is gone already.

Nothing else would ever find them, since they hang on no domain. Disks of instances that the store does not know are
never touched: they may be all that is left of a cloud whose database was lost.
"""

import logging
from collections.abc import Iterable

from app.domain.errors import CloudError
from app.domain.ports import Clock, Hypervisors, Store, Unit
from app.reconcile.disks import CACHED, own_prefix
from app.reconcile.observe import Observer

log = logging.getLogger(__name__)


class Leftovers:
    """Lists a host's disks every `every_s` seconds and deletes those of instances that are gone from it."""

    def __init__(
        self, store: Store, hypervisors: Hypervisors, observer: Observer, clock: Clock, every_s: float
    ) -> None:
        self._store, self._hypervisors, self._observer = store, hypervisors, observer
        self._clock, self._every_s = clock, every_s
        self._swept_s: dict[str, float] = {}

    async def sweep(self, host: str) -> None:
        """Clean up if it is time to; a host that can not do it now is asked again with the next sweep."""
        now_s = self._clock.monotonic_s()
        if now_s - self._swept_s.get(host, float("-inf")) < self._every_s:
            return
        try:
            await self.clear(host)
        except CloudError as error:
            log.warning("disks could not be swept", extra={"fields": {"host": host, "error": str(error)}})
        else:
            self._swept_s[host] = now_s

    async def clear(self, host: str, *, fenced: bool = False) -> None:
        """Delete every disk there whose instance is gone; of a host that was fenced, or was started elsewhere."""
        names = [volume.name for volume in await self._observer.volumes(host)]
        found = await self._store.read(lambda unit: left_over(unit, names, host if fenced else ""))
        for name in found:
            log.warning("a disk of an instance that is gone was left", extra={"fields": {"host": host, "disk": name}})
            await self._hypervisors.host(host).delete_volume(name)

    def forget(self, host: str) -> None:
        self._swept_s.pop(host, None)


def left_over(unit: Unit, volumes: Iterable[str], fenced: str = "") -> list[str]:
    """Name the volumes of instances that are gone for good; one that moved may have left some on a lost host.

    On the host `fenced` those of instances that belong elsewhere by now, too.
    """
    owners = {name: name.partition(".")[0] for name in volumes if "." in name and not name.startswith(CACHED)}
    rows = unit.instances.where(id=sorted(set(owners.values())))
    gone = {row.id for row in rows if row.removed or (fenced and fenced not in row.hosts)}
    return [name for name, owner in owners.items() if owner in gone and name.startswith(own_prefix(owner))]
