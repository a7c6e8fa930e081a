"""Reading: a few threads, each work on a snapshot of its own that no writer disturbs.

A snapshot begins with the first statement of the work and sees every commit before it; so a read that starts after a
write was answered sees that write.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from app.domain.errors import Unavailable
from app.domain.ports import Clock
from app.store.faults import told
from app.store.session import Session
from app.store.unit import Transaction

Answer = TypeVar("Answer")
Connect = Callable[[], sqlite3.Connection]


class Readers:
    """As many connections as threads, so that work which has a thread has a connection."""

    def __init__(self, connect: Connect, hasty: Connect, clock: Clock, threads: int) -> None:
        self._clock = clock
        self._free: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._all = [connect() for _ in range(threads)]
        for connection in self._all:
            self._free.put(connection)
        self._hasty = hasty()
        self._hasty_gate = threading.Lock()  # closing comes from another thread
        self._closed = False
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store-reader")

    def submit(self, work: Callable[[Transaction], Answer]) -> "Future[Answer]":
        """Run `work` as soon as a thread is free; Unavailable once the store is closed."""
        try:
            return self._threads.submit(self._read, work)
        except RuntimeError as error:
            raise Unavailable("store", "it is closed") from error

    def at_once(self, work: Callable[[Transaction], Answer]) -> Answer:
        """Run `work` here and now, on the connection of whoever may not wait."""
        with self._hasty_gate:
            if self._closed:
                raise Unavailable("store", "it is closed")
            return snapshot(self._hasty, self._clock, work)

    def close(self) -> None:
        """Finish what is queued, then end threads and connections; blocks."""
        self._threads.shutdown()
        for connection in self._all:
            connection.close()
        with self._hasty_gate:
            self._closed = True
            self._hasty.close()

    def _read(self, work: Callable[[Transaction], Answer]) -> Answer:
        connection = self._free.get()
        try:
            return snapshot(connection, self._clock, work)
        finally:
            self._free.put(connection)


def snapshot(connection: sqlite3.Connection, clock: Clock, work: Callable[[Transaction], Answer]) -> Answer:
    """Run `work` in a transaction that only reads."""
    session = Session(connection, writable=False)
    try:
        return work(Transaction(session, "services", clock.now_ms()))
    except BaseException as error:
        said = told(error)
        if said is error:
            raise
        raise said from error
    finally:
        session.end()
        if connection.in_transaction:
            connection.execute("ROLLBACK")
