"""The work queue: one worker a key at a time, fair between hosts, patient with failures.

Keys are instance ids, lanes are hosts. A host that hangs keeps its own lane busy and nothing else: a worker
that has been stuck for `slow_after_s` gives its place in the common limit back. The trap: our own doing on a
host makes events; those must not cut the back-off of a failure short, so only an urgent `add` does.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Work on the key again after this time; `failed`: events of the host do not bring that forward."""

    after_s: float
    failed: bool = False


class _Phase(Enum):
    WAITING = auto()
    RUNNING = auto()
    DELAYED = auto()


@dataclass(slots=True, eq=False)
class Turn:
    """One key in the queue. The worker calls `fresh()` before it looks: all that came until then is covered."""

    key: str
    lane: str
    phase: _Phase = _Phase.WAITING
    touched: bool = False
    urgent: bool = False
    failed: bool = False
    counted: bool = False
    timer: asyncio.TimerHandle | None = None

    def fresh(self) -> None:
        self.touched = self.urgent = False

    @property
    def overtaken(self) -> bool:
        """True if what is wanted may have changed since the last look."""
        return self.urgent


@dataclass(slots=True, eq=False)
class _Lane:
    waiting: deque[Turn] = field(default_factory=deque)
    running: int = 0


Work = Callable[[str, Turn], Awaitable[Again | None]]
BUG_PAUSE_S = 30.0


class WorkQueue:
    """Calls `work(key, turn)` for every key added, as often as needed."""

    def __init__(self, work: Work, *, concurrency: int, per_lane: int, slow_after_s: float = 2.0) -> None:
        self._work, self._per_lane, self._slow_after_s = work, per_lane, slow_after_s
        self._free = concurrency
        self._turns: dict[str, Turn] = {}
        self._lanes: dict[str, _Lane] = {}
        self._ready: deque[str] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._turns)

    def __contains__(self, key: str) -> bool:
        return key in self._turns

    def add(self, key: str, lane: str, *, urgent: bool = False) -> None:
        """Work on a key soon. Urgent: what is wanted changed, so even a back-off ends."""
        if self._closed:
            return
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = Turn(key, lane)
            self._wait(turn)
        elif turn.phase is _Phase.RUNNING:
            turn.touched, turn.urgent = True, turn.urgent or urgent
        elif turn.phase is _Phase.DELAYED and (urgent or not turn.failed):
            self._wait(turn)

    async def stop(self, grace_s: float) -> None:
        """Take nothing more; let running work finish for `grace_s`, then cancel it."""
        self._closed = True
        for turn in self._turns.values():
            if turn.timer is not None:
                turn.timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=0.5)

    def _wait(self, turn: Turn) -> None:
        if turn.timer is not None:
            turn.timer.cancel()
            turn.timer = None
        turn.phase = _Phase.WAITING
        lane = self._lanes.setdefault(turn.lane, _Lane())
        lane.waiting.append(turn)
        if len(lane.waiting) == 1:
            self._ready.append(turn.lane)
        self._dispatch()

    def _dispatch(self) -> None:
        blocked: list[str] = []
        while self._free > 0 and self._ready and not self._closed:
            name = self._ready.popleft()
            lane = self._lanes[name]
            if lane.running >= self._per_lane:
                blocked.append(name)
                continue
            self._launch(lane, lane.waiting.popleft())
            if lane.waiting:
                self._ready.append(name)
        self._ready.extend(blocked)

    def _launch(self, lane: _Lane, turn: Turn) -> None:
        lane.running += 1
        self._free -= 1
        turn.phase, turn.counted, turn.failed = _Phase.RUNNING, True, False
        turn.fresh()
        loop = asyncio.get_running_loop()
        turn.timer = loop.call_later(self._slow_after_s, self._uncount, turn)
        task = loop.create_task(self._run(lane, turn))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _uncount(self, turn: Turn) -> None:
        if turn.counted:
            turn.counted = False
            self._free += 1
            self._dispatch()

    async def _run(self, lane: _Lane, turn: Turn) -> None:
        again: Again | None = None
        try:
            again = await self._work(turn.key, turn)
        except Exception:
            log.exception("work on a key failed", extra={"fields": {"key": turn.key}})
            again = Again(after_s=BUG_PAUSE_S, failed=True)
        finally:
            if turn.timer is not None:
                turn.timer.cancel()
                turn.timer = None
            lane.running -= 1
            self._uncount(turn)
            self._done(turn, again)

    def _done(self, turn: Turn, again: Again | None) -> None:
        if self._closed:
            return
        retried = again is not None and again.failed
        if turn.urgent or (turn.touched and not retried):
            self._wait(turn)
        elif again is not None:
            turn.phase, turn.failed = _Phase.DELAYED, again.failed
            turn.timer = asyncio.get_running_loop().call_later(again.after_s, self._wait, turn)
            self._dispatch()
        else:
            del self._turns[turn.key]
            self._dispatch()
