"""One server a state directory: a lock that the kernel drops with the process, however that ends.

The trap: `flock` belongs to the open file, which a forked child shares. Programs we start don't inherit it, but a
process pool must use `spawn` or `forkserver`, or a surviving child keeps the directory locked.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from app.domain.errors import InUse, Unavailable

FILE = "lock"


class StateLock:
    """Held from `take` to `release`; also a context manager."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, state: Path) -> "StateLock":
        """Lock a state directory (made if missing); InUse, naming the process, if another one holds it."""
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(state / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable("state directory", f"{state} can not be locked: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise InUse("state directory", str(state), f"another server (process {holder})") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Let go; the file stays, since removing it would let two processes lock two files of one name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.release()
