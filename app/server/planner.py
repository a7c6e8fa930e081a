"""Rounds are planned in a process of their own, since the event loop must not wait for them; started when needed.

One at a time. The trap: a plan that takes longer than its deadline takes the process with it.
"""

import asyncio
import os
import pickle
import sys
from contextlib import suppress
from pathlib import Path

import app
from app.domain.errors import Broken, TimedOut, Unavailable
from app.rules.rehearsing import Rehearsal
from app.server.orders import LENGTH, Answer, Failed, Order, Planned, Trial, Tried

DEADLINE_S = 120.0
_ROOT = str(Path(app.__file__).resolve().parents[1])


class Planner:
    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def plan(self, order: Order) -> Planned:
        """Plan a round; Unavailable, TimedOut or Broken if that can not be done."""
        answer = await self._ask(order)
        assert isinstance(answer, Planned)
        return answer

    async def rehearse(self, order: Order) -> Rehearsal:
        """Plan a round as if nothing had to be waited for."""
        answer = await self._ask(order)
        assert isinstance(answer, Rehearsal)
        return answer

    async def try_out(self, trial: Trial) -> Tried:
        """Take launches of the past again by other rules."""
        answer = await self._ask(trial)
        assert isinstance(answer, Tried)
        return answer

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, order: Order | Trial) -> Answer:
        async with self._turn:
            try:
                async with asyncio.timeout(self._deadline_s):
                    answer = await self._exchange(pickle.dumps(order, pickle.HIGHEST_PROTOCOL))
            except TimeoutError:
                await self.close()
                raise TimedOut("planner", "planning a round", self._deadline_s) from None
            except (OSError, RuntimeError, asyncio.IncompleteReadError) as error:  # uvloop raises RuntimeError
                await self.close()
                raise Unavailable("planner", f"its process ended: {type(error).__name__}") from error
            except asyncio.CancelledError:
                await self.close()
                raise
        if isinstance(answer, Failed):
            raise Broken("planner", answer.why)
        return answer

    async def _exchange(self, packed: bytes) -> Answer:
        if self._process is not None and self._process.returncode is not None:
            await self.close()  # it died while nobody asked
        process = self._process = self._process or await self._started()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(LENGTH.pack(len(packed)) + packed)
        await process.stdin.drain()
        length = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))[0]
        answer: Answer = pickle.loads(await process.stdout.readexactly(length))  # noqa: S301 - from our own process
        return answer

    @staticmethod
    async def _started() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # whatever lies in the directory that the server was started in
            "-m",
            "app.server.planner_process",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
