"""`euca token`: who may run the cloud over REST, as what, and for how long."""

import os
import re
import time

import click

from app.api.tokens import CreateToken
from app.cli.output import done, show, show_json
from app.cli.remote import Remote, choose, remote, typed
from app.client import token_calls
from app.client.http import SyncCloud
from app.client.signing import SignedByKey
from app.services.accounts import FIRST_ACCOUNT

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_COLUMNS = ("id", "name", "role", "user", "state", "expires_at_ms", "last_used_at_ms", "current")


class Span(click.ParamType[int]):
    """A length of time such as 30d, in seconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", str(value))
        if found is None:
            self.fail(f"{value!r} is no length of time; 12h or 30d could stand there", param, ctx)
        return int(found[1]) * _UNITS_S[found[2]]


@click.group(epilog="Example: euca token create --role viewer --expires 30d --name report")
def token() -> None:
    """Tokens open the REST interface, this command and the console; each has a role and may have an end."""


@token.command("list", epilog="Example: euca token list --json")
@remote
def list_tokens(cloud: Remote) -> None:
    """List your tokens; an administrator sees everybody's."""
    show(cloud.send(token_calls.tokens()).items, _COLUMNS, as_json=cloud.json)


@token.command("create", epilog="Example: euca token create --role viewer --expires 30d --name report")
@click.option("--role", type=click.Choice(("viewer", "operator", "admin")), required=True)
@click.option("--name", default="token", show_default=True, help="What it is for.")
@click.option("--expires", type=Span(), default=None, help="How long it works: 12h, 30d (default: until revoked).")
@click.option("--user", default="", help="Name of the user (default: yourself).")
@click.option("--account", default=FIRST_ACCOUNT, show_default=True, help="Name or id of the user's account.")
@remote
def create_token(cloud: Remote, role: str, name: str, expires: int | None, user: str, account: str) -> None:
    """Make a token; it is shown this once."""
    ends_ms = (int(time.time()) + expires) * 1000 if expires else 0
    asked = CreateToken(role=role, name=name, account=account, user=user, expires_at_ms=ends_ms)
    made = cloud.send(token_calls.create(asked))
    if cloud.json:
        show_json(made)
        return
    click.echo(f"token {made.about.id} of {made.about.user} with role {made.about.role}, shown this once:", err=True)
    click.echo(made.token)


@token.command("get", epilog="Example: export EUCA_TOKEN=$(euca token get)")
@click.option("--url", default="", help="Address of the cloud (default: EUCA_URL, else the local one).")
@click.option("--context", "context_name", default="", help="Name of a cloud of the contexts file.")
def get_token(url: str, context_name: str) -> None:
    """Get a token for 12 hours with the access key of EC2_ACCESS_KEY and EC2_SECRET_KEY."""
    key, secret = os.environ.get("EC2_ACCESS_KEY", ""), os.environ.get("EC2_SECRET_KEY", "")
    if not key or not secret:
        raise click.UsageError("EC2_ACCESS_KEY and EC2_SECRET_KEY are not set; source your eucarc")
    chosen = choose(url, context_name)
    with SyncCloud(chosen.url, "", command=typed(), auth=SignedByKey(key, secret)) as cloud:
        made = cloud.send(token_calls.log_in())
    click.echo(f"token {made.about.id} of {made.about.user} with role {made.about.role}, for 12 hours:", err=True)
    click.echo(made.token)


@token.command("revoke", epilog="Example: euca token revoke tok-5d2f9c0a7be14386d")
@click.argument("token_id")
@remote
def revoke_token(cloud: Remote, token_id: str) -> None:
    """Stop a token from working, at once."""
    cloud.send(token_calls.revoke(token_id))
    done(f"token {token_id} is revoked", as_json=cloud.json, id=token_id, state="revoked")
