"""`euca console`: the Textual console on a cloud."""

import sys

import click

from app.cli.remote import choose


@click.command(epilog="Example: euca console --url http://127.0.0.1:8773 --read-only")
@click.option("--url", default="", help="Address of the cloud (default: EUCA_URL, else the local one).")
@click.option("--context", "context_name", default="", help="Name of a cloud of the contexts file.")
@click.option("--read-only", is_flag=True, help="Offer no action that changes something.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
def console(url: str, context_name: str, read_only: bool, ascii_only: bool) -> int:
    """Open the console on a cloud."""
    chosen = choose(url, context_name)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException("the console needs a terminal")
    from app.tui.app import run_console  # noqa: PLC0415 - Textual takes half a second to import
    from app.tui.session import Ways  # noqa: PLC0415

    ways = Ways(read_only=read_only, ascii_only=ascii_only)
    return run_console(chosen.url, chosen.token, ways, chosen)
