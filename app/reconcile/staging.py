"""Have images on hosts: each uploaded once a host, whoever waits for it; old ones go when the cache is full.

An upload takes minutes, so nobody waits here: `stage` starts it, answers False, and calls `wake` for every
instance that asked once it is over. The trap: an instance's root disk under Xen is a copy of the image made
the same way; it must never be uploaded over, so it is looked for afresh before.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import Broken, CloudError, Missing
from app.domain.files import PARTIAL, ImageFiles
from app.domain.ports import NOT_SUPPORTED, Clock, Hypervisor, Hypervisors
from app.reconcile.disks import CACHED, MIB, Need
from app.reconcile.limits import Limits
from app.reconcile.observe import Observer

log = logging.getLogger(__name__)
InUse = Callable[[str], Awaitable[set[str]]]
Wake = Callable[[str, str], None]


class Spoilt(CloudError):
    """The server's own file of an image can not be used; `why` is for a user."""

    def __init__(self, sha256: str, why: str) -> None:
        super().__init__(f"the file {sha256} {why}")
        self.sha256, self.why = sha256, why


@dataclass(slots=True)
class _Cached:
    capacity_bytes: int
    size_bytes: int
    used_s: float

    def holds(self, need: Need) -> bool:
        """Tell whether this can be it: of a shared volume every host has the whole image or none of it."""
        return not need.shared or self.capacity_bytes == need.size_bytes


@dataclass(slots=True, eq=False)
class _Upload:
    task: asyncio.Task[None]
    waiters: dict[str, None] = field(default_factory=dict)


class Staging:
    """`in_use(host)` names the cached volumes that instances there boot from or build on; `wake(instance, host)`."""

    def __init__(
        self, hypervisors: Hypervisors, images: ImageFiles, observer: Observer, clock: Clock, limits: Limits
    ) -> None:
        self._hypervisors, self._images, self._observer = hypervisors, images, observer
        self._clock, self._limits = clock, limits
        self._cached: dict[str, dict[str, _Cached]] = {}
        self._uploads: dict[tuple[str, str], _Upload] = {}
        self._failed: dict[str, CloudError] = {}
        self._slots = asyncio.Semaphore(limits.uploads)
        self._in_use: InUse = _nothing
        self._wake: Wake = lambda instance_id, host: None

    def connect(self, in_use: InUse, wake: Wake) -> None:
        self._in_use, self._wake = in_use, wake

    async def stage(self, host: str, instance_id: str, needs: Iterable[Need]) -> bool:
        """Return True if all is there; else start what is missing. Raises what an upload asked for before died of."""
        failure = self._failed.pop(instance_id, None)
        if failure is not None:
            raise failure
        ready = True
        for need in needs:
            ready = await self._has(host, instance_id, need) and ready
        return ready

    def forget(self, host: str) -> None:
        """List the host's cache again before it is relied upon."""
        self._cached.pop(host, None)

    def drop(self, instance_id: str) -> None:
        """The instance is over: nobody will ask what its upload died of."""
        self._failed.pop(instance_id, None)

    async def close(self) -> None:
        tasks = [upload.task for upload in self._uploads.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)

    async def _has(self, host: str, instance_id: str, need: Need) -> bool:
        key = (host, need.volume)
        if key not in self._uploads:
            cached = self._cached.get(host)
            if cached is None or not need.shared:
                cached = await self._list(host)
            if need.volume in cached and cached[need.volume].holds(need):
                cached[need.volume].used_s = self._clock.monotonic_s()
                return True
        upload = self._uploads.get(key)
        if upload is None:
            task = asyncio.get_running_loop().create_task(self._upload(host, need))
            upload = self._uploads[key] = _Upload(task)
            task.add_done_callback(lambda done: self._over(key, done))
        upload.waiters[instance_id] = None
        return False

    async def _list(self, host: str) -> dict[str, _Cached]:
        known = self._cached.get(host, {})
        listed = {
            volume.name: _Cached(volume.capacity_bytes, max(volume.capacity_bytes, volume.allocation_bytes), 0.0)
            for volume in await self._observer.volumes(host)
            if not volume.name.endswith(PARTIAL)
        }
        for name in listed.keys() & known.keys():
            listed[name].used_s = known[name].used_s
        self._cached[host] = listed
        return listed

    async def _upload(self, host: str, need: Need) -> None:
        async with self._slots:
            source = await self._source(need)
            if need.shared:
                await self._make_room(host, need)
            hypervisor = self._hypervisors.host(host)
            await fill(hypervisor, need.volume, source, need.sha256, need.size_bytes)
            entry = _Cached(need.size_bytes, need.size_bytes, self._clock.monotonic_s())
            self._cached.setdefault(host, {})[need.volume] = entry

    async def _source(self, need: Need) -> Path:
        """Read the server's copy whole before a host gets it: what is wrong here is no host's fault."""
        try:
            return await asyncio.to_thread(self._images.checked, need.sha256)
        except Missing as error:
            raise Spoilt(need.sha256, "is gone") from error
        except Broken as error:
            log.error("an image file is damaged", extra={"fields": {"error": str(error)}})
            raise Spoilt(need.sha256, "is damaged") from error

    async def _make_room(self, host: str, need: Need) -> None:
        """Delete the longest unused images until the new one fits; if all are in use the limit is passed."""
        cached = {name: entry for name, entry in (await self._list(host)).items() if name.startswith(CACHED)}
        over = sum(entry.size_bytes for entry in cached.values()) + need.size_bytes - self._limits.cache_mib * MIB
        if over <= 0:
            return
        keep = await self._in_use(host)
        being_made = {volume for place, volume in self._uploads if place == host}
        for name in sorted(cached.keys() - keep - being_made, key=lambda name: (cached[name].used_s, name)):
            if over <= 0:
                return
            self._cached[host].pop(name, None)
            await evict(self._hypervisors.host(host), name)
            over -= cached[name].size_bytes

    def _over(self, key: tuple[str, str], done: asyncio.Task[None]) -> None:
        host, volume = key
        upload = self._uploads.pop(key)
        if done.cancelled():
            return
        error = done.exception()
        if error is not None and not isinstance(error, CloudError):
            log.error("an upload failed", exc_info=error, extra={"fields": {"host": host, "volume": volume}})
            error = Broken(host, f"the upload of {volume} failed ({type(error).__name__})")
        for instance_id in upload.waiters:
            if error is not None:
                self._failed[instance_id] = error
            self._wake(instance_id, host)


async def evict(hypervisor: Hypervisor, volume: str) -> None:
    """Delete a cached image, marked as not whole first: a host may carry that out long after nobody waits for it."""
    await hypervisor.create_volume(volume.removesuffix(PARTIAL) + PARTIAL, 0, "raw")
    await hypervisor.delete_volume(volume)


async def fill(hypervisor: Hypervisor, volume: str, source: Path, sha256: str, size_bytes: int) -> None:
    """Put a file into a host's pool; a host that takes no bytes gets an empty volume of the size."""
    if await hypervisor.upload(volume, source, sha256) is NOT_SUPPORTED:
        await hypervisor.create_volume(volume, size_bytes, "raw")


async def _nothing(host: str) -> set[str]:
    return set()
