"""What tests of the console share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.tmux import Terminal


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path must be short, and -L would leave it behind
        terminal = Terminal(Path(folder) / "tmux")
        yield terminal
        terminal.tmux("kill-server")
