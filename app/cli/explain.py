"""`euca rules explain`: why an instance is where it is, and why not elsewhere; also long after, also once it ended."""

from datetime import UTC, datetime

import click

from app.api.resources import DecisionView, HostVerdict
from app.cli.output import printable, show_json
from app.cli.remote import Remote, remote
from app.client import calls


@click.command(epilog="Example: euca rules explain i-0123abcd --host node7")
@click.argument("instance")
@click.option("--host", default="", help="Tell of this host only.")
@click.option("--decision", default=0, help="Number of the decision (default: the last one).")
@remote
def explain(cloud: Remote, instance: str, host: str, decision: int) -> None:
    """Say why an instance is on its host, and for every other host why it is not there."""
    kept = cloud.send(calls.decisions(instance, decision)).items
    found = next((each for each in kept if each.number == decision), None) if decision else kept[-1]
    if found is None:
        raise click.ClickException(f"of {instance} there are the decisions 1 to {kept[-1].number}")
    verdicts = [each for each in found.hosts if host in ("", each.host)]
    if host and not verdicts:
        raise click.ClickException(f"{host} was no host of the cloud then" if found.hosts else "nothing more is known")
    if cloud.json:
        show_json({"decision": found, "hosts": verdicts, "decisions": len(kept)})
        return
    for line in _lines(found, verdicts, whole=not host):
        click.echo(printable(line))


def _lines(found: DecisionView, verdicts: list[HostVerdict], *, whole: bool) -> list[str]:
    at = datetime.fromtimestamp(found.at_ms / 1000, UTC)
    version = f", version {found.ruleset_number}" if found.ruleset_number else ""
    policy = f" by the policy {found.policy}{version}" if found.policy else ""
    origin = f" from {found.origin}" if found.origin else ""
    said = [f"{found.kind}{origin} on {found.host}{policy}, {at:%Y-%m-%d %H:%M:%S} UTC"]
    said += [f"  {reason}" for reason in found.reasons] if whole else []
    others = [each for each in verdicts if not (whole and each.chosen)]
    said += ["why not elsewhere:"] if whole and others else []
    return [*said, *(f"  {each.host}: {each.words}" for each in others)]
