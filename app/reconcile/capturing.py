"""Read the disks of stopped instances into the image library, for the images that wait for their bytes.

Nothing is remembered but how often a host did not answer in time: what is pending is read from the store at every
pass, so a kill costs one download. The trap: whether the instance stayed off is asked again, in the transaction that
makes the image available.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import Broken, CloudError, Lost, Missing, Unavailable
from app.domain.files import ImageFiles
from app.domain.host import Host
from app.domain.image import Image
from app.domain.instance import Instance
from app.domain.ports import NOT_SUPPORTED, Hypervisors, Store, Unit
from app.domain.states import ImageState, Seen
from app.reconcile.diff import ROOT
from app.reconcile.limits import Limits
from app.reconcile.outcomes import Outcomes

log = logging.getLogger(__name__)
RETRY_S = 5.0
PIECE_BYTES = 1 << 20
FAILED, ENDED = "Server.InternalError", "Client.InstanceTerminated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A pending image, with what its bytes come from; `source` is the image that the instance was made of."""

    image: Image
    instance: Instance | None
    host: Host | None
    source: Image | None

    @property
    def ready(self) -> bool:
        """Tell whether something can be done: the disk be read, or the image be ended."""
        instance = self.instance
        return instance is None or not instance.to_be_off or instance.seen is Seen.NOTHING


class Capturer:
    """The loop's hold on pending images."""

    def __init__(
        self, store: Store, hypervisors: Hypervisors, images: ImageFiles, outcomes: Outcomes, limits: Limits
    ) -> None:
        self._store, self._hypervisors, self._images = store, hypervisors, images
        self._outcomes, self._limits = outcomes, limits
        self._poked = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(limits.uploads)
        self._late: Counter[str] = Counter()
        self.waits = False
        """Whether an image waits for its instance to be off."""

    def poke(self) -> None:
        """Look again soon: an image was asked for."""
        self._poked.set()

    async def run(self) -> None:
        """Look after pending images until cancelled."""
        try:
            while True:
                self._poked.clear()
                with suppress(CloudError):  # the store can not be read just now
                    cases = await self._store.read(pending)
                    self.waits = not all(case.ready for case in cases)
                    for case in cases:
                        if case.ready:
                            self._begin(case)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.resync_s):
                        await self._poked.wait()
        finally:
            for task in self._tasks.values():
                task.cancel()

    def _begin(self, case: Capture) -> None:
        image_id = case.image.id
        if image_id not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._capture(case), name=f"read {image_id}")
            self._tasks[image_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(image_id, None))

    async def _capture(self, case: Capture) -> None:
        """Read the disk and tell services; who does not answer is asked again, for ever if the host is lost."""
        image_id = case.image.id
        try:
            async with self._slots:
                sha256, size_bytes = await self._bytes(case)
            await self._tell(lambda unit: self._outcomes.image_captured(unit, image_id, sha256, size_bytes))
            self._late.pop(image_id, None)
        except Unavailable as error:
            self._late[image_id] += not isinstance(error, Lost)
            if self._late[image_id] >= self._limits.attempts:
                await self._fail(image_id, error)
                return
            asyncio.get_running_loop().call_later(min(RETRY_S, self._limits.resync_s), self.poke)
        except CloudError as error:
            await self._fail(image_id, error)
        except Exception as error:
            log.exception("reading a disk failed", extra={"fields": {"image": image_id}})
            await self._fail(image_id, error)

    async def _fail(self, image_id: str, error: Exception) -> None:
        log.warning("an image can not be made", extra={"fields": {"image": image_id, "error": str(error)}})
        self._late.pop(image_id, None)
        ended = isinstance(error, Missing)
        code, reason = (ENDED, str(error)) if ended else (FAILED, "The disk of the instance could not be read")
        await self._tell(lambda unit: self._outcomes.image_failed(unit, image_id, code, reason))

    async def _tell(self, what: Callable[[Unit], None]) -> None:
        await self._store.write(what, writer="services")

    async def _bytes(self, case: Capture) -> tuple[str, int]:
        """Return the digest and the size of what is on the disk, once it is in the library."""
        instance, host = case.instance, case.host
        if instance is None or host is None or not instance.to_be_off:
            raise Missing("instance", case.image.source_instance_id)
        with self._images.spool() as file:
            answer = await self._hypervisors.host(host.name).download(instance.id + ROOT, file)
            if answer is not NOT_SUPPORTED:
                return await asyncio.to_thread(self._images.add, _pieces(file))
        if host.rehearsal and case.source is not None and case.source.sha256:
            return case.source.sha256, case.source.size_bytes  # no guest ever wrote to it
        raise Broken(host.name, "its hypervisor does not give disks back")


def pending(unit: Unit) -> list[Capture]:
    """List the images that wait for their bytes."""
    found = []
    for image in unit.images.where(state=ImageState.PENDING):
        instance = unit.instances.get(image.source_instance_id)
        host = unit.hosts.get(instance.host) if instance else None
        source = unit.images.get(instance.image_id) if instance else None
        found.append(Capture(image=image, instance=instance, host=host, source=source))
    return found


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            yield piece
