"""Fixtures of the guest tier: the guest image and a private libvirtd."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.guest_image import BuiltImage
from tests.contract.libvirtd import Libvirtd
from tests.guest import built_image
from tests.guest.private_host import PrivateHost, missing
from tests.guest.qemu_cloud import a_qemu_cloud
from tests.served import ServedCloud


@pytest.fixture(scope="session")
def package_cache() -> Path:
    return built_image.package_cache()


@pytest.fixture(scope="session")
def guest_image() -> BuiltImage:
    return built_image.guest_image()


@pytest.fixture
def cloud(private_libvirtd: PrivateHost, guest_image: BuiltImage, tmp_path: Path) -> Iterator[ServedCloud]:
    """A cloud of one QEMU host in the site's own network."""
    with a_qemu_cloud(private_libvirtd, guest_image, tmp_path) as cloud:
        yield cloud


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
