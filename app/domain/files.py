"""Ports of files on the server's own disk: image bytes, and the small images that tell guests who they are."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

PARTIAL = ".partial"
"""What the marker's name ends with that says of a volume in a host's pool that it is not whole.

The marker is listed instead of the volume, nothing can lie over it, and an upload begins it anew and takes the marker
away; who deletes one of them deletes both, the volume first.
"""

SAVED = ".saved"
"""What the name of a volume ends with that holds the memory of an instance that stands still; see `app.xen.saved`."""

TRIED = SAVED + ".tried"
"""And of one that says that somebody has tried to let it go on from there, which is done once only."""


class ImageFiles(Protocol):
    """The server's library of image bytes: files named by SHA-256, written aside and renamed."""

    def path(self, sha256: str) -> Path:
        """Return the file's path; Missing if there is none."""
        ...

    def checked(self, sha256: str) -> Path:
        """Return the path once the whole file was read and has this digest; Missing, or Broken if it has another."""
        ...

    def add(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store a stream; return SHA-256 and size."""
        ...

    def spool(self) -> AbstractContextManager[Path]:
        """Lend an empty file on the library's disk for bytes on their way into it; it is gone afterwards."""
        ...

    def remove(self, sha256: str) -> None: ...

    def digests(self) -> set[str]: ...


class SeedFiles(Protocol):
    """Makes small disk images that tell a guest who it is, where no metadata address does."""

    def write(self, files: Mapping[str, bytes]) -> tuple[Path, str]:
        """Write an image that holds these files; return where, for the caller to remove, and its SHA-256.

        Unavailable, and nothing left, where the disk does not take it.
        """
        ...
