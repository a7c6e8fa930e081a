"""One follower of the journal for all listeners of the live stream, and what else is told once a second.

Each batch is read and encoded once and handed to every listener's queue. Somebody who names topics gets these only;
what no journal tells (loads, sums) goes to nobody else. The trap: a listener that does not read must cost nothing but
its bound; when its queue is full it is told `gap` and let go, and fetches everything anew.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet

from app.domain.errors import CloudError, Unavailable
from app.domain.ports import Clock, Store, Unit
from app.server.frames import Batch, Topics, beat, read_batch

log = logging.getLogger(__name__)

PAGE = 500
MOST_PENDING = 64
MOST_LISTENERS = 512
HEARTBEAT_S = 5.0
RETRY_S = 1.0
TELL_S = 1.0


class Teller(Protocol):
    """Somebody with a topic of their own. Frames are asked for only while somebody listens to it."""

    async def whole(self) -> bytes:
        """Return what a listener that has just come needs."""
        ...

    async def news(self) -> bytes:
        """Return what is new since the last time, empty if nothing is; asked once a second."""
        ...


class _Listener:
    """A bounded queue of frames; `overflowed` once somebody offered more than it takes."""

    def __init__(self, most: int, topics: Topics) -> None:
        self._pending: deque[Batch | bytes] = deque()
        self._most, self._wake = most, asyncio.Event()
        self.topics = topics
        self.overflowed = False
        self.closed = False

    def offer(self, item: Batch | bytes) -> None:
        if len(self._pending) >= self._most:
            self.overflowed = True
            self._pending.clear()
        elif not self.overflowed:
            self._pending.append(item)
        self._wake.set()

    def close(self) -> None:
        self.closed = True
        self._wake.set()

    async def next(self) -> Batch | bytes | None:
        """Return the next item, or None at the end: closed, or overflowed."""
        while not self._pending and not self.closed and not self.overflowed:
            self._wake.clear()
            await self._wake.wait()
        return self._pending.popleft() if self._pending and not self.closed else None


class Feed:
    """Follows the journal while `run` runs; `listen` gives one listener's stream."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tellers: Mapping[str, Teller] | None = None,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        most: int = MOST_PENDING,
        most_listeners: int = MOST_LISTENERS,
    ) -> None:
        self._store, self._clock, self._heartbeat_s, self._most = store, clock, heartbeat_s, most
        self._most_listeners = most_listeners
        self._tellers = tellers or {}
        self._wholes: dict[str, tuple[float, bytes]] = {}
        self._listeners: set[_Listener] = set()
        self._streams: WeakSet[_Listener] = WeakSet()  # also of those let go, until their connection ends
        self._at = 0
        self._closed = False
        self._started = asyncio.Event()
        self._catching_up = asyncio.Lock()

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def run(self) -> None:
        """Follow until cancelled."""
        self._started.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._beat())
            group.create_task(self._tell())

    def close(self) -> None:
        """End every listener's stream, now and in future: the server is about to stop."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    async def join(self, after: int | None, topics: Topics = None) -> AsyncIterator[bytes]:
        """Return the frames from the cursor `after` on (None: from now), without gap and without double events.

        With `topics` only those kinds, besides heartbeat and gap; without, all that the journal tells. They end after
        a `gap` frame, which says that not everything since `after` can be told. Unavailable if there are too many
        listeners, or none is taken any more.
        """
        await self._started.wait()
        async with self._catching_up:
            if not self._listeners:
                self._at = await self._store.read(lambda unit: unit.cursor())
            if len(self._streams) >= self._most_listeners or self._closed:
                raise Unavailable("live stream", "it takes no more listeners at the moment")
            listener = _Listener(self._most, topics)
            self._listeners.add(listener)
            self._streams.add(listener)
            return self._listen(listener, self._at, after)

    async def _listen(self, listener: _Listener, joined_at: int, after: int | None) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._told(listener, joined_at, after):
                yield chunk
        finally:
            self._listeners.discard(listener)

    async def _told(self, listener: _Listener, joined_at: int, after: int | None) -> AsyncIterator[bytes]:
        seen = joined_at if after is None else after
        if not await self._store.read(lambda unit: _kept(unit, seen)):
            yield beat("gap", self._at, self._clock.now_ms())
            return
        yield beat("heartbeat", seen, self._clock.now_ms())
        while seen < joined_at:
            batch = await self._store.read(lambda unit, at=seen: read_batch(unit, at, PAGE, joined_at))  # type: ignore[misc]
            if batch is None:
                break
            if batch.restored:
                yield beat("gap", self._at, self._clock.now_ms())
                return
            yield batch.after(seen, listener.topics)
            seen = batch.last
        for topic in self._tellers.keys() & (listener.topics or ()):
            yield await self._whole(topic)
        async for chunk in self._live(listener, seen):
            yield chunk

    async def _live(self, listener: _Listener, seen: int) -> AsyncIterator[bytes]:
        while (item := await listener.next()) is not None:
            if isinstance(item, bytes):
                yield item
            elif item.restored:
                yield beat("gap", self._at, self._clock.now_ms())
                return
            elif chunk := item.after(seen, listener.topics):
                seen = item.last
                yield chunk
        if listener.overflowed:
            yield beat("gap", self._at, self._clock.now_ms())

    async def _follow(self) -> None:
        while True:
            changes = self._store.changes()  # before the first look, so that no commit falls in between
            try:
                await self._catch_up()
                async for _ in changes:
                    await self._catch_up()
            except Exception:
                log.exception("the live stream could not read the journal")
            await asyncio.sleep(RETRY_S)

    async def _catch_up(self) -> None:
        if not self._listeners:  # the first one to come counts from the end
            return
        async with self._catching_up:
            while batch := await self._store.read(lambda unit: read_batch(unit, self._at, PAGE)):
                self._at = batch.last
                self._offer(batch)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            with suppress(CloudError):  # the follower logs and tries again
                await self._catch_up()
            self._offer(beat("heartbeat", self._at, self._clock.now_ms()))

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_S)
            for topic, teller in self._tellers.items():
                listeners = [one for one in self._listeners if one.topics is not None and topic in one.topics]
                try:
                    news = await teller.news() if listeners else b""
                except Exception:
                    log.exception("a topic of the live stream could not be told", extra={"fields": {"topic": topic}})
                    continue
                if news:
                    self._wholes.pop(topic, None)
                    self._offer(news, listeners)

    async def _whole(self, topic: str) -> bytes:
        """Return what newcomers get; many that come at once, as after a restart, get the same."""
        at_s, made = self._wholes.get(topic, (-TELL_S, b""))
        now_s = self._clock.monotonic_s()
        if now_s - at_s >= TELL_S:
            made = await self._tellers[topic].whole()
            self._wholes[topic] = (now_s, made)
        return made

    def _offer(self, item: Batch | bytes, listeners: Iterable[_Listener] | None = None) -> None:
        for listener in tuple(self._listeners if listeners is None else listeners):
            listener.offer(item)
            if listener.overflowed:
                self._listeners.discard(listener)


def _kept(unit: Unit, seen: int) -> bool:
    newest, oldest = unit.cursor(), unit.oldest_cursor()
    if seen > newest or seen < 0:
        return False
    return seen == newest or (oldest > 0 and seen >= oldest - 1)
