"""`euca doctor`: is this machine fit, and what to type if not."""

import os

import click

from app import settings
from app.cli.output import show_json
from app.doctor import examine, this_machine


@click.command(epilog="Example: euca doctor --config eucalyptus.conf")
@click.option("--config", type=click.Path(dir_okay=False), help="An eucalyptus.conf.")
@click.option("--state", "state_dir", type=click.Path(file_okay=False), help="State directory (default: ./var).")
@click.option("--listen", help="HOST:PORT (default: 127.0.0.1:8773).")
@click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
def doctor(as_json: bool, **flags: str | None) -> int:
    """Check this machine and its configuration; exit code 1 if something must be done first."""
    checks = examine(settings.load(flags, os.environ), this_machine())
    if as_json:
        show_json(checks)
    else:
        for check in checks:
            click.echo(f"{'ok ' if check.ok else 'NOT'}  {check.name}: {check.found}")
            if check.advice:
                click.echo(f"     type: {check.advice}")
    return 0 if all(check.ok for check in checks) else 1
