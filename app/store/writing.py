"""The one writer: a thread that runs queued work in groups and commits each group once.

Work of a group runs in savepoints, so that one failure undoes its own changes only. The first needs none, for undoing
it is undoing all there is, and a savepoint costs a copy of every page that is changed within it. Nobody gets an answer,
not even a refusal, before the commit: what the work saw of its forerunners in the group must be durable first. If the
commit fails, all of the group fail.
"""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from app.domain.errors import Broken, Unavailable
from app.domain.ports import Clock
from app.domain.rows import Writer
from app.store.changes import Changes
from app.store.faults import told, translated
from app.store.session import Session
from app.store.unit import Transaction

log = logging.getLogger(__name__)
MOST_IN_GROUP: Final = 64


@dataclass(slots=True, kw_only=True)
class Job:
    """Work that waits for its turn, then what to tell its caller once the group is durable."""

    work: Callable[[Transaction], Any]
    writer: Writer
    future: "Future[Any]" = field(default_factory=Future)
    answer: Any = None
    error: BaseException | None = None
    changed: set[type] = field(default_factory=set)

    def tell(self) -> None:
        if self.error is None:
            self.future.set_result(self.answer)
        else:
            self.future.set_exception(self.error)


Jobs = queue.SimpleQueue[Job | None]


class Group:
    """The jobs of one commit: those that wait already and, up to a bound, those that come while it runs."""

    def __init__(self, waiting: Jobs, first: Job) -> None:
        self._waiting = waiting
        self.jobs: list[Job] = []
        self.last = False
        self._take(first)
        self._drain()

    def __iter__(self) -> Iterator[Job]:
        done = 0
        while done < len(self.jobs):
            yield self.jobs[done]
            done += 1
            self._drain()

    def _drain(self) -> None:
        while len(self.jobs) < MOST_IN_GROUP and not self.last:
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                return
            self.last = job is None
            if job is not None:
                self._take(job)

    def _take(self, job: Job) -> None:
        if job.future.set_running_or_notify_cancel():
            self.jobs.append(job)


def _anywhere() -> None:
    """A database that is no file can not be moved."""


class Commits:
    """Runs groups on the writing connection; `changes` is told of each.

    `in_place` raises if what is written now would not be found again.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        clock: Clock,
        changes: Changes,
        in_place: Callable[[], None] = _anywhere,
    ) -> None:
        self._connect, self._clock, self._changes, self._in_place = connect, clock, changes, in_place
        self._connection: sqlite3.Connection | None = connect()

    def serve(self, group: Group) -> bool:
        """Commit one group and tell its callers; return True if it was the last."""
        try:
            newest = self._commit(group) if group.jobs else 0
        except Exception as error:
            self._fail(group, error)
            return group.last
        self._count(group)
        for job in group.jobs:
            job.tell()
        if newest:
            self._changes.tell(newest)
        return group.last

    def _commit(self, group: Group) -> int:
        connection = self._connection = self._connection or self._connect()
        self._begin(connection)
        newest = max([self._attempt(connection, job, first=job is group.jobs[0]) for job in group])
        connection.execute("COMMIT")
        return newest

    def _begin(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        self._in_place()

    def _attempt(self, connection: sqlite3.Connection, job: Job, *, first: bool) -> int:
        """Run one job; return the newest cursor it wrote. Raises only if the whole group is lost."""
        if not first:
            connection.execute("SAVEPOINT job")
        session = Session(connection, writable=True)
        written = 0
        try:
            unit = Transaction(session, job.writer, self._clock.now_ms())
            job.changed = unit.changed
            job.answer = job.work(unit)
            written = unit.written
        except BaseException as error:
            job.error = told(error)
        finally:
            session.end()
        if not connection.in_transaction:
            raise job.error if isinstance(job.error, Unavailable | Broken) else session.undone()
        if job.error is not None:
            self._undo_one(connection, first=first)
        if not first:
            connection.execute("RELEASE job")
        return written

    def _undo_one(self, connection: sqlite3.Connection, *, first: bool) -> None:
        if first:
            connection.execute("ROLLBACK")
            self._begin(connection)
        else:
            connection.execute("ROLLBACK TO job")

    def _fail(self, group: Group, error: Exception) -> None:
        """Tell every caller of the group, each by an exception of its own, since tracebacks grow on it."""
        log.error(
            "a group of changes was not committed", extra={"fields": {"jobs": len(group.jobs), "error": str(error)}}
        )
        self._undo()
        self._count(group)  # nobody knows whether a commit that failed came to be
        for job in group.jobs:
            job.error = _failure(error)
            job.tell()

    def _count(self, group: Group) -> None:
        self._changes.count(set().union(*(job.changed for job in group.jobs)))

    def _undo(self) -> None:
        """Undo what is left of the transaction; where even that fails the next group opens a new connection."""
        connection = self._connection
        try:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._connection = None
            if connection is not None:
                connection.close()


class WriterThread(Commits):
    """Owns the writing connection and the thread that works on it."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        clock: Clock,
        changes: Changes,
        in_place: Callable[[], None] = _anywhere,
    ) -> None:
        super().__init__(connect, clock, changes, in_place)
        self._waiting: Jobs = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue work; Unavailable once the store is closed."""
        with self._gate:
            if self._closed:
                raise Unavailable("store", "it is closed")
            self._waiting.put(job)

    def close(self) -> None:
        """Finish what is queued, then end the thread and the connection; blocks."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            first = self._waiting.get()
            last = first is None or self.serve(Group(self._waiting, first))
        if self._connection is not None:
            self._connection.close()


def _failure(error: Exception) -> Exception:
    if isinstance(error, sqlite3.Error):
        return translated(error)
    if isinstance(error, Unavailable | Broken):
        return type(error)(error.port, error.detail)
    return Broken("store", f"{type(error).__name__}: {error}")
