"""A real store in a temporary directory, furnished with one host of eight cores."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.commands import RunInstances
from app.domain.instance import Instance
from app.services import instances
from app.services.mapping import Mapping
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock, a_host, a_mapping, an_image, furnish
from tests.unit.services.ruled_cloud import ANA, Launch, hosts


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def entropy() -> CountingEntropy:
    return CountingEntropy()


@pytest.fixture
async def store(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Database]:
    database = Database.open(tmp_path / "cloud.sqlite3", clock=clock)
    await database.write(lambda unit: furnish(unit, a_host("host1")))
    yield database
    await database.close()


@pytest.fixture
def mapping(clock: FrozenClock) -> Mapping:
    return a_mapping(clock)


@pytest.fixture
async def cloud(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Database]:
    database = Database.open(tmp_path / "cloud.sqlite3", clock=clock)
    await database.write(lambda unit: furnish(unit, *hosts()))
    yield database
    await database.close()


@pytest.fixture
async def launch(cloud: Database, mapping: Mapping, entropy: CountingEntropy) -> Launch:
    async def run(count: int = 1, **asked: object) -> list[Instance]:
        command = RunInstances(image_id=an_image().id, min_count=count, max_count=count, **asked)  # type: ignore[arg-type]
        _, started = await cloud.write(lambda unit: instances.run(unit, ANA, command, entropy, mapping))
        return started

    return run
