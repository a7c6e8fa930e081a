"""The scripted hypervisor in its own process, and the stage directions that a test gives it."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Self


class WorldProcess:
    """Start the world, direct it, end it. It survives any server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "app.xen.scripted_world", str(self.path)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready"
        return self

    def __exit__(self, *failure: object) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()

    def uri(self, host: str) -> str:
        return f"scripted+unix:///{host}?socket={self.path}"

    def direct(self, script: str, host: str = "", **said: object) -> Any:
        """Give one stage direction and return its answer."""
        return self._say({"id": 1, "script": script, "host": host, **said})

    def do(self, host: str, action: str, **said: object) -> Any:
        """Act on a host as the server would."""
        return self._say({"id": 1, "do": action, "host": host, **said})

    def _say(self, request: dict[str, object]) -> Any:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(10)
            line.connect(str(self.path))
            line.sendall(json.dumps(request).encode() + b"\n")
            with line.makefile() as answers:
                for answer in answers:
                    said = json.loads(answer)
                    if said.get("id") == 1:
                        assert "refused" not in said, said
                        return said["answer"]
        raise AssertionError("the world hung up")
