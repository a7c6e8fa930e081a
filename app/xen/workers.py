"""Threads of one host's connection: a few, started when needed, and none that anybody ever has to wait for.

Not ThreadPoolExecutor: that one joins its threads when the interpreter exits, so one call hanging in libvirt would keep
the server from ending. A thread whose call missed its deadline is written off: it lingers (it can not be cancelled),
its answer goes nowhere, and another takes its place, up to a limit.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from app.domain.errors import Lost, TimedOut

T = TypeVar("T")


class Hung(TimedOut):
    """The call itself hangs; a plain TimedOut never got a thread, which says nothing about the connection."""


class Job(Generic[T]):
    """One call on its way through a thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.began = self.ended = self.written_off = False

    def run(self) -> None:
        if self.future.done():  # given up while it waited for a thread
            return
        try:
            answer = self.work()
        except BaseException as error:
            self._hand_over(self._fail, error)
        else:
            self._hand_over(self._answer, answer)

    def _hand_over(self, how: Callable[[Any], None], what: object) -> None:
        try:
            self.loop.call_soon_threadsafe(how, what)
        except RuntimeError:  # the loop has ended, so nobody waits any more
            return

    def _answer(self, answer: T) -> None:
        if not self.future.done():
            self.future.set_result(answer)

    def _fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Workers:
    """At most `threads` working threads and `most_stuck` written off."""

    def __init__(self, host: str, threads: int, most_stuck: int) -> None:
        self._host, self._limit, self._most_stuck = host, threads, most_stuck
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._threads = self._idle = self._stuck = 0

    async def run(self, action: str, work: Callable[[], T], deadline_s: float) -> T:
        """Run `work` on a thread; Hung or TimedOut after the deadline, Lost while too many threads hang."""
        if self._stuck >= self._most_stuck:
            raise Lost(self._host, f"{self._stuck} calls to it hang")
        job = Job(work)
        self._put(job)
        try:
            done, _ = await asyncio.wait([job.future], timeout=deadline_s)
            if done:
                return job.future.result()
        finally:
            job.future.cancel()
        raise (Hung if self._write_off(job) else TimedOut)(self._host, action, deadline_s)

    def stop(self) -> None:
        """Let idle threads end; those inside a call end after it."""
        with self._lock:
            for _ in range(self._threads):
                self._queue.put(None)

    def _put(self, job: Job[Any]) -> None:
        with self._lock:
            self._queue.put(job)
            if self._idle >= self._queue.qsize() or self._threads >= self._limit:
                return
            self._threads += 1
        threading.Thread(target=self._serve, name=f"libvirt {self._host}", daemon=True).start()

    def _write_off(self, job: Job[Any]) -> bool:
        with self._lock:
            if not job.began or job.ended:
                return False
            job.written_off = True
            self._threads -= 1
            self._stuck += 1
            return True

    def _serve(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job = self._queue.get()
            with self._lock:
                self._idle -= 1
                if job is None:
                    self._threads -= 1
                    return
                job.began = True
            job.run()
            with self._lock:
                job.ended = True
                if job.written_off:
                    self._stuck -= 1
                    return
            del job
