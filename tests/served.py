"""A served cloud as its users meet it: the real program in a process of its own, on a free port.

Used by every test that wants real HTTP. The trap: `ready` is printed once requests are answered, so nothing here
sleeps; a server that dies instead shows its own words.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

READY_WITHIN_S = 90.0


class ServedCloud:
    """Start, stop, kill and start again one server on one state directory."""

    def __init__(
        self, state: Path, *, rehearse: str = "2x3", config: Path | None = None, by_way_of: Sequence[str] = ()
    ) -> None:
        """Prepare; `by_way_of` are words before the command that end in executing it."""
        self.state, self.url, self._by_way_of = state, "", by_way_of
        self._arguments = ["--state", str(state)]
        self._arguments += ["--config", str(config)] if config else ["--rehearse", rehearse]
        self.listen = "127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Serve; the port stays the same over restarts."""
        log = (self.state.parent / f"{self.state.name}.log").open("a")
        self._process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        self.url = self._ready_line().removeprefix("ready ").strip()
        self.listen = self.url.removeprefix("http://")
        return self

    def command(self) -> list[str]:
        """Form what starts the server."""
        return [*self._by_way_of, sys.executable, "-m", "app", "serve", *self._arguments, "--listen", self.listen]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill -9, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._ended()

    def stop(self) -> int:
        """Ask the server to end and return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._ended()

    def log(self) -> str:
        return (self.state.parent / f"{self.state.name}.log").read_text()

    def euca(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the `euca` command against this server as its administrator; unless told otherwise it must succeed."""
        command = [sys.executable, "-m", "app", *arguments]
        environment = {**os.environ, **self.credentials()}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert not check or done.returncode == 0, done.stderr
        return done

    def credentials(self, *arguments: str) -> dict[str, str]:
        """Return what `euca credentials --format env` exports."""
        done = subprocess.run(
            [sys.executable, "-m", "app", "credentials", "--format", "env", "--state", str(self.state), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        lines = (line.removeprefix("export ").partition("=") for line in done.stdout.splitlines() if "=" in line)
        return {name: value.strip("'\"") for name, _, value in lines}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *failure: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def _ended(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        code = self._process.wait(10)
        self._process.stdout.close()
        return code

    def _ready_line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        deadline = time.monotonic() + READY_WITHIN_S
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if waiting.select(timeout=0.2):
                    line = self._process.stdout.readline()
                    if line.startswith("ready "):
                        return line
                    if not line:
                        break
        self.kill()
        raise AssertionError(f"the server did not get ready; it said:\n{self.log()}")
