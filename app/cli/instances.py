"""`euca instance`: what an operator does with instances that EC2's clients can not ask for."""

import click

from app.cli.output import show_json
from app.cli.remote import Remote, remote
from app.client import calls


@click.group(epilog="Example: euca instance move i-0a11beef node2")
def instance() -> None:
    """Instances, as operators see them: EC2's tools launch, stop and end them."""


@instance.command("move", epilog="Example: euca instance move i-0a11beef node2")
@click.argument("instance_id")
@click.argument("host")
@remote
def move(cloud: Remote, instance_id: str, host: str) -> None:
    """Move a running instance to another host without stopping it; the events tell how it ended."""
    moving = cloud.send(calls.move(instance_id, host))
    show_json(moving) if cloud.json else click.echo(f"{moving.id} moves from {moving.moving_from} to {moving.host}")
