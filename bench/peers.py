"""The peers a user could pick instead, each from a virtual environment of its own that is made at the first run.

A peer that can not be installed or started says why, and the rest goes on.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.environments import virtual
from bench.processes import Started, free_port
from bench.requests import Endpoint

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ROOT / ".venv-bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How to install and start one; `{port}` is filled in. `slow`: its lists of a thousand take many seconds."""

    name: str
    python: str
    command: Sequence[str]
    port_variable: str = ""
    slow: bool = False

    @property
    def lock(self) -> Path:
        return Path(__file__).with_name(f"peers-{self.name}.lock")

    def installed(self) -> Path:
        """Make its environment, unless it is there already."""
        return virtual(ENVIRONMENTS / self.name, self.lock, self.python)

    @property
    def version(self) -> str:
        pins = (line.split("==") for line in self.lock.read_text().splitlines())
        return next(version for name, version in pins if name == self.name)


MOTO = Peer(name="moto", python="3.11", command=("moto_server", "-H", "127.0.0.1", "-p", "{port}"), slow=True)
MINISTACK = Peer(name="ministack", python="3.12", command=("ministack",), port_variable="GATEWAY_PORT")
PEERS = (MOTO, MINISTACK)


@dataclass(slots=True, kw_only=True)
class Beside:
    """The peers that run, by name, and why the others do not."""

    running: dict[str, Endpoint] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def word(self, name: str, measured: str) -> str:
        """Say what a peer did, or why nothing is known."""
        return f"{name} {measured if name in self.running else 'absent'}"


@contextmanager
def beside(folder: Path) -> Iterator[Beside]:
    """Install and start all peers."""
    found = Beside()
    with ExitStack() as stack:
        for peer in PEERS:
            try:
                environment, port = peer.installed(), free_port()
                command = [
                    str(environment / "bin" / peer.command[0]),
                    *(word.format(port=port) for word in peer.command[1:]),
                ]
                more = {"BIND_HOST": "127.0.0.1", **({peer.port_variable: str(port)} if peer.port_variable else {})}
                stack.enter_context(Started(command, port, folder / f"{peer.name}.log", more))
                found.running[peer.name] = Endpoint(url=f"http://127.0.0.1:{port}")
            except (OSError, subprocess.SubprocessError) as error:
                found.absent[peer.name] = str(error)
                print(f"{peer.name} {peer.version} is left out: {error}", file=sys.stderr)
        yield found
