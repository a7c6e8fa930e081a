"""Fixtures of the guest tier: the guest image and a private libvirtd."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.guest_image import BuiltImage
from tests.contract.libvirtd import Libvirtd
from tests.guest import built_image
from tests.guest.private_host import PrivateHost, missing


@pytest.fixture(scope="session")
def package_cache() -> Path:
    return built_image.package_cache()


@pytest.fixture(scope="session")
def guest_image() -> BuiltImage:
    return built_image.guest_image()


@pytest.fixture
def private_libvirtd() -> Iterator[PrivateHost]:
    """A libvirtd of the test's own, with nothing defined; its guests end with it."""
    if why := missing():
        pytest.skip(why)
    daemon = Libvirtd()
    try:
        yield PrivateHost(daemon)
    finally:
        daemon.stop()
