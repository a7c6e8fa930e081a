"""The guest image, built once for a set of package versions and kept from run to run, also for runs side by side."""

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from app.storage.guest_image import BuiltImage, build, built, fingerprint

KEPT_S = 7 * 86400


def package_cache() -> Path:
    """The directory that keeps downloaded packages and built images from run to run."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eucalyptus" / "guest"
    home.mkdir(parents=True, exist_ok=True)
    return home


def guest_image() -> BuiltImage:
    """Build the image unless it is there."""
    cache = package_cache()
    home = cache / fingerprint()
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            aside = Path(tempfile.mkdtemp(dir=cache, prefix="aside-"))
            _remove_old(cache)
            try:
                build(aside, cache, print)
                aside.replace(home)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    os.utime(home)
    return built(home)


def _remove_old(cache: Path) -> None:
    """Remove what was built from older packages or scripts and lay unused, and what killed runs left."""
    for entry in cache.iterdir():
        if entry.is_dir() and entry.stat().st_mtime < time.time() - KEPT_S:
            shutil.rmtree(entry, ignore_errors=True)
