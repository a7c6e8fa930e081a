"""`euca type`: instance types, the operators' own and aliases for names that today's clients use."""

import click

from app.api.resources import SetType
from app.cli.output import done, show, show_json
from app.cli.remote import Remote, remote
from app.client import calls

_COLUMNS = ("name", "cores", "memory_mib", "disk_gb", "free", "most", "alias_of")


@click.group("type", epilog="Example: euca type set t3.micro --alias-of m1.small")
def vmtype() -> None:
    """Instance types; a change counts for new instances."""


@vmtype.command("list", epilog="Example: euca type list --json")
@remote
def list_types(cloud: Remote) -> None:
    """List types with how many fit now (free) and on empty hosts (most)."""
    show(cloud.send(calls.types()).items, _COLUMNS, as_json=cloud.json)


@vmtype.command("set", epilog="Example: euca type set m2.huge --cores 16 --memory-mib 65536 --disk-gb 100")
@click.argument("name")
@click.option("--cores", default=0, help="Virtual processors.")
@click.option("--memory-mib", default=0, help="Memory in MiB.")
@click.option("--disk-gb", default=0, help="Disk in GB.")
@click.option("--alias-of", default="", help="Let the name stand for another type.")
@remote
def set_type(cloud: Remote, name: str, **sizes: int | str) -> None:
    """Define or change a type, or an alias of one."""
    if not any(sizes.values()):
        raise click.UsageError("give --cores, --memory-mib and --disk-gb, or --alias-of")
    changed = cloud.send(calls.set_type(name, SetType(**sizes)))  # type: ignore[arg-type]
    if cloud.json:
        show_json(changed)
    else:
        click.echo(f"{name}: {changed.cores} cores, {changed.memory_mib} MiB, {changed.disk_gb} GB")


@vmtype.command("remove", epilog="Example: euca type remove m2.huge")
@click.argument("name")
@remote
def remove_type(cloud: Remote, name: str) -> None:
    """Remove an operator's type or alias."""
    cloud.send(calls.remove_type(name))
    done(f"type {name} was removed", as_json=cloud.json, removed=name)
