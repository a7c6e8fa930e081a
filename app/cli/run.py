"""`euca run`: a server in a child process and the console in the foreground; what `make run` does on a terminal.

The child stops when its standard input ends, so that it does not outlive a console that was killed.
"""

import os
import subprocess
import sys
from pathlib import Path

import click

from app.cli.remote import local

STOP_WITHIN_S = 6.0
DEFAULT_STATE = "var"


@click.command(epilog="Example: euca run --state var --rehearse 2x3")
@click.option("--config", type=click.Path(dir_okay=False), help="An eucalyptus.conf.")
@click.option("--state", "state_dir", type=click.Path(file_okay=False), default=DEFAULT_STATE, help="State directory.")
@click.option("--listen", help="HOST:PORT (default: 127.0.0.1:8773); port 0 takes a free one.")
@click.option("--rehearse", help="CxN: C clusters of N rehearsal hosts each (default for an empty cloud: 2x3).")
def run(state_dir: str, **flags: str | None) -> int:
    """Serve a cloud and open the console on it; both end together."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException("the console needs a terminal; without one use euca serve")
    state = Path(state_dir)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "app", "serve", "--stop-with-parent", "--state", state_dir]
    for name, value in flags.items():
        command += [f"--{name}", value] if value else []
    log = state / "serve.log"
    with (
        os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as errors,
        subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        ) as server,
    ):
        try:
            return _console_on(server, state, log)
        finally:
            _stop(server)


def _console_on(server: subprocess.Popen[str], state: Path, log: Path) -> int:
    assert server.stdout is not None
    if not server.stdout.readline().startswith("ready "):
        server.wait(STOP_WITHIN_S)
        raise click.ClickException(_last_line(log))
    cloud = local(state)
    if cloud is None:
        raise click.ClickException(f"{state} holds no credentials")
    from app.tui.app import run_console  # noqa: PLC0415 - Textual takes half a second to import

    return run_console(cloud.url, cloud.token, read_only=False, ascii_only=False)


def _stop(server: subprocess.Popen[str]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            server.kill()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("euca: ") if lines else "the server did not start"
