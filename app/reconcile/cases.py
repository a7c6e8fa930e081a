"""Rows that one look at an instance needs, read together; looks that begin at the same time share one read.

A thousand instances that start at once would otherwise mean thousands of small reads. A few rows are read on the event
loop itself: handing them over between threads costs more.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.image import Image
from app.domain.instance import Instance
from app.domain.ports import Store, Unit

AT_A_GLANCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An instance with the rows of its images; an image that is no longer registered is None."""

    instance: Instance
    image: Image | None
    kernel: Image | None
    ramdisk: Image | None

    @property
    def images(self) -> tuple[tuple[str, Image | None], ...]:
        """List the ids it boots from, each with its row."""
        it = self.instance
        pairs = ((it.image_id, self.image), (it.kernel_id, self.kernel), (it.ramdisk_id, self.ramdisk))
        return tuple((name, image) for name, image in pairs if name)


def load(unit: Unit, instances: Iterable[Instance]) -> dict[str, Case]:
    """Join instances with their images, by instance id."""
    rows = list(instances)
    wanted = {name for row in rows for name in (row.image_id, row.kernel_id, row.ramdisk_id) if name}
    images: Mapping[str, Image] = {image.id: image for image in unit.images.where(id=sorted(wanted))} if wanted else {}
    return {
        row.id: Case(
            instance=row,
            image=images.get(row.image_id),
            kernel=images.get(row.kernel_id),
            ramdisk=images.get(row.ramdisk_id),
        )
        for row in rows
    }


class CaseReader:
    """Collects the ids that are asked for within one turn of the event loop and reads them in one go."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[str, asyncio.Future[Case | None]] = {}
        self._reads: set[asyncio.Task[None]] = set()

    async def get(self, instance_id: str) -> Case | None:
        """Read an instance as it is now (or a moment later); None if there is no such row."""
        answer = self._asked.get(instance_id)
        if answer is None:
            loop = asyncio.get_running_loop()
            if not self._asked:
                loop.call_soon(self._read_soon)
            answer = self._asked[instance_id] = loop.create_future()
        return await asyncio.shield(answer)

    async def _look_up(self, instance_ids: list[str]) -> dict[str, Case]:
        def work(unit: Unit) -> dict[str, Case]:
            return load(unit, unit.instances.where(id=instance_ids))

        return self._store.glance(work) if len(instance_ids) <= AT_A_GLANCE else await self._store.read(work)

    def _read_soon(self) -> None:
        asked, self._asked = self._asked, {}
        task = asyncio.get_running_loop().create_task(self._read(asked))
        self._reads.add(task)
        task.add_done_callback(self._reads.discard)

    async def _read(self, asked: dict[str, asyncio.Future[Case | None]]) -> None:
        try:
            found = await self._look_up(sorted(asked))
        except Exception as error:
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()
            return
        for instance_id, answer in asked.items():
            answer.set_result(found.get(instance_id))
