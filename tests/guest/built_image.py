"""The guest image, built once for a set of package versions and kept from run to run, also for runs side by side."""

from pathlib import Path

from app.storage.guest_image import BuiltImage, build, built, fingerprint
from tests.kept_builds import cache_of, kept


def package_cache() -> Path:
    """The directory that keeps downloaded packages and built images from run to run."""
    return cache_of("guest")


def guest_image() -> BuiltImage:
    """Build the image unless it is there."""
    cache = package_cache()
    return built(kept(cache, fingerprint(), lambda home: build(home, cache, print)))
