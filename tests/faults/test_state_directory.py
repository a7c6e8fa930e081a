"""`euca serve` on a state directory that it can not use: one clear line, exit code 1, nothing changed.

Root passes every permission, so the server is started without the capabilities that let it.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from tests.served import ServedCloud

pytestmark = [pytest.mark.faults, pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")]
NOBODY = 65534
POWERLESS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory that a cloud has worked in."""
    state = tmp_path_factory.mktemp("used") / "state"
    with ServedCloud(state, rehearse="1x1"):
        pass
    return state


@pytest.fixture
def state(used: Path, tmp_path: Path) -> Path:
    return shutil.copytree(used, tmp_path / "state")


def serve(state: Path) -> subprocess.CompletedProcess[str]:
    command = [*POWERLESS, sys.executable, "-m", "app", "serve", "--state", str(state), "--listen", "127.0.0.1:0"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def contents(state: Path) -> dict[str, str]:
    return {
        str(path.relative_to(state)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(state.rglob("*"))
        if path.is_file() and path.name not in ("lock", "cloud.sqlite3-shm", "cloud.sqlite3-wal")
    }


def refused(state: Path, *words: str) -> None:
    """Serve; it must end with 1 and one line that holds the words, and leave every file as it was."""
    before = contents(state)
    done = serve(state)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("euca: ")
    assert all(word in done.stderr for word in words), done.stderr
    assert contents(state) == before


def no_database(state: Path) -> None:
    (state / "cloud.sqlite3").write_text("a diary, much longer than the head of a database")


def cut_short(state: Path) -> None:
    os.truncate(state / "cloud.sqlite3", 5000)


def of_another_program(state: Path) -> None:
    (state / "cloud.sqlite3").unlink()
    with closing(sqlite3.connect(state / "cloud.sqlite3")) as other:
        other.execute("CREATE TABLE songs (name TEXT)")


def of_a_newer_version(state: Path) -> None:
    with closing(sqlite3.connect(state / "cloud.sqlite3")) as newer, newer:
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('cloud', '9999_later', '')"
        )


def read_only(state: Path) -> None:
    (state / "cloud.sqlite3").chmod(0o400)


def in_a_directory_that_can_not_be_written(state: Path) -> None:
    (state / "cloud.sqlite3-wal").unlink(missing_ok=True)
    (state / "cloud.sqlite3-shm").unlink(missing_ok=True)
    state.chmod(0o500)


SPOILT: list[tuple[Callable[[Path], None], tuple[str, ...]]] = [
    (no_database, ("cloud.sqlite3 is no database",)),
    (cut_short, ("the database is damaged", "restore a backup")),
    (of_another_program, ("cloud.sqlite3 is a database of another program",)),
    (of_a_newer_version, ("was written by a newer version of this program", "update the program")),
    (read_only, ("cloud.sqlite3 can not be opened: Permission denied",)),
    (in_a_directory_that_can_not_be_written, ("can not be written", "read-only")),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILT, ids=lambda each: getattr(each, "__name__", ""))
def test_a_database_that_can_not_be_used_is_told_in_one_line_and_left_as_it_is(
    state: Path, spoil: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    spoil(state)
    refused(state, *words)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def test_a_database_that_another_program_locks_is_refused_and_served_once_it_lets_go(state: Path) -> None:
    with locked(state / "cloud.sqlite3"):
        refused(state, "another program holds the lock on the database")
    with ServedCloud(state, rehearse="1x1") as served:
        assert "cluster1-host1" in served.euca("host", "list").stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a directory away")
def test_a_state_directory_of_somebody_else_is_refused(state: Path) -> None:
    for path in (state, *state.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    refused(state, str(state), "Permission denied")


def test_a_state_directory_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    refused(tmp_path / "closed" / "state", str(tmp_path / "closed" / "state"), "Permission denied")
