"""The past of a running cloud: keyframes are kept beside it, and moments of it are made when somebody asks.

A moment takes a while to make and some memory, so the last few are kept, and one is made at a time, on threads that
nothing else waits for: whoever asks for the same meanwhile gets the same. The trap: before the first look after a start
nobody knows whether what is kept belongs to this journal, so until then everybody waits.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from app.domain.errors import CloudError, NotShown, Unavailable
from app.domain.ports import Clock
from app.server.cloud import Cloud
from app.server.standing import settled, standing
from app.store.moment import Moment
from app.store.past import Past, spelled

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)
LOOK_EVERY_S = 60.0
MOST_KEPT = 4
THREADS = 2
PATIENCE_S = 5.0


class Replays:
    """Lives as long as the server (the port Replay)."""

    def __init__(self, past: Past, clock: Clock, patience_s: float = PATIENCE_S) -> None:
        self._past, self._clock, self._patience_s = past, clock, patience_s
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="past")
        self._looked = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._kept: dict[int, tuple[Moment, Cloud]] = {}

    async def run(self) -> None:
        """Look after keyframes until cancelled; then nothing holds the cloud's file any more."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
            while self._kept:
                self._kept.popitem()[1][0].close()

    async def span(self) -> tuple[int, int]:
        await self._ready()
        return await self._in_thread(self._past.oldest_ms), self._clock.now_ms()

    async def at(self, cloud: Cloud, at_ms: int) -> Cloud:
        await self._ready()
        if at_ms > (now_ms := self._clock.now_ms()):
            raise NotShown(spelled(at_ms), f"it is {spelled(now_ms)} now")
        return await asyncio.shield(self._shown(cloud, at_ms))  # who has gone meanwhile will soon ask again

    async def _ready(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._looked.wait()
        except TimeoutError:
            raise Unavailable("replay", "what is kept of the past could not be looked at yet") from None

    async def _look(self) -> None:
        try:
            await self._in_thread(partial(self._past.tend, self._clock.now_ms()))
            self._looked.set()
        except CloudError as error:
            log.warning("the past could not be kept", extra={"fields": {"error": str(error)}})

    async def _shown(self, cloud: Cloud, at_ms: int) -> Cloud:
        async with self._one_at_a_time:
            found = self._kept.pop(at_ms, None) or await self._made(cloud, at_ms)
            self._kept[at_ms] = found
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return found[1]

    async def _made(self, cloud: Cloud, at_ms: int) -> tuple[Moment, Cloud]:
        known = [moment for moment, _ in self._kept.values()]
        moment = await self._in_thread(partial(self._past.moment, at_ms, known, settled))
        return moment, await standing(cloud, moment, self._threads)

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.wrap_future(self._threads.submit(work))
