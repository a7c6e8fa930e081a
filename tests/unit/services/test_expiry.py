"""What ended long ago leaves the store; what may still run, or was told about lately, does not."""

from dataclasses import replace

import pytest

from app.domain.commands import RunInstances
from app.domain.ports import Unit
from app.server.upkeep import tidy
from app.services import instances, tags
from app.settings import Settings
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock, a_caller, a_mapping

WEEK_MS = Settings().journal_keep_s * 1000
ANA = a_caller()
ASKED = RunInstances(image_id="emi-0a11beef", min_count=2, max_count=2, client_token="once", tags={"Name": "x"})


def gone(unit: Unit, instance_id: str) -> None:
    row = unit.instances.get(instance_id)
    assert row is not None
    unit.instances.put(replace(row, removed=True))


@pytest.mark.parametrize(("seen_gone", "more_ms", "left"), [(2, 1, 0), (1, 1, 1), (2, 0, 2), (0, 1, 2)])
async def test_ended_instances_leave_a_week_later_once_their_host_let_go(
    store: Database, clock: FrozenClock, entropy: CountingEntropy, seen_gone: int, more_ms: int, left: int
) -> None:
    _, started = await store.write(lambda unit: instances.run(unit, ANA, ASKED, entropy, a_mapping()))
    ids = [row.id for row in started]
    await store.write(lambda unit: instances.act(unit, ANA, "terminate", ids, a_mapping()))
    for instance_id in ids[:seen_gone]:
        await store.write(lambda unit, name=instance_id: gone(unit, name), writer="reconcile")  # type: ignore[misc]
    clock.at_ms += WEEK_MS + more_ms
    await tidy(store, clock, WEEK_MS)
    kept = await store.read(lambda unit: unit.instances.where())
    assert len(kept) == left
    assert len(await store.read(lambda unit: unit.reservations.where())) == (1 if left else 0)
    assert len(await store.read(lambda unit: tags.by_resource(unit, ids))) == left


async def test_the_journal_of_a_week_is_kept(store: Database, clock: FrozenClock) -> None:
    begun = await store.read(lambda unit: unit.cursor())
    clock.at_ms += WEEK_MS
    await store.write(lambda unit: unit.note("test.happened", "cloud", "", "kept"))
    await tidy(store, clock, WEEK_MS)
    assert await store.read(lambda unit: unit.oldest_cursor()) == 1
    clock.at_ms += 1
    await tidy(store, clock, WEEK_MS)
    assert await store.read(lambda unit: unit.oldest_cursor()) == begun + 1
