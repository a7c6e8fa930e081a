"""`euca serve`: settings from flags, environment and file, then the server until it is told to stop."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import click

from app import logs, settings
from app.doctor import local_uris
from app.server.serve import serve as serve_cloud

log = logging.getLogger(__name__)


@click.command(epilog="Example: euca serve --state var --listen 127.0.0.1:8773 --rehearse 2x3")
@click.option("--config", type=click.Path(dir_okay=False), help="An eucalyptus.conf.")
@click.option(
    "--state", "state_dir", type=click.Path(file_okay=False, readable=False), help="State directory (default: ./var)."
)
@click.option("--listen", help="HOST:PORT (default: 127.0.0.1:8773); port 0 takes a free one.")
@click.option("--rehearse", help="CxN: C clusters of N rehearsal hosts each; or none.")
@click.option("--stop-with-parent", is_flag=True, hidden=True)
def serve(stop_with_parent: bool, **flags: str | None) -> None:
    """Serve a cloud until SIGTERM or SIGINT.

    Prints one line `ready http://HOST:PORT` on stdout once requests are answered. A cloud that has no hosts yet gets
    rehearsal hosts: libvirt's own test driver, in process, nothing on this machine is touched.
    """
    given = settings.load(flags, os.environ)
    logs.set_up(given.log_level)
    for idle in given.idle:
        fields = {"at": idle.origin, "key": idle.key, "why": idle.why}
        log.warning("a setting is not used", extra={"fields": fields})
    if stop_with_parent:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    serve_cloud(
        given,
        lambda url: _say_what_to_type(url, given.state_dir),
        lambda: settings.load(flags, os.environ),
    )


def _say_what_to_type(url: str, state: Path) -> None:
    click.echo(f"ready {url}")
    sys.stdout.flush()
    lines = [
        f"The cloud answers at {url}; its state lies in {state}.",
        f'Credentials:  eval "$(euca credentials --format env --state {state})"',
        f"Console:      euca console --url {url}",
    ]
    lines += [f"This machine has a hypervisor. Let it join:  euca host add {uri}" for uri in local_uris()]
    click.echo("\n".join(lines), err=True)


def _stop_at_end_of_input() -> None:
    # Not sys.stdin: a daemon thread that holds its lock breaks the end of the interpreter.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
