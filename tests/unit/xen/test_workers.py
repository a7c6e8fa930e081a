"""Threads that nobody has to wait for: deadlines, threads written off and coming back."""

import asyncio
import threading
import time
from functools import partial
from operator import add

import pytest

from app.domain.errors import Lost, TimedOut
from app.xen.workers import Hung, Workers


async def test_answers_and_errors_of_a_call_reach_its_caller() -> None:
    workers = Workers("h1", 2, 2)
    sums = await asyncio.gather(*(workers.run("adding", partial(add, n, 1), 5) for n in range(20)))
    assert sums == list(range(1, 21))
    with pytest.raises(ZeroDivisionError):
        await workers.run("dividing", lambda: 1 / 0, 5)
    workers.stop()


async def test_a_call_that_hangs_leaves_its_place_to_others() -> None:
    workers, gate = Workers("h1", 1, 2), threading.Event()
    with pytest.raises(Hung):
        await workers.run("waiting", gate.wait, 0.05)
    assert await workers.run("answering", lambda: "well", 5) == "well"
    gate.set()
    workers.stop()


async def test_a_call_that_never_got_a_thread_is_no_sign_of_a_broken_connection() -> None:
    workers, gate = Workers("h1", 1, 2), threading.Event()
    first = asyncio.create_task(workers.run("waiting", gate.wait, 5))
    await asyncio.sleep(0)  # it takes the only thread
    with pytest.raises(TimedOut) as caught:
        await workers.run("queued", lambda: None, 0.05)
    assert not isinstance(caught.value, Hung)
    gate.set()
    assert await first
    workers.stop()


async def test_a_call_given_up_in_the_queue_is_never_made() -> None:
    workers, gate = Workers("h1", 1, 2), threading.Event()
    made: list[str] = []
    first = asyncio.create_task(workers.run("waiting", gate.wait, 5))
    await asyncio.sleep(0)  # it takes the only thread
    with pytest.raises(TimedOut):
        await workers.run("queued", lambda: made.append("late"), 0.05)
    gate.set()
    await first
    await workers.run("last", lambda: None, 5)
    assert made == []
    workers.stop()


async def test_too_many_hanging_calls_refuse_more_until_some_come_back() -> None:
    workers, gate = Workers("h1", 4, 2), threading.Event()
    for _ in range(2):
        with pytest.raises(Hung):
            await workers.run("waiting", gate.wait, 0.05)
    with pytest.raises(Lost):
        await workers.run("more", lambda: None, 5)
    gate.set()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            await workers.run("more", lambda: None, 5)
        except Lost:
            await asyncio.sleep(0.01)
        else:
            break
    else:
        pytest.fail("the threads did not come back")
    workers.stop()
