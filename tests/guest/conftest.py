"""Fixtures of the guest tier: the guest image, built once for a set of package versions, and a private libvirtd."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.guest_image import BuiltImage, build, built, fingerprint
from tests.contract.libvirtd import Libvirtd
from tests.guest.private_host import PrivateHost, missing


@pytest.fixture(scope="session")
def package_cache() -> Path:
    """The directory that keeps downloaded packages and built images from run to run."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eucalyptus" / "guest"
    home.mkdir(parents=True, exist_ok=True)
    return home


@pytest.fixture(scope="session")
def guest_image(package_cache: Path) -> BuiltImage:
    """The built guest image; test runs side by side build it once."""
    home = package_cache / fingerprint()
    with (package_cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            aside = Path(tempfile.mkdtemp(dir=package_cache, prefix="aside-"))
            remove_old(package_cache)
            try:
                build(aside, package_cache, print)
                aside.replace(home)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    os.utime(home)
    return built(home)


def remove_old(cache: Path) -> None:
    """Remove what was built from older packages or scripts and lay unused for a week, and what killed runs left."""
    for entry in cache.iterdir():
        if entry.is_dir() and entry.stat().st_mtime < time.time() - 7 * 86400:
            shutil.rmtree(entry, ignore_errors=True)


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
