"""`euca gateway`: the network of a cluster on its own head machine."""

import sys
from pathlib import Path
from typing import TextIO

import click

from app import logs


@click.command(epilog="Example: euca gateway --server https://cloud.example.org:8774 --token-file token")
@click.option("--server", default="", help="https://HOST:PORT of the server's GATEWAY_LISTEN.")
@click.option("--token-file", type=click.File(), help="The token that lets it join, once; - reads it from stdin.")
@click.option(
    "--state",
    "state_dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("gateway"),
    show_default=True,
    help="Directory of what it knows.",
)
@click.option(
    "--public-interface", default="", help="The card that public addresses are put on; else they must be routed here."
)
@click.option("--purge", is_flag=True, help="Take away all that it has made here and on hosts.")
def gateway(server: str, token_file: TextIO | None, state_dir: Path, public_interface: str, purge: bool) -> None:
    """Be the network gateway of a cluster that has it elsewhere, until SIGTERM or SIGINT.

    Gives addresses, answers for metadata and enforces security groups of the cluster on this machine, as the server
    says, and goes on with that while the server is away. `euca cluster gateway CLUSTER` gives the token; without one it
    goes on as what it has joined as. It needs the rights of root (CAP_NET_ADMIN).

    Say --server to be the gateway, or --purge, once it has ended, to leave nothing of it; that asks nothing.
    """
    if bool(server) == purge:
        raise click.UsageError("say --server, or --purge")
    from app.server.head import Head, keep_gateway, purge_gateway  # noqa: PLC0415 - `euca gateway --help` needs none of it

    logs.set_up("INFO")
    if purge:
        purge_gateway(state_dir)
        return
    token = token_file.read() if token_file else ""
    head = Head(server=server, state=state_dir, token=token, public_card=public_interface)
    keep_gateway(head, _say)


def _say(cluster: str) -> None:
    click.echo(f"gateway of cluster {cluster}")
    sys.stdout.flush()
