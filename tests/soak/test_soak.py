"""Half a minute of the soak: eight clients at random on scripted hosts and two real ones; nothing is lost or left."""

from pathlib import Path

import pytest

from app.storage.guest_image import BuiltImage
from tests.guest.built_image import guest_image as built_guest_image
from tests.guest.private_host import missing
from tests.net.namespaces import missing as missing_for_namespaces
from tests.soak.gauges import FLAT, HANDLES, Reading, risen
from tests.soak.run import soak
from tests.soak.stage import staged

pytestmark = pytest.mark.guest


@pytest.fixture(scope="session")
def guest_image() -> BuiltImage:
    if why := missing() or missing_for_namespaces():
        pytest.skip(why)
    return built_guest_image()


def test_clients_at_random_lose_double_and_leave_nothing(guest_image: BuiltImage, tmp_path: Path) -> None:
    with staged(tmp_path, guest_image, hosts=12) as stage:
        readings = soak(stage, long_s=30.0, seed=1, pause_s=0.5, says_every_s=2.0, say=print)
    assert risen(readings, HANDLES) == []


@pytest.mark.parametrize("gauge", [limit.gauge for limit in FLAT])
def test_a_gauge_that_rises_is_named(gauge: str) -> None:
    level = {"rss_mib": 100.0, "files": 40, "threads": 16, "database_mib": 10.0, "audit_mib": 1.0}
    readings = [Reading(**(level | {gauge: level[gauge] * (1 + n / 20)})) for n in range(20)]  # type: ignore[arg-type]
    assert [said.split()[0] for said in risen(readings)] == [gauge]
    assert risen(readings[:4] * 5) == []
