"""`euca account` and `euca user`: who may use the cloud."""

import click

from app.api.accounts import CreateAccount, CreateUser
from app.cli.credentials import find_user
from app.cli.output import done, show, show_json
from app.cli.remote import Remote, remote
from app.client import calls
from app.services.accounts import FIRST_ACCOUNT

_account_option = click.option(
    "--account", "account_name", default=FIRST_ACCOUNT, show_default=True, help="Name or id of the account."
)


@click.group(epilog="Example: euca account create physics")
def account() -> None:
    """Accounts own instances, images and keys; each has users."""


@account.command("create", epilog="Example: euca account create physics")
@click.argument("name")
@remote
def create_account(cloud: Remote, name: str) -> None:
    """Make an account."""
    made = cloud.send(calls.create_account(CreateAccount(name=name)))
    show_json(made) if cloud.json else click.echo(f"account {made.name} has the id {made.id}")


@account.command("list", epilog="Example: euca account list --json")
@remote
def list_accounts(cloud: Remote) -> None:
    """List accounts."""
    show(cloud.send(calls.accounts()).items, ("id", "name", "enabled", "users"), as_json=cloud.json)


@account.command("disable", epilog="Example: euca account disable physics")
@click.argument("name")
@remote
def disable_account(cloud: Remote, name: str) -> None:
    """Stop an account's keys and tokens from working; what it runs stays."""
    changed = cloud.send(calls.disable_account(name))
    show_json(changed) if cloud.json else click.echo(f"account {changed.name} is disabled")


@account.command("enable", epilog="Example: euca account enable physics")
@click.argument("name")
@remote
def enable_account(cloud: Remote, name: str) -> None:
    """Let an account's keys and tokens work again."""
    changed = cloud.send(calls.enable_account(name))
    show_json(changed) if cloud.json else click.echo(f"account {changed.name} is enabled")


@click.group(epilog="Example: euca user create ada --account physics")
def user() -> None:
    """Users hold access keys for EC2; operators among them hold tokens for this command and the console."""


@user.command("create", epilog="Example: euca user create ada --account physics")
@click.argument("name")
@_account_option
@click.option("--role", type=click.Choice(("viewer", "operator", "admin")), default=None, help="Make a token, too.")
@remote
def create_user(cloud: Remote, name: str, account_name: str, role: str | None) -> None:
    """Make a user with an access key; a role makes an operator's token, which is shown this once."""
    made = cloud.send(calls.create_user(CreateUser(account=account_name, name=name, role=role or "")))
    if cloud.json:
        show_json(made)
        return
    click.echo(f"user {made.user_name} of account {made.account_id} has the access key {made.access_key_id}")
    if made.token:
        click.echo(f"token with role {role}, shown this once: {made.token}")
    click.echo(f"all of it: euca credentials --account {account_name} --user {made.user_name}")


@user.command("list", epilog="Example: euca user list --json")
@remote
def list_users(cloud: Remote) -> None:
    """List users with their access keys."""
    columns = ("account_id", "name", "admin", "enabled", "access_keys", "id")
    show(cloud.send(calls.users()).items, columns, as_json=cloud.json)


@user.command("disable", epilog="Example: euca user disable ada --account physics")
@click.argument("name")
@_account_option
@remote
def disable_user(cloud: Remote, name: str, account_name: str) -> None:
    """Stop a user's keys and tokens from working."""
    changed = cloud.send(calls.disable_user(find_user(cloud, account_name, name).id))
    show_json(changed) if cloud.json else click.echo(f"user {changed.name} is disabled")


@user.command("enable", epilog="Example: euca user enable ada --account physics")
@click.argument("name")
@_account_option
@remote
def enable_user(cloud: Remote, name: str, account_name: str) -> None:
    """Let a user's keys and tokens work again."""
    changed = cloud.send(calls.enable_user(find_user(cloud, account_name, name).id))
    show_json(changed) if cloud.json else click.echo(f"user {changed.name} is enabled")


@user.command("delete", epilog="Example: euca user delete ada --account physics")
@click.argument("name")
@_account_option
@remote
def delete_user(cloud: Remote, name: str, account_name: str) -> None:
    """Delete a user with all keys and tokens; what the account has stays."""
    found = find_user(cloud, account_name, name)
    cloud.send(calls.delete_user(found.id))
    done(f"user {found.name} is deleted", as_json=cloud.json, id=found.id, name=found.name)


@user.command("remove-key", epilog="Example: euca user remove-key AKIAIOSFODNN7EXAMPLE")
@click.argument("key_id", metavar="KEY")
@remote
def remove_key(cloud: Remote, key_id: str) -> None:
    """Delete an access key, by its id: what is signed with it is refused at once."""
    cloud.send(calls.remove_access_key(key_id))
    done(f"access key {key_id} is deleted", as_json=cloud.json, id=key_id)


@user.command("add-key", epilog="Example: euca user add-key ada --account physics --json")
@click.argument("name")
@_account_option
@remote
def add_key(cloud: Remote, name: str, account_name: str) -> None:
    """Make another access key for a user."""
    made = cloud.send(calls.add_access_key(find_user(cloud, account_name, name).id))
    if cloud.json:
        show_json(made)
    else:
        click.echo(
            f"export AWS_ACCESS_KEY_ID={made.access_key_id}\nexport AWS_SECRET_ACCESS_KEY={made.secret_access_key}"
        )
