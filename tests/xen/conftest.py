"""Fixtures of the Xen tier: one emulated host for the session, one connection for each test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from app.xen.domain_xml import PV_BOOT_LOADER
from tests.contract.arenas import Arena
from tests.xen.built_lab import built_lab, missing
from tests.xen.dom0_files import IDLE_GUEST
from tests.xen.xen_arena import xen_arena
from tests.xen.xen_host import XenHost


@pytest.fixture(scope="session")
def xen_host() -> Iterator[XenHost]:
    if why := missing():
        pytest.skip(f"a Xen host {why}")
    with started(XenHost(built_lab())) as host:
        yield host


@pytest.fixture(scope="session")
def other_xen_host(xen_host: XenHost) -> Iterator[XenHost]:
    """A second host, beside the first one on a network that only they have."""
    with started(XenHost(xen_host.lab, 2, xen_host.wire)) as host:
        yield host


@contextmanager
def started(host: XenHost) -> Iterator[XenHost]:
    try:
        host.start()
        host.wait()
        yield host
    finally:
        host.stop()


@pytest.fixture(scope="module")
def idle_guests(xen_host: XenHost) -> Iterator[None]:
    """Have guests without a kernel do nothing: GRUB, which they get otherwise, takes a processor for waiting."""
    xen_host.run(f"mount --bind {IDLE_GUEST} {PV_BOOT_LOADER}")
    yield
    xen_host.run(f"umount {PV_BOOT_LOADER}")


@pytest.fixture
async def arena(xen_host: XenHost, idle_guests: None) -> AsyncIterator[Arena]:
    """The Xen host, joined, and emptied afterwards."""
    arena = xen_arena(xen_host)
    arena.join()
    yield arena
    await arena.close()
