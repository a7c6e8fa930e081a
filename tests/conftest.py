"""Every test's surroundings: skips count as failures in CI, a tier stays on one worker, laws have no time limit.

The trap: under load a Hypothesis deadline measures the machine and not the code, so there is none.
"""

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ("tests.house.strict_skips",)

SPREAD_TIERS = frozenset({"unit", "laws", "golden", "house", "simulation"})
HERE = Path(__file__).parent

settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tier = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else "house"
        if tier not in SPREAD_TIERS:
            item.add_marker(pytest.mark.xdist_group(tier))
