"""`euca network`: private networks of security groups, and what of them is on this machine.

`list` and `show` ask a cloud; `plan` and `purge` look at this machine themselves, for when no server runs.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any, cast

import click

from app import settings
from app.api.holdings import NetworkView
from app.cli.output import show, show_json
from app.cli.remote import Remote, remote
from app.client.holding_calls import listed, one

_COLUMNS = ("id", "group", "account", "subnet", "vlan", "taken", "size", "bridge")
_CLEAN = "Nothing of this cloud is on this machine's network."
_ALL = (*_COLUMNS, "gateway", "group_id", "account_id", "created_at_ms")


@click.group(epilog="Example: euca network list")
def network() -> None:
    """Private networks of security groups, and what of them is on this machine."""


@network.command("list", epilog="Example: euca network list --json")
@remote
def list_networks(cloud: Remote) -> None:
    """List networks: whose they are and how full."""
    found = cast("list[NetworkView]", cloud.send(listed("network")).items)
    show(found, _COLUMNS, as_json=cloud.json)


@network.command("show", epilog="Example: euca network show vlan10")
@click.argument("name", metavar="NETWORK")
@remote
def show_network(cloud: Remote, name: str) -> None:
    """Show one network."""
    found = cast("NetworkView", cloud.send(one("network", name)))
    show_json(found) if cloud.json else show([found], _ALL, as_json=False)


def _here(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say whose network on this machine is meant."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print data as JSON."),
        click.option(
            "--state", "state_dir", type=click.Path(file_okay=False), help="State directory (default: ./var)."
        ),
        click.option("--config", type=click.Path(dir_okay=False), help="An eucalyptus.conf."),
    ):
        command = option(command)
    return command


@network.command("plan", epilog="Example: euca network plan --config eucalyptus.conf --state var")
@_here
def plan(*, as_json: bool, **flags: Any) -> None:
    """Tell what a server would change here, and change nothing."""
    from app.server import this_machine  # noqa: PLC0415 - the server's parts take a while to import

    _tell(asyncio.run(this_machine.changes(settings.load(flags, os.environ))), "Nothing would change.", as_json=as_json)


@network.command("purge", epilog="Example: euca network purge --state var --dry-run")
@click.option("--dry-run", is_flag=True, help="Tell what would be done and do nothing.")
@click.option("--force", is_flag=True, help="Also while instances have addresses there; they are cut off.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@_here
def purge(*, dry_run: bool, force: bool, yes: bool, as_json: bool, **flags: Any) -> None:
    """Take away what a stopped cloud has made here.

    Only what it has made of this machine's network, and nothing else; say the --state and --config that it had. Other
    machines are cleaned by `euca host remove`, while it still runs.
    """
    from app.server import this_machine  # noqa: PLC0415 - the server's parts take a while to import

    def agree(lines: Sequence[str]) -> None:
        _tell(lines, _CLEAN, as_json=as_json)
        if lines and not yes:
            click.confirm("Do all of this?", abort=True, err=True)

    given = settings.load(flags, os.environ)
    if dry_run:
        _tell(asyncio.run(this_machine.teardown(given)), _CLEAN, as_json=as_json)
    else:
        asyncio.run(this_machine.tear_down(given, agree, force=force))


def _tell(lines: Sequence[str], none: str, *, as_json: bool) -> None:
    if as_json:
        show_json(list(lines))
    else:
        click.echo("\n".join(lines) or none)
