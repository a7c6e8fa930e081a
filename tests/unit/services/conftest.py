"""A real store in a temporary directory, furnished with one host of eight cores."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock, a_host, furnish


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
