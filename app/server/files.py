"""Streamed uploads into the image library: as many bytes as come, none of them kept in memory.

The library blocks on the disk, so it runs on threads of its own and fetches each piece from the event loop: a slow
disk slows the client down, and slow clients hold up nobody else.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

from app.domain.errors import Absent, Unavailable
from app.domain.files import ImageFiles

PIECE_BYTES = 1 << 20
MOST_UPLOADS = 8


class Uploads:
    """Up to MOST_UPLOADS at a time; more are refused."""

    def __init__(self, images: ImageFiles) -> None:
        self._images = images
        self._threads = ThreadPoolExecutor(MOST_UPLOADS, thread_name_prefix="upload")
        self._running = 0

    async def add(self, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Store a stream; return SHA-256 and size in bytes. Absent if it is empty, Unavailable if too many run."""
        if self._running >= MOST_UPLOADS:
            raise Unavailable("image library", f"{MOST_UPLOADS} uploads are under way; try again later")
        self._running += 1
        try:
            return await self._add(_pieces(chunks))
        finally:
            self._running -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _add(self, pieces: AsyncIterator[bytes]) -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        first = await anext(pieces, b"")
        if not first:
            raise Absent("body")

        async def fetch() -> bytes:
            return await anext(pieces, b"")

        def read() -> Iterator[bytes]:
            yield first
            while piece := asyncio.run_coroutine_threadsafe(fetch(), loop).result():
                yield piece

        return await loop.run_in_executor(self._threads, lambda: self._images.add(read()))


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Gather small chunks, since handing each to a thread costs more than storing it."""
    gathered = bytearray()
    async for chunk in chunks:
        gathered += chunk
        if len(gathered) >= PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)
