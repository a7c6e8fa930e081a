"""A real terminal for tests: tmux, typed into and read from its screen.

The trap: a screen is never complete at the moment it is read, so everything is waited for.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from tests.deadline import PATIENCE_S, eventually

COLUMNS, LINES = 120, 40


class Terminal:
    """One tmux server of its own with one window, 120 × 40."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def tmux(self, *arguments: str, **environment: str) -> str:
        command = [shutil.which("tmux") or "tmux", "-u", "-S", str(self._socket), "-f", "/dev/null", *arguments]
        inherited = {
            name: value for name, value in os.environ.items() if name not in {"TMUX", "NO_COLOR", "COLUMNS", "LINES"}
        }
        env = {**inherited, "TERM": "xterm-256color", **environment}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE_S).stdout

    def run(self, *command: str, **environment: str) -> None:
        """Start a program; its exit code is shown when it has ended. Secrets go by the environment."""
        line = f"{shlex.join(command)}; echo exit code $?; read -r wait"
        self.tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "sh", "-c", line, **environment)

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def text(self) -> str:
        return self.tmux("capture-pane", "-p")

    def shows(self, *parts: str, within_s: float = PATIENCE_S) -> str:
        """Wait until the screen holds all of these, and return it."""
        seen = [""]

        def found() -> bool:
            seen[0] = self.text()
            return all(part in seen[0] for part in parts)

        try:
            eventually(found, within_s)
        except AssertionError:
            raise AssertionError(f"{parts} never came to be; the terminal shows\n{seen[0]}") from None
        return seen[0]

    def hides(self, part: str, within_s: float = PATIENCE_S) -> None:
        eventually(lambda: part not in self.text(), within_s)
