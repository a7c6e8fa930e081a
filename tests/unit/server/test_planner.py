"""The planning process answers orders, survives one that fails, is begun anew after it died, ends with its parent."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop

from app.domain.errors import Broken, TimedOut, Unavailable
from app.rules.plan import Memory
from app.rules.remap import State
from app.server.orders import Order
from app.server.planner import Planner
from tests.unit.rules.running_cloud import Running
from tests.unit.rules.small_cloud import NOW

TEXT = "rule r { when host.maintenance evacuate host } policy p { use r remap every 60s }"


def order(policy: str = "p", memory: Memory | None = None) -> Order:
    cloud = Running()
    moved = cloud.run("n0")
    cloud.show("n0", "host.maintenance", True)
    assert moved
    return Order(text=TEXT, policy=policy, state=State(table=cloud.table, vms=cloud.vms), now=NOW, memory=memory)


@pytest.fixture
async def planner() -> AsyncIterator[Planner]:
    made = Planner(deadline_s=20.0)
    yield made
    await made.close()


def process_of(planner: Planner) -> int:
    assert planner._process is not None
    return planner._process.pid


async def test_a_round_is_planned_in_another_process_with_the_time_of_the_next(planner: Planner) -> None:
    found = await planner.plan(order(memory=Memory()))
    assert [(move.source, found.every_s) for move in found.plan.moves] == [("n0", 60.0)]
    assert process_of(planner) != os.getpid()
    rehearsed = await planner.rehearse(order())
    assert len(rehearsed.plan.moves) == 1


async def test_an_order_that_fails_says_why_and_the_next_one_is_answered(planner: Planner) -> None:
    with pytest.raises(Broken, match="nosuch"):
        await planner.plan(order(policy="nosuch", memory=Memory()))
    before = process_of(planner)
    await planner.plan(order(memory=Memory()))
    assert process_of(planner) == before


async def test_a_process_that_died_is_begun_anew(planner: Planner) -> None:
    await planner.plan(order(memory=Memory()))
    os.kill(process_of(planner), signal.SIGKILL)
    with pytest.raises(Unavailable):
        await planner.plan(order(memory=Memory()))
    assert (await planner.plan(order(memory=Memory()))).plan.moves


def test_one_that_died_while_nobody_asked_is_not_noticed() -> None:
    async def outlive() -> None:
        planner = Planner(deadline_s=20.0)
        await planner.plan(order(memory=Memory()))
        process = planner._process
        assert process is not None
        process.kill()
        await process.wait()
        await asyncio.sleep(0.1)
        assert (await planner.plan(order(memory=Memory()))).plan.moves
        await planner.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # the server's loop, which closes such a pipe
        runner.run(outlive())


async def test_what_lies_where_the_server_was_started_is_not_taken_for_ours(
    planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("app", "pickle"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    assert (await planner.plan(order(memory=Memory()))).plan.moves


async def test_a_plan_that_takes_too_long_takes_the_process_with_it(planner: Planner) -> None:
    await planner.plan(order(memory=Memory()))
    os.kill(process_of(planner), signal.SIGSTOP)
    planner._deadline_s = 0.2
    with pytest.raises(TimedOut):
        await planner.plan(order(memory=Memory()))
    assert planner._process is None


async def test_the_process_ends_when_nobody_is_left_to_order(planner: Planner) -> None:
    await planner.plan(order(memory=Memory()))
    process = planner._process
    assert process is not None and process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 60.0) == 0
