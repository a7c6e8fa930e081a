"""Programs of the machine that the builder needs: each call has a deadline, and a missing one names its package."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import Broken, TimedOut

_PORT = "guest image"
_PACKAGES = {
    "apt-cache": "apt",
    "apt-get": "apt",
    "debugfs": "e2fsprogs",
    "dpkg-deb": "dpkg",
    "mke2fs": "e2fsprogs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What a program wrote: its answer and its complaints."""

    answer: str
    complaints: str


def run(
    arguments: Sequence[str],
    *,
    deadline_s: float,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    output: Path | None = None,
) -> Printed:
    """Run a program; return what it printed, its answer in the file `output` if that is given.

    Broken if it is not installed or fails, with its own last words; TimedOut after `deadline_s`.
    """
    name = arguments[0]
    # mke2fs and debugfs live where only root's PATH looks
    program = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin")))
    if program is None:
        raise Broken(_PORT, f"{name} is not installed: sudo apt-get install {_PACKAGES.get(name, name)}")
    with (output or Path(os.devnull)).open("wb") as sink:
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and the words are ours
                [program, *arguments[1:]],
                cwd=directory,
                env={**os.environ, "LC_ALL": "C", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=sink if output else subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=deadline_s,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise TimedOut(_PORT, name, deadline_s) from late
    complaints = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        raise Broken(_PORT, f"{name} failed: {complaints[-500:] or f'exit code {done.returncode}'}")
    return Printed(answer="" if output else done.stdout.decode(errors="replace"), complaints=complaints)
