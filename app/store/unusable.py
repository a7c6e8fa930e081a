"""Files that a cloud can do without: what can not be used is renamed out of the way, so that one is begun anew.

The trap: a full disk or a lock is no damage; only what SQLite calls corrupt, or what it can not have written, is.
"""

import sqlite3
from pathlib import Path


def is_broken(error: Exception) -> bool:
    """Tell whether a failure means that the file itself is damaged."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or not isinstance(error, sqlite3.Error | OSError)


def set_aside(file: Path) -> None:
    """Rename the file out of the way, replacing the one that was set aside before; its log goes."""
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    if file.exists():
        file.replace(file.with_name(file.name + ".unusable"))
