"""`euca credentials`: what clients need to know, in the form they want it."""

import io
import os
import sys
import zipfile
from pathlib import Path

import click

from app.api.accounts import UserView
from app.cli.remote import LOCAL_STATES, Remote, choose
from app.client import calls
from app.server import eucarc
from app.services.accounts import FIRST_ACCOUNT, FIRST_USER

FORMATS = ("eucarc", "aws", "env", "zip")


@click.command(epilog='Example: eval "$(euca credentials --format env --state var)"')
@click.option("--user", default=FIRST_USER, show_default=True, help="Name of the user.")
@click.option("--account", default=FIRST_ACCOUNT, show_default=True, help="Name or id of the account.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="eucarc", show_default=True)
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="State directory of a local cloud.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file (0600).")
@click.option("--url", default="", help="Address of the cloud (default: EUCA_URL, else the local one).")
def credentials(user: str, account: str, form: str, state: Path | None, output: Path | None, url: str) -> None:
    """Print credentials, or write them to a file.

    The administrator's are read from the state directory; those of others are asked of the running cloud.
    """
    named = _of_first_user(state) if not url and (user, account) == (FIRST_USER, FIRST_ACCOUNT) else {}
    named = named or _asked(user, account, url, state)
    text = _rendered(named, form)
    if output is not None:
        _write(output, text)
    elif form == "zip" and sys.stdout.isatty():
        raise click.UsageError("a zip file is not for a terminal: give --output FILE")
    else:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()


def find_user(remote: Remote, account: str, name: str) -> UserView:
    """Look a user up by the account's name or id and the user's name."""
    owner = next((row for row in remote.send(calls.accounts()).items if account in (row.id, row.name)), None)
    if owner is None:
        raise click.ClickException(f"there is no account {account}")
    for user in remote.send(calls.users()).items:
        if (user.account_id, user.name) == (owner.id, name):
            return user
    raise click.ClickException(f"account {owner.name} has no user {name}")


def _of_first_user(state: Path | None) -> dict[str, str]:
    if state is not None:
        named = eucarc.read(eucarc.admin_file(state))
        if not named:
            raise click.ClickException(f"{state} holds no credentials: no cloud was served from it yet")
        return named
    if os.environ.get("EUCA_URL"):
        return {}
    return next((named for folder in LOCAL_STATES if (named := eucarc.read(eucarc.admin_file(folder)))), {})


def _asked(user: str, account: str, url: str, state: Path | None) -> dict[str, str]:
    remote = Remote(choose(url, "", state), json=False)
    given = remote.send(calls.issue_credentials(find_user(remote, account, user).id, ""))
    return eucarc.environment(
        remote.context.url.rstrip("/"), given.account_id, given.access_key_id, given.secret_access_key, given.token
    )


def _rendered(named: dict[str, str], form: str) -> bytes:
    match form:
        case "aws":
            return eucarc.aws_config(named).encode()
        case "zip":
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
                file.writestr("eucarc", eucarc.render(named))
                file.writestr("aws-config", eucarc.aws_config(named))
            return packed.getvalue()
        case _:
            return eucarc.render(named).encode()


def _write(output: Path, text: bytes) -> None:
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{output} exists already") from None
    with os.fdopen(handle, "wb") as out:
        out.write(text)
