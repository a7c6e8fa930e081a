"""`euca backup` and `euca restore`: the cloud's state as one file."""

import os
from pathlib import Path

import click

from app import settings
from app.cli.output import show_json
from app.cli.remote import Remote, remote
from app.client import calls
from app.clock import SystemClock


@click.command(epilog="Example: euca backup monday.sqlite3")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@remote
def backup(cloud: Remote, file: Path) -> None:
    """Write the state of a running cloud to a file (0600: it holds secrets). Image files are not in it."""
    if file.exists():
        raise click.ClickException(f"{file} exists already")
    if not file.parent.is_dir():
        raise click.ClickException(f"there is no directory {file.parent}")
    size = cloud.save(calls.backup(), file)
    if cloud.json:
        show_json({"file": str(file), "bytes": size})
    else:
        click.echo(f"{file}: {size} bytes")


@click.command(epilog="Example: euca restore monday.sqlite3 --state var")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--state", "state_dir", type=click.Path(file_okay=False, readable=False), help="State directory (default: ./var)."
)
def restore(file: Path, state_dir: str | None) -> None:
    """Put a backup in the place of the state of a stopped cloud."""
    from app.store.backup import restore as put_back  # noqa: PLC0415 - `euca backup` needs none of it

    given = settings.load({"state_dir": state_dir}, os.environ)
    put_back(file, given.database, now_ms=SystemClock().now_ms())
    click.echo(
        f"{given.state_dir} holds the state of {file}; start the cloud with euca serve --state {given.state_dir}"
    )
