"""Fixtures of the Xen tier: one emulated host for the session, one connection for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.contract.arenas import Arena
from tests.xen.built_lab import built_lab, missing
from tests.xen.xen_arena import xen_arena
from tests.xen.xen_host import XenHost


@pytest.fixture(scope="session")
def xen_host() -> Iterator[XenHost]:
    if why := missing():
        pytest.skip(f"a Xen host {why}")
    host = XenHost(built_lab())
    try:
        host.start()
        host.wait()
        yield host
    finally:
        host.stop()


@pytest.fixture
async def arena(xen_host: XenHost) -> AsyncIterator[Arena]:
    """The Xen host, joined, and emptied afterwards."""
    arena = xen_arena(xen_host)
    arena.join()
    yield arena
    await arena.close()
