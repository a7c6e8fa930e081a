"""What tests build once and keep from run to run outside the checkout, also for runs side by side.

A build is named by what went into it, so that nothing stale is ever taken. The trap: a run that is killed while it
builds leaves a part, so a build has its name only when it is whole.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

KEPT_S = 7 * 86400


def cache_of(tier: str) -> Path:
    """Return the directory that keeps downloaded packages and builds of a tier."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eucalyptus" / tier
    home.mkdir(parents=True, exist_ok=True)
    return home


def kept(cache: Path, name: str, make: Callable[[Path], object]) -> Path:
    """Return the directory of a build; `make` fills it unless it is there."""
    home = cache / name
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            aside = Path(tempfile.mkdtemp(dir=cache, prefix="aside-"))
            _remove_old(cache)
            try:
                make(aside)
                aside.replace(home)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    os.utime(home)
    return home


def _remove_old(cache: Path) -> None:
    """Remove what was built from older packages or scripts and lay unused, and what killed runs left."""
    for entry in cache.iterdir():
        if entry.is_dir() and entry.stat().st_mtime < time.time() - KEPT_S:
            shutil.rmtree(entry, ignore_errors=True)
