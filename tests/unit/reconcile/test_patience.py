"""Back-off and shared calls."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from app.reconcile.backoff import Backoff
from app.reconcile.limits import Limits
from app.reconcile.shared import SharedCall


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0, 1))
def test_a_back_off_doubles_within_its_bounds(failures: int, one: float, other: float) -> None:
    first = Backoff(first_s=0.5, most_s=60.0, jitter=lambda: one)
    second = Backoff(first_s=0.5, most_s=60.0, jitter=lambda: other)
    assert 0.25 <= first.after(failures) <= 60
    assert first.after(failures) <= 2 * second.after(failures)
    assert first.after(failures) <= first.after(failures + 1) <= 2 * first.after(failures)


@given(st.integers(0, 100_000))
def test_however_many_hosts_there_are_few_are_asked_at_a_time(hosts: int) -> None:
    limits = Limits()
    assert limits.heartbeat_of(hosts) >= hosts / limits.probes_per_s
    assert limits.resync_of(hosts) >= hosts / limits.sweeps_per_s
    assert limits.heartbeat_of(hosts) >= limits.heartbeat_s
    assert limits.resync_of(hosts) >= limits.resync_s


async def test_who_asks_while_a_call_runs_shares_the_next_one() -> None:
    begun, gate = 0, asyncio.Event()

    async def call() -> int:
        nonlocal begun
        begun += 1
        number = begun
        await gate.wait()
        return number

    shared = SharedCall(call)
    first = asyncio.ensure_future(shared.get())
    for _ in range(5):
        await asyncio.sleep(0)
    later = [asyncio.ensure_future(shared.get()) for _ in range(3)]
    await asyncio.sleep(0)
    gate.set()
    assert await first == 1
    assert [await each for each in later] == [2, 2, 2]
    assert begun == 2
