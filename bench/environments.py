"""Environments of their own for programs that are not ours: peers of a benchmark, clients of a test.

Made at the first use from what a lock file pins, and made anew when that file changes. The trap: a `python3.12` or
`python2.7` on the path may be a shim that only says where one could be, so an interpreter is asked before it is
believed.
"""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALL_WITHIN_S = 600
_PIP = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps")


class NotHere(OSError):
    """The machine lacks an interpreter; nothing of ours could install it."""


def virtual(environment: Path, lock: Path, python: str) -> Path:
    """Make a virtual environment, unless what its lock pins is there already; OSError says why it could not be."""
    interpreter = _interpreter(python)
    with _alone(environment):
        if not _is_made(environment, lock):
            _begin(environment, lock)
            _run(interpreter, "-m", "venv", str(environment))
            _run(str(environment / "bin" / "python"), *_PIP, "-r", str(lock))
            _finish(environment, lock)
    return environment


def folder_of_packages(environment: Path, lock: Path, python: str) -> tuple[str, Path]:
    """Install into a folder for PYTHONPATH, for a Python too old for venv; return the interpreter and the folder."""
    interpreter = _interpreter(python)
    with _alone(environment):
        if not _is_made(environment, lock):
            _begin(environment, lock)
            # What a build leaves behind for tools of today is no warning of interest.
            _run(interpreter, "-W", "ignore", *_PIP, "--target", str(environment), "-r", str(lock))
            _finish(environment, lock)
    return interpreter, environment


def node(environment: Path, packages: Path) -> Path:
    """Install what `package-lock.json` in a folder pins."""
    lock = packages / "package-lock.json"
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotHere("node is not on this machine")
    with _alone(environment):
        if not _is_made(environment, lock):
            _begin(environment, lock)
            environment.mkdir(parents=True)
            for file in (lock, packages / "package.json"):
                shutil.copy(file, environment)
            words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            _run(npm, *words, "--prefix", str(environment))
            _finish(environment, lock)
    return environment


@contextmanager
def _alone(environment: Path) -> Iterator[None]:
    """Let one process at a time look at an environment and make it; the lock goes with the process."""
    environment.parent.mkdir(parents=True, exist_ok=True)
    with environment.with_name(f"{environment.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _is_made(environment: Path, lock: Path) -> bool:
    mark = environment / f"made-from-{lock.name}"
    return mark.exists() and mark.read_text() == lock.read_text()


def _begin(environment: Path, lock: Path) -> None:
    shutil.rmtree(environment, ignore_errors=True)
    print(f"installing what {lock.name} pins …", file=sys.stderr, flush=True)


def _finish(environment: Path, lock: Path) -> None:
    (environment / f"made-from-{lock.name}").write_text(lock.read_text())


def _interpreter(version: str) -> str:
    """Find an interpreter that really starts; NotHere if there is none."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for candidate in (shutil.which(f"python{version}"), *map(str, kept), sys.executable):
        asked = "import sys; print('%d.%d' % sys.version_info[:2])"
        if candidate is not None:
            told = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
            if told.stdout.strip() == version:
                return candidate
    raise NotHere(f"Python {version} is not on this machine")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_WITHIN_S)
    if done.returncode:
        raise OSError(f"{command[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
