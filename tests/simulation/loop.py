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


class Step:
    """What waits for its turn or its time: asyncio's handle, without what only a debugger would want of it."""

    __slots__ = ("args", "context", "do")

    def __init__(self, do: Callable[..., object], args: tuple[Any, ...], context: Context | None) -> None:
        self.do: Callable[..., object] | None = do
        self.args = args
        self.context = copy_context() if context is None else context

    def cancel(self) -> None:
        self.do, self.args = None, ()

    def cancelled(self) -> bool:
        return self.do is None


Timer = tuple[float, int, Step]
"""When it is due, its number, and what is due; the number alone decides between timers of one moment."""


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
        self._ready: list[Step] = []
        self._timers: list[Timer] = []
        self._draw, self._now = rng.random, 0.0
        self._dead: set[int] = set()
        self._tasks: dict[int, SimTask] = {}
        self._numbered, self._sweep_at, self._sift_at = 0, SWEPT_EVERY, SWEPT_EVERY
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

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Step:
        step = Step(callback, args, context)
        self._ready.append(step)
        return step

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Step:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Step:
        """Timers of one moment keep the order in which they were set until the draw mixes them."""
        step = Step(callback, args, context)
        self._numbered += 1
        heapq.heappush(self._timers, (when, self._numbered, step))
        if len(self._timers) >= self._sift_at:
            self._sift(lambda step: step.do is not None)
        return step

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
        self._ready[:] = [step for step in self._ready if step.context.get(LIFE, 0) != life]
        self._sift(lambda step: step.do is not None and step.context.get(LIFE, 0) != life)
        mine = [task for task in self._tasks.values() if task.life == life and not task.done()]
        self._buried.extend(mine)

    def is_over(self, life: int) -> bool:
        return life in self._dead

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
        """Take step after step until somebody stops the loop: what is in here is done a million times a day."""
        ready, draw, dead = self._ready, self._draw, self._dead
        while not self._stopping:  # type: ignore[attr-defined]
            if not ready:
                self._jump()
            place = int(draw() * len(ready))
            step = ready[place]
            ready[place] = ready[-1]
            ready.pop()
            self.steps += 1
            if step.do is not None and step.context.get(LIFE, 0) not in dead:
                try:
                    step.context.run(step.do, *step.args)
                except Exception as error:
                    self.call_exception_handler({"message": f"Exception in {step.do}", "exception": error})
            if self.failure is not None:
                raise self.failure

    def _jump(self) -> None:
        """Make the earliest timers ready."""
        timers, ready = self._timers, self._ready
        while timers and timers[0][2].do is None:
            heapq.heappop(timers)
        if not timers:
            raise RuntimeError("nothing will ever happen again")
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            step = heapq.heappop(timers)[2]
            if step.do is not None:
                ready.append(step)

    def _sift(self, stays: Callable[[Step], bool]) -> None:
        """Drop timers, above all cancelled ones; the order of the others does not depend on their place in the heap."""
        self._timers = [timer for timer in self._timers if stays(timer[2])]
        heapq.heapify(self._timers)
        self._sift_at = 2 * len(self._timers) + SWEPT_EVERY
