"""What was committed: how often each kind of row, and waking those who follow the journal.

Each listener holds the newest cursor only, so a slow one skips some.

Commits happen on the writer's thread, listeners wait on event loops. A listener counts from the call of
`listen`, not from its first wait, so that no commit between the two is missed; it is forgotten with its last
reference.
"""

import asyncio
import threading
import weakref
from collections import Counter
from collections.abc import Iterable
from typing import Self

_END = -1


class Listener:
    """An asynchronous iterator over newest cursors; one task at a time may wait on it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._newest = 0
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await self._news.wait()
        newest, self._newest = self._newest, 0
        if not self._ended:
            self._news.clear()
        if newest == 0:
            raise StopAsyncIteration
        return newest

    def tell(self, cursor: int) -> None:
        """Hand over a cursor from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._take, cursor)
        except RuntimeError:  # the loop is closed: nobody waits there any more
            self._ended = True

    def _take(self, cursor: int) -> None:
        if cursor == _END:
            self._ended = True
        else:
            self._newest = max(self._newest, cursor)
        self._news.set()


class Changes:
    """Counts and all listeners of a store."""

    def __init__(self) -> None:
        self._listeners: weakref.WeakSet[Listener] = weakref.WeakSet()
        self._counts: Counter[type] = Counter()
        self._gate = threading.Lock()
        self._closed = False

    def listen(self) -> Listener:
        listener = Listener()
        with self._gate:
            self._listeners.add(listener)
            closed = self._closed
        if closed:
            listener.tell(_END)
        return listener

    def count(self, entities: Iterable[type]) -> None:
        """Note a commit that changed rows of these kinds; one thread only counts."""
        self._counts.update(entities)

    def counted(self, entities: Iterable[type]) -> int:
        return sum(self._counts[entity] for entity in entities)

    def tell(self, cursor: int) -> None:
        with self._gate:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.tell(cursor)

    def close(self) -> None:
        """End every listener once it has seen what it was told."""
        with self._gate:
            self._closed = True
        self.tell(_END)
