"""Files that hold secrets: readable by their owner only, and there whole or not at all, whenever the power goes."""

import os
from pathlib import Path

from app.domain.errors import Unavailable


def keep(file: Path, content: bytes) -> None:
    """Write a file (0600) into its directory, which is made (0700) if missing; Unavailable says why not."""
    aside = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(file)
    except OSError as error:
        raise Unavailable("file", f"{file} can not be written: {error.strerror}") from error


def kept(file: Path) -> bytes:
    """Read a file; empty if there is none."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
