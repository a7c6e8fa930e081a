"""Tests of this directory run in a machine with Debian's kernel, all in one; each has its own outcome out here.

The machine is started when the first of them is due, with all that were chosen. The trap: fixtures belong inside, so
out here nothing of a test is set up; and pytest asks these hooks about tests of every other directory, too.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.domain.errors import Broken
from tests.fullkernel.kernel import full_kernel
from tests.fullkernel.machine import SHARED, missing, run
from tests.fullkernel.telling import FILE, Teller, inside, told
from tests.net.namespaces import Namespace

HERE = Path(__file__).parent
PLUGINS = ("-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin")
"""Every other one only takes time."""

REPORTS = pytest.StashKey[dict[str, list[pytest.TestReport]]]()
LAST_WORDS = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    if inside():
        config.pluginmanager.register(Teller(config))
        config.addinivalue_line("markers", "xdist_group(name): means nothing here, where one process runs all")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    why = "" if inside() else missing()
    for item in _of_here(items) if why else ():
        item.add_marker(pytest.mark.skip(reason=why))


def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    if inside() or not _of_here([item]) or item.get_closest_marker("skip"):
        return None
    stash = item.session.stash
    if REPORTS not in stash:
        stash[REPORTS], stash[LAST_WORDS] = _all_run(item.session)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in stash[REPORTS].get(item.nodeid) or [_lost(item, stash[LAST_WORDS])]:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _of_here(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if item.path.is_relative_to(HERE)]


def _all_run(session: pytest.Session) -> tuple[dict[str, list[pytest.TestReport]], str]:
    """Run all tests of this directory that were chosen; return their reports and what the machine said last."""
    ids = [item.nodeid for item in _of_here(session.items)]
    strict = ["--strict-skips"] if session.config.getoption("--strict-skips") else []
    with tempfile.TemporaryDirectory(prefix="euca-") as name:
        shared = Path(name)
        pytest_inside = [sys.executable, "-m", "pytest", "-q", *PLUGINS, *strict, *ids]
        try:
            words = run(full_kernel(), ["env", *_words(), *pytest_inside], session.config.rootpath, shared)
        except Broken as error:
            words = str(error)
        return told(session.config, shared / "reports"), words


def _words() -> list[str]:
    """Form the environment inside."""
    kept = [f"{name}={os.environ[name]}" for name in ("CI", "PATH", "LANG") if name in os.environ]
    return [*kept, "HOME=/root", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", f"{FILE}={SHARED}/reports"]


def _lost(item: pytest.Item, words: str) -> pytest.TestReport:
    why = f"the machine ended before this test did\n{words}"
    return pytest.TestReport(
        nodeid=item.nodeid, location=item.location, keywords={}, outcome="failed", longrepr=why, when="call"
    )


@pytest.fixture
def machine() -> Iterator[Namespace]:
    """A machine of the test's own, as a namespace."""
    with Namespace() as namespace:
        yield namespace
