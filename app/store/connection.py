"""Opening SQLite: the checks before the first statement, the file's mode, and what every connection is set to.

Transactions are begun and ended by us alone (`isolation_level=None`): Python's own implicit BEGIN is deferred and
would fail with "database is locked" as soon as somebody wrote in between.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sqlite_utils import Database as Schema

from app.domain.errors import Broken, Unavailable
from app.store.faults import translated
from app.store.migrations import check_version, migrate

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
_MAGIC = b"SQLite format 3\0"


def prepare(file: Path, busy_timeout_s: float) -> None:
    """Create the database if it is missing, check that it is ours, and migrate it; Broken or Unavailable if not."""
    try:
        make_file(file)
        check_header(file)
    except OSError as error:
        raise Unavailable("store", f"{file} can not be opened: {error.strerror}") from error
    connection = connect(file, busy_timeout_s)
    try:
        schema = Schema(connection)
        check_version(schema, str(file))
        connection.execute("PRAGMA journal_mode = WAL")
        _check_writable(connection)
        migrate(schema)
    except sqlite3.Error as error:
        raise translated(error) from error
    finally:
        connection.close()


def check_header(file: Path) -> None:
    """Raise Broken for a file that SQLite did not write; an empty one passes."""
    with file.open("rb") as opened:
        head = opened.read(len(_MAGIC))
    if head not in (b"", _MAGIC):
        raise Broken("store", f"{file} is no database")


def connect(
    file: Path, busy_timeout_s: float, *, mode: Literal["rw", "ro"] = "rw", query_only: bool = False
) -> sqlite3.Connection:
    """Open an existing file with the settings that all our connections share."""
    settings = [
        "foreign_keys = ON",
        "synchronous = FULL",
        f"busy_timeout = {round(busy_timeout_s * 1000)}",
        "journal_size_limit = 67108864",
        "wal_autocheckpoint = 4000",
        "temp_store = MEMORY",  # savepoints keep the pages of before; as a file each transaction would make one
        "trusted_schema = OFF",
        *(["query_only = ON"] if query_only else []),
    ]
    try:
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
    except sqlite3.Error as error:
        raise translated(error) from error
    return connection


def still_there(file: Path) -> Callable[[], None]:
    """Return a check that raises Unavailable once another file, or none, has this one's name.

    The trap: a file that was moved away is written to all the same, and nobody finds it at the next start.
    """
    opened = file.stat()

    def check() -> None:
        try:
            now = file.stat()
        except OSError:
            now = None
        if now is None or (now.st_dev, now.st_ino) != (opened.st_dev, opened.st_ino):
            raise Unavailable(
                "store", f"{file} was moved or replaced while it was served: stop the server, put it back"
            )

    return check


def _check_writable(connection: sqlite3.Connection) -> None:
    """Raise now what the first write would: nothing of a server that can not write shall start."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def make_file(file: Path) -> None:
    """Make an empty file that nobody else may read, unless it is there."""
    file.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
    if file.stat().st_mode & 0o777 != FILE_MODE:
        file.chmod(FILE_MODE)
