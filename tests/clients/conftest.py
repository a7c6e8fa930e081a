"""One served rehearsal cloud for all clients of the gate."""

from collections.abc import Iterator

import pytest

from tests.served import ServedCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("clients") / "state") as served:
        yield served


@pytest.fixture(scope="session")
def credentials(cloud: ServedCloud) -> dict[str, str]:
    return cloud.credentials()
