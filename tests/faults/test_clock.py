"""A wall clock that jumps back and forth: what runs stays, what was promised is kept, and order is the journal's."""

import asyncio
import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.commands import RunInstances
from app.domain.instance import Instance, Reservation
from app.domain.journal import Said
from app.domain.network import GuestRequest
from app.domain.ports import Unit
from app.domain.states import InstanceState, Wanted
from app.server.metadata import Metadata
from app.server.upkeep import tidy
from app.services import instances
from app.store.database import Database
from tests.builders import CountingEntropy, a_caller, a_host, a_mapping, furnish
from tests.unit.reconcile.cloud import a_cloud, has_ended, launch, runs
from tests.unit.server.metadata_cloud import furnish_guests

pytestmark = pytest.mark.faults
HOUR_MS = 60 * 60 * 1000
DAY_MS = 24 * HOUR_MS
ANA = a_caller()


class RestlessClock:
    """Each look finds the wall clock an hour further on, or back; the monotonic clock is the machine's."""

    def __init__(self, step_ms: int) -> None:
        self._at_ms, self._step_ms = 1_700_000_000_000, step_ms

    def now_ms(self) -> int:
        self._at_ms += self._step_ms
        return self._at_ms

    def monotonic_s(self) -> float:
        return time.monotonic()


@dataclass
class SetClock:
    """A wall clock that a test sets; the monotonic one stands."""

    at_ms: int = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic_s(self) -> float:
        return 1000.0


@pytest.mark.parametrize("step_ms", [HOUR_MS, -HOUR_MS])
async def test_the_loop_minds_no_clock_that_runs_away(tmp_path: Path, step_ms: int) -> None:
    async with a_cloud(tmp_path, clock=RestlessClock(step_ms)) as cloud:
        row = await launch(cloud)
        await cloud.world.direct("repeat", times=0)  # nothing is told, so the loop has to wait by a clock
        await cloud.change(row.id, reboots=1)
        await cloud.until(lambda row: row.rebooted == 1)
        await cloud.change(row.id, wanted=Wanted.STOPPED)
        await cloud.until(lambda row: row.state is InstanceState.STOPPED)
        await cloud.change(row.id, wanted=Wanted.RUNNING, launches=2)
        await cloud.until(lambda row: runs(row) and row.launched == 2)
        await cloud.world.direct("lose", "host01", told=True)
        await cloud.until(lambda row: row.impaired_since_ms > 0)
        await cloud.world.direct("back", "host01")
        await cloud.until(lambda row: row.impaired_since_ms == 0)
        await cloud.change(row.id, wanted=Wanted.TERMINATED)
        await cloud.until(has_ended)
        entries = await cloud.store.read(lambda unit: unit.entries(0, 1000))
    events = [entry.event for entry in entries if entry.kind == "instance"]
    seen = [event for event in events if event in ("instance.running", "instance.stopped", "instance.terminated")]
    assert seen == ["instance.running", "instance.stopped", "instance.running", "instance.terminated"]
    assert [entry.cursor for entry in entries] == list(range(1, len(entries) + 1))


def asked(token: str) -> RunInstances:
    return RunInstances(image_id="emi-0a11beef", client_token=token)


JUMPS_MS = st.lists(
    st.sampled_from([-60 * DAY_MS, -8 * DAY_MS, -1, 1, 8 * DAY_MS, 60 * DAY_MS]), min_size=2, max_size=8
)


@settings(max_examples=15)
@given(JUMPS_MS)
def test_whatever_the_clock_says_what_runs_is_found_and_a_repeat_is_known(
    tmp_path_factory: pytest.TempPathFactory, jumps_ms: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("jumps")
    asyncio.run(live_through(folder / "cloud.sqlite3", jumps_ms))


async def live_through(file: Path, jumps_ms: list[int]) -> None:
    clock, entropy = SetClock(), CountingEntropy()
    async with Database.open(file, clock=clock) as store:
        await store.write(lambda unit: furnish(unit, a_host("host1", cores=100)))
        mine: dict[str, str] = {}
        mapping = a_mapping()

        def run(token: str, unit: Unit) -> tuple[Reservation, list[Instance]]:
            return instances.run(unit, ANA, asked(token), entropy, mapping)

        def repeated(unit: Unit) -> dict[str, str]:
            return {token: run(token, unit)[1][0].id for token in mine}

        for number, jump_ms in enumerate(jumps_ms):
            clock.at_ms += jump_ms
            token = f"token-{number}"
            _, made = await store.write(partial(run, token))
            mine[token] = made[0].id
            await store.write(lambda unit: unit.audit(Said(who="a", source="", action="", target="", outcome="")))
            await tidy(store, clock, 7 * DAY_MS)
            assert await store.write(repeated) == mine
            found = await store.read(lambda unit: instances.find(unit, ANA, list(mine.values())))
            assert [row.id for row in found] == list(mine.values())
            shown = await store.read(lambda unit: instances.visible(unit, ANA))
            assert {row.id for row in shown} == set(mine.values())
        ended = await store.write(lambda unit: instances.terminate(unit, ANA, list(mine.values())))
        assert {change.instance.state for change in ended} == {InstanceState.SHUTTING_DOWN}
        assert await store.verify_audit() is None


@pytest.mark.parametrize("jump_ms", [-365 * DAY_MS, 365 * DAY_MS])
async def test_a_guest_s_token_lasts_as_long_as_it_was_given_for(tmp_path: Path, jump_ms: int) -> None:
    clock = SetClock()
    async with Database.open(tmp_path / "cloud.sqlite3", clock=clock) as store:
        guest = (await store.write(furnish_guests))[0].id
        service = Metadata(store, clock, os.urandom)
        ttl = {"x-aws-ec2-metadata-token-ttl-seconds": "60"}
        given_token = await service.answer(
            GuestRequest(instance_id=guest, method="PUT", path="/latest/api/token", headers=ttl)
        )
        clock.at_ms += jump_ms
        token = {"x-aws-ec2-metadata-token": given_token.body.decode()}
        path = "/latest/meta-data/instance-id"
        answer = await service.answer(GuestRequest(instance_id=guest, method="GET", path=path, headers=token))
    assert (answer.status, answer.body.decode()) == (200, guest)
