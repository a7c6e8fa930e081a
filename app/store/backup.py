"""Backups of the database while it is served, and putting one back while it is not.

Both write aside, check, sync and rename, so a kill leaves the old file or the new one. The trap of restoring: a
`-wal` file left beside the new database would be replayed into it; it goes before the rename, after what it holds
was moved into the old file. Cursors go on above those of the replaced journal, since consoles remember them.
"""

import glob
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlite_utils import Database as Schema

from app.domain.errors import Broken, CloudError, Conflict, InUse, Invalid, Unavailable
from app.store.connection import check_header, connect
from app.store.faults import code_of, translated
from app.store.lock import StateLock
from app.store.migrations import check_version, is_ours

BUSY_TIMEOUT_S: Final = 5.0
# The journal that is lost may have gone this much further than the backup's, where nobody can tell any more.
UNKNOWN_CURSORS: Final = 2**32


def backup(database: Path, target: Path) -> None:
    """Write a consistent copy (0600) of a database that may be in use; Conflict if `target` is some other file."""
    if not database.exists():
        raise Unavailable("backup", f"there is no database {database}")
    _check_target(database, target)
    with _aside(target) as draft:
        with closing(connect(database, BUSY_TIMEOUT_S)) as connection:
            connection.execute("VACUUM INTO ?", (str(draft),))
        _check_integrity(draft)


def restore(source: Path, database: Path, *, now_ms: int) -> None:
    """Put a backup in the place of the database.

    InUse while a server runs on the state directory; Broken if the file is no backup of ours, is damaged, or was
    written by a newer version. The journal gets `cloud.restored`, upon which everybody should read everything anew.
    """
    with StateLock.take(database.parent):
        _check_backup(source)
        with _aside(database) as draft:
            with closing(connect(draft, BUSY_TIMEOUT_S)) as copy:
                with closing(connect(source, BUSY_TIMEOUT_S, mode="ro")) as original:
                    original.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                _journal_restored(copy, _cursor_of(database), now_ms)
            _check_integrity(draft)
            _settle(database)


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """Give a file to write beside `target`; if all went well it takes the target's place."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        _clear_abandoned(target)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        yield draft
        _sync(draft)
        draft.replace(target)
        _sync(target.parent)
    except sqlite3.Error as error:
        raise translated(error) from error
    except OSError as error:
        raise Unavailable("backup", f"{target} can not be written: {error.strerror}") from error
    finally:
        for leftover in (draft, *_companions(draft)):
            leftover.unlink(missing_ok=True)


def _clear_abandoned(target: Path) -> None:
    """Remove what processes that were killed left beside `target`."""
    for draft in target.parent.glob(f".{glob.escape(target.name)}.*.new*"):
        owner = draft.name.removeprefix(f".{target.name}.").partition(".")[0]
        if owner.isdecimal() and (int(owner) == os.getpid() or not Path(f"/proc/{owner}").exists()):
            draft.unlink(missing_ok=True)


def _check_target(database: Path, target: Path) -> None:
    if not target.exists():
        return
    if target.samefile(database):
        raise Invalid("file", target, "This is the database itself.")
    if target.stat().st_size:
        try:
            _check_backup(target)
        except CloudError as error:
            raise Conflict("file", str(target), "exists already and is no backup of this cloud") from error


def _check_backup(file: Path) -> None:
    """Raise Broken unless the file is a sound database of ours of a version that we know."""
    try:
        check_header(file)
        with closing(connect(file, BUSY_TIMEOUT_S, mode="ro")) as connection:
            if not is_ours(connection):
                raise Broken("backup", f"{file} is no backup of this cloud")
            check_version(Schema(connection), str(file))
        _check_integrity(file)
    except OSError as error:
        raise Unavailable("backup", f"{file} can not be read: {error.strerror}") from error
    except sqlite3.Error as error:
        raise translated(error) from error


def _check_integrity(file: Path) -> None:
    with closing(connect(file, BUSY_TIMEOUT_S, mode="ro")) as connection:
        verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise Broken("backup", f"{file} is damaged: {verdict}")


def _cursor_of(database: Path) -> int | None:
    """Return the newest cursor of the journal that is about to be replaced, None if nobody can tell."""
    if not database.exists():
        return None
    try:
        with closing(connect(database, BUSY_TIMEOUT_S)) as connection:
            return _newest(connection)
    except (sqlite3.Error, CloudError):
        return None


def _newest(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    return int(row[0]) if row else 0


def _journal_restored(copy: sqlite3.Connection, replaced: int | None, now_ms: int) -> None:
    kept = _newest(copy)
    cursor = kept + UNKNOWN_CURSORS if replaced is None else max(kept, replaced)
    copy.execute(
        "INSERT INTO journal (cursor, at_ms, event, kind, resource_id, text, data) VALUES (?, ?, ?, ?, '', ?, '{}')",
        (cursor + 1, now_ms, "cloud.restored", "cloud", "The state was restored from a backup"),
    )


def _settle(database: Path) -> None:
    """Move what the old database's log holds into its file and take the log away; InUse if somebody has it open."""
    if not database.exists():
        return
    try:
        with closing(connect(database, 0.0)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except (sqlite3.Error, CloudError) as error:
        # Anything but a lock means that the old file can not be read, which may be why it is being replaced.
        cause = error.__cause__ if isinstance(error, CloudError) else error
        if isinstance(cause, sqlite3.Error) and code_of(cause) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise InUse("database", str(database), "another program") from error
    for leftover in _companions(database):
        leftover.unlink(missing_ok=True)


def _companions(file: Path) -> tuple[Path, ...]:
    return tuple(file.with_name(file.name + suffix) for suffix in ("-wal", "-shm", "-journal"))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
