"""The work queue: one worker a key, no host in the way of another, back-off that grows."""

import asyncio
from collections import Counter

from app.reconcile.queue import Again, Turn, WorkQueue

FAR_S = 1000.0


async def turns_of_the_loop(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Worker:
    """Counts calls; `gate` lets them end, `answers` are returned in turn."""

    def __init__(self, *answers: Again | None) -> None:
        self.calls: Counter[str] = Counter()
        self.running: Counter[str] = Counter()
        self.most = 0
        self.gates: dict[str, asyncio.Event] = {}
        self.answers = list(answers)

    def hold(self, key: str) -> asyncio.Event:
        return self.gates.setdefault(key, asyncio.Event())

    async def __call__(self, key: str, turn: Turn) -> Again | None:
        self.calls[key] += 1
        self.running[key] += 1
        self.most = max(self.most, self.running[key])
        if key in self.gates:
            await self.gates[key].wait()
        self.running[key] -= 1
        return self.answers.pop(0) if self.answers else None


async def test_a_key_that_waits_is_worked_on_once_however_often_it_was_added() -> None:
    worker = Worker()
    queue = WorkQueue(worker, concurrency=1, per_lane=1)
    blocker = worker.hold("other")
    queue.add("other", "lane")
    for _ in range(5):
        queue.add("key", "lane")
    blocker.set()
    await turns_of_the_loop()
    assert worker.calls["key"] == 1
    assert len(queue) == 0


async def test_a_key_added_while_it_is_worked_on_is_worked_on_again_and_never_twice_at_once() -> None:
    worker = Worker()
    queue = WorkQueue(worker, concurrency=4, per_lane=4)
    gate = worker.hold("key")
    queue.add("key", "lane")
    await turns_of_the_loop()
    queue.add("key", "lane")
    queue.add("key", "lane")
    gate.set()
    await turns_of_the_loop()
    assert (worker.calls["key"], worker.most) == (2, 1)


async def test_a_host_that_hangs_stops_nothing_but_itself() -> None:
    worker = Worker()
    queue = WorkQueue(worker, concurrency=4, per_lane=4, slow_after_s=0.0)
    for number in range(10):
        worker.hold(f"stuck{number}")
        queue.add(f"stuck{number}", "hung")
    for number in range(10):
        queue.add(f"key{number}", "sound")
    for _ in range(10_000):
        await turns_of_the_loop(1)
    assert sum(worker.calls[f"key{number}"] for number in range(10)) == 10
    assert sum(worker.running.values()) == 4
    await queue.stop(0)


async def test_lanes_take_turns() -> None:
    order: list[str] = []

    async def work(key: str, turn: Turn) -> None:
        order.append(turn.lane)

    queue = WorkQueue(work, concurrency=1, per_lane=1)
    for number in range(3):
        queue.add(f"a{number}", "a")
    for number in range(3):
        queue.add(f"b{number}", "b")
    await turns_of_the_loop(40)
    assert order[1:5] in (["a", "b", "a", "b"], ["b", "a", "b", "a"])


async def test_events_of_the_host_do_not_cut_a_back_off_short_but_a_new_wish_does() -> None:
    worker = Worker(Again(after_s=FAR_S, failed=True))
    queue = WorkQueue(worker, concurrency=4, per_lane=4)
    queue.add("key", "lane")
    await turns_of_the_loop()
    queue.add("key", "lane")
    await turns_of_the_loop()
    assert worker.calls["key"] == 1
    queue.add("key", "lane", urgent=True)
    await turns_of_the_loop()
    assert worker.calls["key"] == 2


async def test_events_of_the_host_end_a_wait_that_is_no_back_off() -> None:
    worker = Worker(Again(after_s=FAR_S))
    queue = WorkQueue(worker, concurrency=4, per_lane=4)
    queue.add("key", "lane")
    await turns_of_the_loop()
    queue.add("key", "lane")
    await turns_of_the_loop()
    assert worker.calls["key"] == 2


async def test_stopping_cancels_what_does_not_finish_in_time() -> None:
    worker = Worker()
    queue = WorkQueue(worker, concurrency=4, per_lane=4)
    worker.hold("key")
    queue.add("key", "lane")
    await turns_of_the_loop()
    await queue.stop(0.01)
    assert worker.running["key"] == 1
    queue.add("other", "lane")
    await turns_of_the_loop()
    assert worker.calls["other"] == 0
