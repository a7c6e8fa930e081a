"""The server's library of image bytes: one file per content, named by its SHA-256.

The trap: a file that has its name is complete and durable, whatever was killed when. So bytes are written aside,
forced to disk and only then renamed; what a crash left aside is removed at the next opening, unless a living
writer still holds its lock. Calls block on the disk: from the event loop use a thread.
"""

import errno
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.domain.errors import Broken, CloudError, Missing

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = "part-"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Library:
    """ImageFiles on a directory of its own, which is made if need be (mode 0700; files 0600)."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.chmod(0o700)
        self._remove_leftovers()

    def path(self, sha256: str) -> Path:
        """Return the file's path; Missing if there is none or the digest has not the form of one."""
        path = self._place(sha256)
        if not path.is_file():
            raise Missing("image file", sha256)
        return path

    def checked(self, sha256: str) -> Path:
        """Return the path once the whole file was read and has this digest; Missing, or Broken if it has another."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as refused:
            raise Broken("image library", f"the file {sha256} can not be read: {refused.strerror}") from refused
        if found != sha256:
            raise Broken("image library", f"the file {sha256} is damaged: its digest is {found}")
        return path

    def add(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store a stream; return SHA-256 and size in bytes. Adding the same content again succeeds.

        Broken if the disk is full or refuses; whatever goes wrong, nothing is left.
        """
        digest, size = hashlib.sha256(), 0
        with self._part() as part:
            for chunk in chunks:
                with self._disk_refusals():
                    _write_all(part.fileno, chunk)
                digest.update(chunk)
                size += len(chunk)
            with self._disk_refusals():
                os.fsync(part.fileno)
                part.path.replace(self._directory / digest.hexdigest())
                self._sync_directory()
        return digest.hexdigest(), size

    @contextmanager
    def spool(self) -> Iterator[Path]:
        """Lend an empty file on the library's disk for bytes on their way into it; it is gone afterwards."""
        with self._part() as part:
            yield part.path

    def remove(self, sha256: str) -> None:
        """Remove a file; none is no error."""
        with self._disk_refusals():
            self._place(sha256).unlink(missing_ok=True)
            self._sync_directory()

    def digests(self) -> set[str]:
        """Return the digest of every stored file."""
        return {entry.name for entry in self._directory.iterdir() if _DIGEST.fullmatch(entry.name)}

    def _place(self, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise Missing("image file", sha256)
        return self._directory / sha256

    @contextmanager
    def _part(self) -> Iterator["_Part"]:
        with self._disk_refusals():
            part = _Part(self._directory / (_PART + secrets.token_hex(8)))
        try:
            yield part
        finally:
            part.close()

    @contextmanager
    def _disk_refusals(self) -> Iterator[None]:
        try:
            yield
        except CloudError:
            raise
        except OSError as refused:
            why = "no space is left" if refused.errno in _FULL else (refused.strerror or "the disk refused").lower()
            raise Broken("image library", f"{why} in {self._directory}; nothing was stored") from refused

    def _sync_directory(self) -> None:
        fileno = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fileno)
        finally:
            os.close(fileno)

    def _remove_leftovers(self) -> None:
        for entry in self._directory.iterdir():
            if entry.name.startswith(_PART) and not _is_being_written(entry):
                entry.unlink(missing_ok=True)


class _Part:
    """A file being written; the lock tells other processes that its writer lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fileno = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.fileno, fcntl.LOCK_EX)

    def close(self) -> None:
        with suppress(FileNotFoundError):  # renamed: it was completed
            self.path.unlink()
        os.close(self.fileno)


def _is_being_written(path: Path) -> bool:
    try:
        fileno = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fileno)
    return False


def _write_all(fileno: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(fileno, rest) :]
