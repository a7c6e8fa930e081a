"""`euca console`: the Textual console on a cloud, in this terminal or, by `--web`, in browsers."""

import os
import sys

import click

from app.cli.remote import check, check_address, choose

DRIVER = "TEXTUAL_DRIVER"
"""Set by whoever serves the console to a browser; then no terminal is needed."""


@click.command(epilog="Example: euca console --url http://127.0.0.1:8773 --read-only")
@click.option("--url", default="", help="Address of the cloud (default: EUCA_URL, else the local one).")
@click.option("--context", "context_name", default="", help="Name of a cloud of the contexts file.")
@click.option("--read-only", is_flag=True, help="Offer no action that changes something.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--web", metavar="HOST:PORT", default="", help="Serve it to browsers, each behind a login of its own.")
@click.option("--web-url", default="", help="With --web: the address that browsers use, if a proxy stands in front.")
def console(url: str, context_name: str, read_only: bool, ascii_only: bool, web: str, web_url: str) -> int:
    """Open the console on a cloud."""
    chosen = choose(url, context_name)
    check_address(chosen)
    if web:
        from app.cli.web import serve_web  # noqa: PLC0415 - a web server is needed by few

        flags = [
            flag for flag, given in (("--read-only", read_only or chosen.read_only), ("--ascii", ascii_only)) if given
        ]
        return serve_web(web, web_url, chosen.url, flags)
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and DRIVER not in os.environ:
        raise click.ClickException("the console needs a terminal; euca console --web 127.0.0.1:8080 needs none")
    check(chosen)
    from app.tui.app import run_console  # noqa: PLC0415 - Textual takes half a second to import
    from app.tui.session import Ways  # noqa: PLC0415

    ways = Ways(read_only=read_only, ascii_only=ascii_only, in_browser=DRIVER in os.environ)
    return run_console(chosen.url, chosen.token, ways, chosen)
