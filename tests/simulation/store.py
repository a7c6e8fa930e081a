"""The real store on an SQLite file in memory, its threads replaced by turns of the event loop.

Groups, savepoints, snapshots, SQL, codec and journal are those of `app.store`; only *when* they run is decided here.
"""

import asyncio
import queue
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from random import Random
from typing import Any, TypeVar

from sqlite_utils import Database as Schema

from app.domain.errors import Unavailable
from app.domain.ports import Clock
from app.store.changes import Changes
from app.store.database import Database
from app.store.migrations import migrate
from app.store.reading import snapshot
from app.store.unit import Transaction
from app.store.writing import Commits, Group, Job, Jobs

Answer = TypeVar("Answer")


class Disk(sqlite3.Connection):
    """SQLite in memory: it survives the server, and may refuse a commit as a full disk does."""

    full: bool = False

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if self.full and sql == "COMMIT":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return super().execute(sql, parameters)

    def close(self) -> None:
        """The file stays; whoever opens it next gets the same one."""


def new_disk() -> Disk:
    """Make an empty, migrated database."""
    disk = sqlite3.connect(":memory:", factory=Disk, isolation_level=None, cached_statements=512)
    disk.deserialize(_migrated())
    disk.execute("PRAGMA foreign_keys = ON")
    return disk


@cache
def _migrated() -> bytes:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(Schema(connection))
    image = connection.serialize()
    connection.close()
    return image


class _Pace:
    """How long the writer and the readers let wait."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def __call__(self) -> float:
        return self._rng.random() * (0.2 if self._rng.random() < 0.01 else 0.002)


class TurnWriter(Commits):
    """Serves one group a turn; `committed` of the simulation is told before anybody else."""

    def __init__(self, disk: Disk, clock: Clock, changes: Changes, pace: _Pace, committed: Callable[[], None]) -> None:
        super().__init__(lambda: disk, clock, changes)
        self._waiting: Jobs = queue.SimpleQueue()
        self._pace, self._told = pace, committed
        self._due = self._closed = False

    def submit(self, job: Job) -> None:
        if self._closed:
            raise Unavailable("store", "it is closed")
        self._waiting.put(job)
        self._soon()

    def close(self) -> None:
        while not self._waiting.empty():
            self._turn()
        self._closed = True

    def _soon(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(self._pace(), self._turn)

    def _turn(self) -> None:
        self._due = False
        first = None if self._waiting.empty() else self._waiting.get_nowait()
        if first is not None:
            self.serve(Group(self._waiting, first))
        if not self._waiting.empty():
            self._soon()

    def _commit(self, group: Group) -> int:
        newest = super()._commit(group)
        self._told()
        return newest


class TurnReaders:
    """Reads each at a moment of its own."""

    def __init__(self, disk: Disk, clock: Clock, pace: _Pace) -> None:
        self._disk, self._clock, self._pace = disk, clock, pace

    def submit(self, work: Callable[[Transaction], Answer]) -> "Future[Answer]":
        answer: Future[Answer] = Future()
        asyncio.get_running_loop().call_later(self._pace(), self._read, work, answer)
        return answer

    def at_once(self, work: Callable[[Transaction], Answer]) -> Answer:
        return snapshot(self._disk, self._clock, work)

    def close(self) -> None:
        """Nothing is kept."""

    def _read(self, work: Callable[[Transaction], Answer], answer: "Future[Answer]") -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            found = snapshot(self._disk, self._clock, work)
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(found)


def open_store(disk: Disk, clock: Clock, rng: Random, committed: Callable[[], None]) -> Database:
    """Open the store as a server does at its start; what a dead one left uncommitted is gone."""
    if disk.in_transaction:
        disk.execute("ROLLBACK")
    changes, pace = Changes(), _Pace(rng)
    return Database(TurnWriter(disk, clock, changes, pace, committed), TurnReaders(disk, clock, pace), changes)
