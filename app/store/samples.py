"""Samples in a file of their own, `samples.sqlite3`, behind one thread that writes in groups and answers.

Nothing here is worth a cloud that does not start: a file that can not be used is set aside and begun anew with one
line in the log, and what can not be written is dropped. The trap: the open minute is only in memory, so who asks for a
history has it written first.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from app.domain.errors import Unavailable
from app.domain.load import Point, Reading, Sampled
from app.domain.ports import Clock
from app.store.sample_levels import HOUR_MS, LEVELS, MINUTE_MS, Heard, Level, Levels, open_file
from app.store.sample_rows import HOST, Series
from app.store.unusable import is_broken, set_aside

log = logging.getLogger(__name__)

LAST_MS = 1 << 62
"""The largest time that SQLite is asked for: an int beyond its own would end the thread."""
TOGETHER_S: Final = 2.0
MOST_WAITING: Final = 20_000
TENDED_AT_ONCE: Final = 10
_UNREADABLE = (sqlite3.DatabaseError, zlib.error, msgspec.MsgspecError)
Work = Callable[[Levels], Any]


@dataclass(slots=True)
class _Minute:
    """What was sensed on one host since its last flush."""

    at_ms: int
    series: Series = field(default_factory=dict)

    def add(self, sample: Sampled) -> None:
        offset_s = (sample.at_ms - self.at_ms) / 1000
        for subject, reading in ((HOST, sample.of_host), *sample.of_instances.items()):
            sensors = self.series.get(subject)
            if sensors is None:
                self.series[subject] = {sensor: [offset_s, value] for sensor, value in reading.raw.items()}
                continue
            for sensor, value in reading.raw.items():
                sensors.setdefault(sensor, []).extend((offset_s, value))


class SampleFile:
    """The port Samples; used on one event loop."""

    def __init__(self, file: Path, clock: Clock) -> None:
        """Open the file in the background; nothing is refused."""
        self._clock = clock
        self._open: dict[str, _Minute] = {}
        self._jobs: queue.Queue[tuple[Work | None, Future[Any] | None]] = queue.Queue(MOST_WAITING)
        self._writer = _Writer(file, clock, self._jobs)
        self._closed = False

    def sensed(self, sample: Sampled) -> None:
        minute_ms = sample.at_ms - sample.at_ms % MINUTE_MS
        minute = self._open.get(sample.host)
        if minute is None or minute.at_ms != minute_ms:
            self._flush(sample.host)
            minute = self._open[sample.host] = _Minute(minute_ms)
        minute.add(sample)

    async def history(self, subject: str, sensor: str, from_ms: int, to_ms: int) -> list[Point]:
        """Return points, oldest first; Unavailable once closed."""
        return (await self.histories(subject, [sensor], from_ms, to_ms))[sensor]

    async def histories(self, subject: str, sensors: Sequence[str], from_ms: int, to_ms: int) -> dict[str, list[Point]]:
        """Return the points of several sensors, oldest first; Unavailable once closed."""
        if self._closed:
            raise Unavailable("samples", "they are closed")
        for host in [host for host, minute in self._open.items() if subject in minute.series or subject == host]:
            self._flush(host)
        from_ms, to_ms = (max(0, min(at_ms, LAST_MS)) for at_ms in (from_ms, to_ms))
        level = self._level(from_ms)
        answer: Future[dict[str, list[Point]]] = Future()
        read = partial(_read, subject=subject, sensors=sensors, from_ms=from_ms, to_ms=to_ms, level=level)
        self._jobs.put_nowait((read, answer))
        return await asyncio.wrap_future(answer)

    async def sensed_last(self, at_ms: int) -> list[Sampled]:
        """Return what was known of each host at a moment, earliest first; Unavailable once closed."""
        if self._closed:
            raise Unavailable("samples", "they are closed")
        for host in list(self._open):
            self._flush(host)
        level = self._level(at_ms)
        answer: Future[list[Sampled]] = Future()
        self._jobs.put_nowait((lambda levels: _sampled(levels.last(max(0, at_ms), level)), answer))
        return await asyncio.wrap_future(answer)

    async def aclose(self) -> None:
        """Write what is still in memory and end the thread."""
        if not self._closed:
            self._closed = True
            for host in list(self._open):
                self._flush(host)
            self._jobs.put_nowait((None, None))
            await asyncio.to_thread(self._writer.thread.join)

    def _level(self, from_ms: int) -> Level:
        """Return the finest that is still kept of a moment.

        Rows are kept for one stretch longer: "the last day" is still told by minutes when the question took a while.
        """
        age_ms = self._clock.now_ms() - from_ms
        return next((level for level in LEVELS if age_ms <= level.kept_ms + level.row_ms), LEVELS[-1])

    def _flush(self, host: str) -> None:
        minute = self._open.pop(host, None)
        if minute is not None:
            try:
                self._jobs.put_nowait((lambda levels: levels.add(host, minute.at_ms, minute.series), None))
            except queue.Full:
                log.warning("samples are dropped: the disk is too slow", extra={"fields": {"host": host}})


def _read(
    levels: Levels, *, subject: str, sensors: Sequence[str], from_ms: int, to_ms: int, level: Level
) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {sensor: [] for sensor in sensors}
    for sensor, point in levels.points(subject, sensors, from_ms, to_ms, level):
        found[sensor].append(point)
    return {sensor: sorted(points, key=lambda point: point.at_ms) for sensor, points in found.items()}


def _sampled(heard: Iterable[Heard]) -> list[Sampled]:
    """Put together what was heard of a host at one time."""
    found: dict[tuple[int, str], dict[str, Reading]] = {}
    for each in heard:
        reading = Reading(raw=each.values, smooth=each.values)
        found.setdefault((each.at_ms, each.host), {})[each.subject] = reading
    return [
        Sampled(
            host=host,
            at_s=at_ms / 1000,
            at_ms=at_ms,
            of_host=readings.get(HOST, Reading()),
            of_instances={subject: reading for subject, reading in readings.items() if subject != HOST},
        )
        for (at_ms, host), readings in sorted(found.items())
    ]


class _Writer:
    """The thread that owns the file."""

    def __init__(self, file: Path, clock: Clock, jobs: "queue.Queue[tuple[Work | None, Future[Any] | None]]") -> None:
        self._file, self._clock, self._jobs = file, clock, jobs
        self._hour = 0
        self._untended: deque[str] = deque()
        self.thread = threading.Thread(target=self._run, name="samples", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        levels = self._opened()
        last = False
        while not last:
            group = self._group()
            last = group[-1][0] is None
            try:
                self._serve(levels, group)
            except (*_UNREADABLE, OSError) as error:
                self._fail(levels, group, error)
                levels = self._opened(broken=is_broken(error))
        levels.connection.close()

    def _group(self) -> list[tuple[Work | None, "Future[Any] | None"]]:
        """Wait for work, and a little longer for more; somebody who waits for an answer ends that."""
        group = [self._jobs.get()]
        end = time.monotonic() + TOGETHER_S
        while group[-1][0] is not None and group[-1][1] is None and (left_s := end - time.monotonic()) > 0:
            try:
                group.append(self._jobs.get(timeout=left_s))
            except queue.Empty:
                break
        return group

    def _serve(self, levels: Levels, group: list[tuple[Work | None, "Future[Any] | None"]]) -> None:
        answers = []
        levels.connection.execute("BEGIN IMMEDIATE")
        for work, future in group:
            if work is not None:
                answers.append((future, work(levels)))
        self._tend(levels)
        levels.connection.execute("COMMIT")
        for future, answer in answers:
            if future is not None and future.set_running_or_notify_cancel():
                future.set_result(answer)

    def _tend(self, levels: Levels) -> None:
        """After each full hour, look after all hosts, a few at a time."""
        now_ms = self._clock.now_ms()
        if now_ms // HOUR_MS != self._hour:
            self._hour, self._untended = now_ms // HOUR_MS, deque(levels.hosts)
        for _ in range(min(TENDED_AT_ONCE, len(self._untended))):
            levels.tend(self._untended.popleft(), now_ms)

    def _fail(self, levels: Levels, group: list[tuple[Work | None, "Future[Any] | None"]], error: Exception) -> None:
        log.warning("samples were not written", extra={"fields": {"file": self._file, "error": str(error)}})
        levels.connection.close()
        for _, future in group:
            if future is not None and future.set_running_or_notify_cancel():
                future.set_exception(Unavailable("samples", str(error)))

    def _opened(self, *, broken: bool = False) -> Levels:
        """Open the file; one that can not be used goes aside, and where even that fails memory has to do."""
        if not broken:
            try:
                return Levels(open_file(self._file))
            except (sqlite3.Error, OSError) as error:
                log.warning("samples begin anew", extra={"fields": {"file": self._file, "error": str(error)}})
        try:
            set_aside(self._file)
            return Levels(open_file(self._file))
        except (sqlite3.Error, OSError) as error:
            log.warning("samples are not kept", extra={"fields": {"file": self._file, "error": str(error)}})
            return Levels(open_file(None))
