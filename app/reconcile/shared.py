"""One call to a host shared by everybody who asks for the same at the same time.

Who asks while a call runs gets the answer of the next one, so that every answer was formed after the question.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class SharedCall(Generic[Answer]):
    def __init__(self, call: Callable[[], Awaitable[Answer]]) -> None:
        self._call = call
        self._running: asyncio.Task[Answer] | None = None
        self._next: asyncio.Task[Answer] | None = None

    async def get(self) -> Answer:
        """Wait for a call that begins after now."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._after(self._running))
            self._next.add_done_callback(_retrieve)
        return await asyncio.shield(self._next)

    async def _after(self, running: asyncio.Task[Answer] | None) -> Answer:
        if running is not None and not running.done():
            await asyncio.wait({running})
        self._running, self._next = self._next, None
        return await self._call()

    def cancel(self) -> None:
        """End what is under way; who waits is cancelled too."""
        for task in (self._running, self._next):
            if task is not None:
                task.cancel()


def _retrieve(task: asyncio.Task[Answer]) -> None:
    if not task.cancelled():
        task.exception()
