"""A scripted world in a process of its own, and the hand that directs it.

`World()` starts it; a host joins with `uri(host)`, `direct(…)` gives a stage direction of `app/xen/scripted_world.py`,
`do(…)` acts as a server would. It ends with the test process, not with a server. The trap: one line out, one answer
in, but events arrive in between.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Lock
from typing import Any, Self

from tests.deadline import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]


class World:
    """One process; a context manager, or ended with `stop`."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="euca-world-")
        self.socket = Path(self.folder.name) / "world.sock"
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "app.xen.scripted_world", str(self.socket)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"
        self._hand = socket.socket(socket.AF_UNIX)
        self._hand.settimeout(PATIENCE_S)
        self._hand.connect(str(self.socket))
        self._lines = self._hand.makefile("rb")
        self._one_at_a_time = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def uri(self, host: str, query: str = "") -> str:
        return f"scripted+unix:///{host}?socket={self.socket}{query}"

    def direct(self, script: str, host: str = "", **more: Any) -> Any:
        """Give a stage direction and return its answer."""
        return self._say({"script": script, "host": host, **more})

    def do(self, host: str, action: str, **more: Any) -> Any:
        """Act on a host as a server would and return its answer."""
        return self._say({"do": action, "host": host, **more})

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        self._lines.close()
        self._hand.close()
        self.thaw()
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.folder.cleanup()

    def _say(self, request: dict[str, Any]) -> Any:
        with self._one_at_a_time:
            self._hand.sendall(json.dumps({"id": 0, **request}).encode() + b"\n")
            while True:
                reply = json.loads(self._lines.readline())
                if "id" in reply:
                    assert "refused" not in reply, reply
                    return reply["answer"]
