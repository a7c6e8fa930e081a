"""The port `Store` on one SQLite file in WAL mode: one writer with group commit, a few readers on snapshots.

A caller that is cancelled while it waits leaves nothing half done: its work has not begun and never runs, or it is
committed whole.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Final, Protocol, Self, TypeVar

from app.domain.ports import Clock, Unit
from app.domain.rows import Writer
from app.store.audit import BrokenLink
from app.store.changes import Changes
from app.store.connection import connect, prepare, still_there
from app.store.reading import Readers
from app.store.unit import Transaction
from app.store.writing import Job, WriterThread

Answer = TypeVar("Answer")
BUSY_TIMEOUT_S: Final = 5.0
PRUNED_AT_ONCE: Final = 2000


class Writing(Protocol):
    """Where jobs are written; `close` finishes what is queued and blocks."""

    def submit(self, job: Job) -> None: ...

    def close(self) -> None: ...


class Reading(Protocol):
    """Where work reads; `close` finishes what is queued and blocks."""

    def submit(self, work: Callable[[Transaction], Answer]) -> "Future[Answer]": ...

    def at_once(self, work: Callable[[Transaction], Answer]) -> Answer: ...

    def close(self) -> None: ...


class Database:
    """The cloud's state; make it with `open`."""

    def __init__(self, writer: Writing, readers: Reading, changes: Changes) -> None:
        self._writer, self._readers, self._changes = writer, readers, changes

    @classmethod
    def open(
        cls, path: Path, *, clock: Clock, read_threads: int = 2, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> "Database":
        """Open or create the file (0600, its directory 0700) and migrate it; Broken if it is not ours or too new."""
        prepare(path, busy_timeout_s)
        changes = Changes()
        patient, hasty = (partial(connect, path, wait_s, query_only=True) for wait_s in (busy_timeout_s, 0.0))
        readers = Readers(patient, hasty, clock, read_threads)
        return cls(
            WriterThread(partial(connect, path, busy_timeout_s), clock, changes, still_there(path)),
            readers,
            changes,
        )

    async def write(self, work: Callable[[Unit], Answer], writer: Writer = "services") -> Answer:
        """Run `work` in a transaction; return its answer, or raise its exception, once the group is durable.

        Unavailable: the disk is full or another program holds the lock. `work` runs on the writer's thread.
        """
        job = Job(work=work, writer=writer)
        self._writer.submit(job)
        answer: Answer = await asyncio.wrap_future(job.future)
        return answer

    async def read(self, work: Callable[[Unit], Answer]) -> Answer:
        """Run `work` on a snapshot, on a reader's thread; its writes raise ValueError."""
        return await asyncio.wrap_future(self._readers.submit(work))

    def glance(self, work: Callable[[Unit], Answer]) -> Answer:
        """Run `work` on a snapshot on the caller's thread: handing a few rows over between threads costs more.

        One thread only may glance. It never waits: Unavailable if another program keeps readers out.
        """
        return self._readers.at_once(work)

    def version(self, *entities: type) -> int:
        """Return a number that grows with every commit that changed one of these kinds, before anybody is answered."""
        return self._changes.counted(entities)

    def changes(self) -> AsyncIterator[int]:
        """Follow commits from now on: the newest cursor after each that journalled; ends when the store closes."""
        return self._changes.listen()

    async def prune_journal(self, before_ms: int) -> int:
        """Delete journal entries older than `before_ms`, a portion a transaction; return how many."""
        pruned = 0
        while portion := await self._write_own(lambda unit: unit.prune_journal(before_ms, PRUNED_AT_ONCE)):
            pruned += portion
        return pruned

    async def verify_audit(self) -> BrokenLink | None:
        """Walk the audit's chain; return its first broken link."""
        return await asyncio.wrap_future(self._readers.submit(lambda unit: unit.verify_audit()))

    async def close(self) -> None:
        """Finish queued work, end listeners, threads and connections; closing twice is no error."""
        await asyncio.to_thread(self._writer.close)
        self._changes.close()
        await asyncio.to_thread(self._readers.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _write_own(self, work: Callable[[Transaction], Answer]) -> Answer:
        job = Job(work=work, writer="services")
        self._writer.submit(job)
        answer: Answer = await asyncio.wrap_future(job.future)
        return answer
