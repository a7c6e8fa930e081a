"""The port `Store` on one moment of the past: everybody reads it, nobody changes it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from typing import NoReturn, TypeVar

from app.domain.errors import Forbidden
from app.domain.ports import Clock, Unit
from app.domain.rows import Writer
from app.store.moment import Moment
from app.store.reading import snapshot

Answer = TypeVar("Answer")


class PastStore:
    """Reads a moment, one after the other; its memory is free once nobody has it any more."""

    def __init__(self, moment: Moment, clock: Clock, threads: Executor) -> None:
        """`clock` stands at the moment."""
        self._moment, self._clock, self._threads, self._gate = moment, clock, threads, threading.Lock()

    async def read(self, work: Callable[[Unit], Answer]) -> Answer:
        return await asyncio.wrap_future(self._threads.submit(self.glance, work))

    def glance(self, work: Callable[[Unit], Answer]) -> Answer:
        with self._gate:
            return snapshot(self._moment.connection, self._clock, work)

    async def write(self, work: Callable[[Unit], Answer], writer: Writer = "services") -> Answer:
        self._refuse()

    def version(self, *entities: type) -> int:
        return 0

    def changes(self) -> AsyncIterator[int]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Forbidden("Changing the past")
