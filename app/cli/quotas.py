"""`euca quota`: what accounts may have at most, and what they have."""

import click

from app.cli.output import show, show_json
from app.cli.remote import Remote, remote
from app.client import quota_calls

DEFAULT = "default"
_COLUMNS = ("account", "resource", "used", "most", "own")


class Most(click.ParamType[int | None]):
    """A number, or the word for what counts by default."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        text = str(value)
        if text == DEFAULT:
            return None
        if not (text.isascii() and text.isdigit()):
            self.fail(f"{text!r} is no number; 20 or {DEFAULT} could stand there", param, ctx)
        return int(text)


@click.group(epilog="Example: euca quota set physics instances 20")
def quota() -> None:
    """Quotas: what an account may have at most of instances, cores, volumes, GiB of volumes, snapshots, addresses."""


@quota.command("list", epilog="Example: euca quota list physics")
@click.argument("account", default="")
@remote
def list_quotas(cloud: Remote, account: str) -> None:
    """List what every account has and may have at most; - stands for no limit."""
    found = cloud.send(quota_calls.of_account(account) if account else quota_calls.quotas())
    show(found.items, _COLUMNS, as_json=cloud.json)


@quota.command("set", epilog="Example: euca quota set physics volume_gib 500")
@click.argument("account")
@click.argument("resource")
@click.argument("most", type=Most())
@remote
def set_quota(cloud: Remote, account: str, resource: str, most: int | None) -> None:
    """Limit what an account may have of a RESOURCE; `default` takes the limit back. What it has stays."""
    now = cloud.send(quota_calls.change(account, resource, most))
    if cloud.json:
        show_json(now)
    else:
        limit = "as much as there is room for" if now.most is None else f"{now.most} at most"
        click.echo(f"{now.account}: {now.resource} {limit}, has {now.used}")
