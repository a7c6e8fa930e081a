"""`euca recover`: the state rebuilt from the ids that the hosts' domains carry."""

import asyncio
import os

import click

from app import settings
from app.cli.output import show_json
from app.server.recovery import Report
from app.server.recovery import recover as recover_cloud
from app.services.hosts import check_uri
from app.services.names import check_name


@click.command(epilog="Example: euca recover --state var --host node1=xen+ssh://root@node1/ --cluster rack1")
@click.option(
    "--state", "state_dir", type=click.Path(file_okay=False, readable=False), help="State directory (default: ./var)."
)
@click.option("--host", "named", multiple=True, metavar="NAME=URI", help="Ask this host, too; may be repeated.")
@click.option("--cluster", default="", help="Cluster of hosts that are new to the state.")
@click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
def recover(state_dir: str | None, named: tuple[str, ...], cluster: str, as_json: bool) -> int:
    """Rebuild instances from what hosts run, while no server runs; what the state knows is left as it is."""
    more: dict[str, str] = {}
    for text in named:
        name, equals, uri = text.partition("=")
        if not (name and equals and uri):
            raise click.UsageError(f"--host {text}: give NAME=URI")
        check_name("name", name)
        check_uri(uri)
        more[name] = uri
    reports: list[Report] = []
    well = asyncio.run(
        recover_cloud(settings.load({"state_dir": state_dir}, os.environ), more, cluster, reports.append)
    )
    if as_json:
        show_json(reports)
    else:
        for report in reports:
            _tell(report)
    return 0 if well else 1


def _tell(report: Report) -> None:
    if report.recovered is None:
        click.echo(f"{report.host}: {report.trouble}", err=True)
        return
    found = report.recovered
    click.echo(f"{report.host}: {len(found.added)} recovered, {len(found.known)} known already")
    for instance_id, why in found.unreadable:
        click.echo(f"{report.host}: {instance_id} was left alone: {why}", err=True)
    for instance_id in found.disks_only:
        click.echo(
            f"{report.host}: {instance_id} was stopped; only its disks are there, they were left alone", err=True
        )
    for account in found.accounts:
        click.echo(f"{report.host}: account {account} owns some of them: euca user create NAME --account {account}")
