"""An event loop on a virtual clock: time jumps to the next timer, and a seeded generator picks what runs next.

Everything that belongs to one life of the server carries that life's number in its context, also timers and callbacks.
`kill` drops all of it at once, as `kill -9` does: no `finally` runs. The trap: a dropped coroutine that is collected
would run its `finally` blocks at a moment nobody chose, so all are kept until the simulation is over.
"""

import asyncio
import heapq
import warnings
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from pathlib import Path
from random import Random
from typing import Any

import app

LIFE: ContextVar[int] = ContextVar("life", default=0)
"""Which life of the server something belongs to; 0: the world outside."""

SWEPT_EVERY = 1024
PRODUCT = str(Path(app.__file__).parent)


class Violated(Exception):
    """An invariant does not hold."""


class SimTask(asyncio.Task[Any]):
    """A task whose hash does not depend on where it lies in memory, so that sets of tasks have one order."""

    def __init__(self, coro: Any, loop: asyncio.AbstractEventLoop, number: int, context: Context) -> None:
        self.number = number
        self.life = context.get(LIFE, 0)
        super().__init__(coro, loop=loop, name=f"task {number}", context=context)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs one callback a step. `failure`, once set, is raised out of `run_until_complete` after the step."""

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self.steps = 0
        self.failure: Exception | None = None
        self._ready: list[asyncio.Handle] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._draw, self._now = rng.random, 0.0
        self._dead: set[int] = set()
        self._tasks: dict[int, SimTask] = {}
        self._numbered, self._sweep_at = 0, SWEPT_EVERY
        self._buried: list[SimTask] = []
        self.outside = copy_context()

    def time(self) -> float:
        return self._now

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> Any:
        self._numbered += 1
        task = SimTask(coro, self, self._numbered, copy_context() if context is None else context)
        if task.life == 0 and PRODUCT in coro.cr_code.co_filename:
            self.failure = RuntimeError(f"{coro.__qualname__} belongs to no life of the server and would outlive it")
        self._tasks[task.number] = task
        if len(self._tasks) >= self._sweep_at:
            self._tasks = {number: task for number, task in self._tasks.items() if not task.done()}
            self._sweep_at = 2 * len(self._tasks) + SWEPT_EVERY
        return task

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Timers of one moment keep the order in which they were set until the draw mixes them."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._numbered += 1
        heapq.heappush(self._timers, (when, self._numbered, timer))
        return timer

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run it here and now: there are no threads."""
        answer = self.create_future()
        answer.set_result(func(*args))
        return answer

    def later(self, delay_s: float, do: Callable[..., object], *args: Any) -> None:
        """Have the world outside do something, whatever becomes of the server."""
        self.call_later(delay_s, do, *args, context=self.outside)

    def kill(self, life: int) -> None:
        """Drop everything that belongs to one life of the server."""
        self._dead.add(life)
        self._ready = [handle for handle in self._ready if _life(handle) != life]
        self._timers = [timer for timer in self._timers if _life(timer[2]) != life]
        heapq.heapify(self._timers)
        mine = [task for task in self._tasks.values() if task.life == life and not task.done()]
        self._buried.extend(mine)

    def bury(self) -> None:
        """End the simulation: unwind everything that is still suspended, deaf to what it does on its way out."""
        self.set_exception_handler(lambda loop, context: None)
        left = [*self._buried, *(task for task in self._tasks.values() if not task.done())]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for task in left:
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                coroutine: Any = task.get_coro()
                with suppress(BaseException):
                    coroutine.close()
        self._buried.clear()
        self._tasks.clear()
        self.close()

    def _write_to_self(self) -> None:
        """Nobody waits in a selector."""

    def _run_once(self) -> None:
        if not self._ready:
            self._jump()
        place = int(self._draw() * len(self._ready))
        handle, self._ready[place] = self._ready[place], self._ready[-1]
        self._ready.pop()
        self.steps += 1
        if not handle.cancelled() and _life(handle) not in self._dead:
            handle._run()
        if self.failure is not None:
            raise self.failure

    def _jump(self) -> None:
        """Make the earliest timers ready."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            raise RuntimeError("nothing will ever happen again")
        self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            handle = heapq.heappop(self._timers)[2]
            if not handle.cancelled():
                self._ready.append(handle)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers stay in the heap until their time: their place there must not depend on when that is."""


def _life(handle: asyncio.Handle) -> int:
    return handle._context.get(LIFE, 0)  # type: ignore[attr-defined,no-any-return]
