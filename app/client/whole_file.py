"""Writes a small text file whole or not at all, readable by its owner only."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, *, over: bool = True) -> None:
    """Write the file; raises FileExistsError where one is there and `over` is not wanted, else OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
    aside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        if over:
            aside.replace(path)
        else:
            path.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)
