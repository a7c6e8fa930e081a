"""One server a state directory."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.errors import InUse
from app.store.lock import StateLock

HOLD = """
import sys
from pathlib import Path
from app.store.lock import StateLock
lock = StateLock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_server_is_refused_and_told_who_is_first(tmp_path: Path) -> None:
    with StateLock.take(tmp_path / "state"):
        with pytest.raises(InUse) as caught:
            StateLock.take(tmp_path / "state")
        assert str(caught.value).endswith(f"is in use by another server (process {os.getpid()})")
    StateLock.take(tmp_path / "state").release()


def test_the_directory_and_the_lock_are_for_the_owner_only(tmp_path: Path) -> None:
    with StateLock.take(tmp_path / "state"):
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "state" / "lock").stat().st_mode & 0o777 == 0o600


def test_a_killed_server_leaves_no_lock(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(InUse, match=f"process {child.pid}"):
            StateLock.take(tmp_path)
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
    StateLock.take(tmp_path).release()
