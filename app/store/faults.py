"""SQLite's errors as the cloud's: what may pass by itself is Unavailable, what will not is Broken.

Rows that do not fit their table are mistakes of the program and become ValueError.
"""

import sqlite3

from app.domain.errors import Broken, CloudError, Unavailable

_FULL = "the disk of the state directory is full"
_PASSING = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: "another program holds the lock on the database",
    sqlite3.SQLITE_LOCKED: "another program holds the lock on the database",
    sqlite3.SQLITE_IOERR: "the disk of the state directory fails",
    sqlite3.SQLITE_READONLY: "the database can not be written: the state directory is read-only",
    sqlite3.SQLITE_CANTOPEN: "the database can not be opened",
    sqlite3.SQLITE_PROTOCOL: "another program holds the lock on the database",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
}
_FOR_GOOD = {
    sqlite3.SQLITE_CORRUPT: "the database is damaged; restore a backup",
    sqlite3.SQLITE_NOTADB: "the file is no database",
}


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 where Python's module made the error itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def translated(error: sqlite3.Error) -> CloudError | ValueError:
    """Say in the cloud's words what SQLite said."""
    code = code_of(error)
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHMSIZE:  # the log's index could not grow
        return Unavailable("store", f"{_FULL} ({error})")
    if code in _PASSING:
        return Unavailable("store", f"{_PASSING[code]} ({error})")
    if code in _FOR_GOOD:
        return Broken("store", f"{_FOR_GOOD[code]} ({error})")
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return ValueError(f"a row does not fit its table: {error}")
    return Broken("store", str(error))


def told(error: BaseException) -> BaseException:
    """Return what a caller may be told: SQLite's errors translated, and no StopIteration, which no future carries."""
    if isinstance(error, sqlite3.Error):
        said: BaseException = translated(error)
    elif isinstance(error, StopIteration):
        said = RuntimeError("the unit of work raised StopIteration")
    else:
        return error
    said.__cause__ = error
    return said
