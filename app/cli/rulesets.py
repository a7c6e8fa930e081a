"""`euca rules` on a running cloud: versions, what is active, what a policy would do, what the last round did."""

from pathlib import Path

import click

from app.api.remapping import PlanView, RehearsalView, RehearseText
from app.api.rulesets import ActiveView, AddRuleset
from app.cli.output import moment, printable, show_json, table
from app.cli.remote import Remote, remote
from app.cli.rule_check import tell, texts_of
from app.client import rule_calls as calls
from app.domain.errors import Unsound
from app.server import rule_files
from app.services.rule_texts import Draft, draft, read_all
from app.services.rulesets import BUILT_IN

_VERSIONS = ("id", "name", "policy", "author", "created", "active")
_HISTORY = ("when", "id", "policy", "who")


@click.command("apply", epilog="Example: euca rules apply data/rules/energy.rules")
@click.argument("what", metavar="FILE|DIRECTORY|ID")
@click.option("--policy", default="", help="Which policy of the rules (default: the default one, or the only one).")
@remote
def apply(cloud: Remote, what: str, policy: str) -> None:
    """Let rules decide from now on: of a file, of a version, or GREEDY, ROUNDROBIN, POWERSAVE."""
    _say(cloud, cloud.send(calls.apply(_version(cloud, what, policy))))


@click.command("list", epilog="Example: euca rules list --json")
@remote
def versions(cloud: Remote) -> None:
    """List the versions of rules that the cloud keeps."""
    rows = cloud.send(calls.all_versions()).items
    if cloud.json:
        show_json(rows)
        return
    cells = [
        [row.id, printable(row.name), row.policy, printable(row.author), moment(row.created_at_ms), _yes(row.active)]
        for row in rows
    ]
    _print(_VERSIONS, cells)


@click.command("history", epilog="Example: euca rules history")
@remote
def history(cloud: Remote) -> None:
    """Say what decided when, the newest first."""
    rows = cloud.send(calls.activations()).items
    if cloud.json:
        show_json(rows)
        return
    _print(_HISTORY, [[moment(row.at_ms), row.id, row.policy, printable(row.who)] for row in rows])


@click.command("show", epilog="Example: euca rules show rules-3")
@click.argument("ruleset_id", metavar="ID")
@remote
def show_version(cloud: Remote, ruleset_id: str) -> None:
    """Print the text of a version."""
    found = cloud.send(calls.version(ruleset_id))
    show_json(found) if cloud.json else click.echo(found.text, nl=not found.text.endswith("\n"))


@click.command("diff", epilog="Example: euca rules diff rules-3 rules-2")
@click.argument("new", metavar="ID")
@click.argument("old", metavar="[OTHER]", default="")
@remote
def diff(cloud: Remote, new: str, old: str) -> None:
    """Compare a version with another one, or with what is active."""
    found = cloud.send(calls.diff(new, old))
    if cloud.json:
        show_json(found)
        return
    click.echo(found.lines or f"{found.new} and {found.old} have the same text")
    for word, names in (("added", found.added), ("changed", found.changed), ("removed", found.removed)):
        if names:
            click.echo(f"{word}: {', '.join(names)}")


@click.command("rollback", epilog="Example: euca rules rollback")
@remote
def rollback(cloud: Remote) -> None:
    """Let decide again what decided before."""
    _say(cloud, cloud.send(calls.rollback()))


@click.command("rehearse", epilog="Example: euca rules rehearse data/rules/energy.rules")
@click.argument("what", metavar="FILE|DIRECTORY|ID")
@click.option("--policy", default="", help="Which policy of the rules (default: the default one, or the only one).")
@remote
def rehearse(cloud: Remote, what: str, policy: str) -> None:
    """Say what rules would do right now; nothing is changed."""
    if _is_id(what) and policy:
        body = _of_version(cloud, what, policy)
        found = cloud.send(calls.rehearse_text(RehearseText(text=body.text, policy=policy)))
    elif _is_id(what):
        found = cloud.send(calls.rehearse(what))
    else:
        rules = _read(cloud, Path(what), policy)
        found = cloud.send(calls.rehearse_text(RehearseText(text=rules.text, policy=rules.policy)))
    if cloud.json:
        show_json(found)
    else:
        _show_rehearsal(found)


@click.command("round", epilog="Example: euca rules round")
@click.option("--now", is_flag=True, help="Hold a round now, and do not wait for it.")
@remote
def last_round(cloud: Remote, now: bool) -> None:
    """Say what the newest round of remapping planned, and how it ended."""
    if now:
        cloud.send(calls.remap())
    found = cloud.send(calls.newest_round())
    if cloud.json:
        show_json(found)
        return
    if not found.at_ms:
        click.echo(f"no round was held yet (mode {found.mode})")
        return
    click.echo(f"{moment(found.at_ms)}, policy {found.policy}, mode {found.mode}, planned in {found.took_s:.2f} s")
    _show_plan(found.plan)
    click.echo(found.told)


COMMANDS = (apply, versions, history, show_version, diff, rollback, rehearse, last_round)


def _is_id(what: str) -> bool:
    return what in BUILT_IN or (not Path(what).exists() and "/" not in what and not what.endswith(".rules"))


def _version(cloud: Remote, what: str, policy: str) -> str:
    """Return the id of what is to be applied; a file, or another policy of a version, is added first."""
    if not _is_id(what):
        rules = _read(cloud, Path(what), policy)
        body = AddRuleset(text=rules.text, name=rules.name, policy=rules.policy)
    elif policy:
        body = _of_version(cloud, what, policy)
    else:
        return what
    return cloud.send(calls.add(body)).id


def _of_version(cloud: Remote, what: str, policy: str) -> AddRuleset:
    """Ask for another policy of a version; 1.6.1's have no other."""
    if what in BUILT_IN:
        raise click.UsageError(f"{what} is a policy itself; leave out --policy {policy}")
    there = cloud.send(calls.version(what))
    return AddRuleset(text=there.text, name=there.name, policy=policy)


def _read(cloud: Remote, path: Path, policy: str) -> Draft:
    """Read rules; what is wrong with them is printed as `check` does."""
    texts = texts_of(path)
    try:
        return draft(rule_files.name_of(path), texts, policy)
    except Unsound:
        tell(read_all(texts), as_json=cloud.json)
        raise click.ClickException(f"{path} is refused, nothing has changed") from None


def _say(cloud: Remote, active: ActiveView) -> None:
    if cloud.json:
        show_json(active)
        return
    for fault in active.warnings:
        click.echo(fault.said)
    click.echo(f"policy {active.policy} ({active.id}) decides from now on")


def _show_rehearsal(found: RehearsalView) -> None:
    _show_plan(found.plan)
    watts = ""
    if found.watts_before is not None and found.watts_after is not None:
        watts = f", {found.watts_before:.0f} W -> {found.watts_after:.0f} W"
    click.echo(f"policy {found.policy}: hosts on {found.hosts_on_before} -> {found.hosts_on_after}{watts}")


def _show_plan(plan: PlanView) -> None:
    rows = [["move", each.instance, f"{each.source} -> {each.target}", each.why] for each in plan.moves]
    rows += [["restart", each.instance, f"{each.source} -> {each.target}", each.why] for each in plan.restarts]
    rows += [["switch", each.host, "on" if each.on else "asleep", each.why] for each in plan.powers]
    rows += [["alert", each.about, each.message, each.why] for each in plan.alerts]
    rows += [["not done", each.what, "", each.why] for each in plan.refused]
    rows += [["observed", each, "", ""] for each in plan.observed]
    for line in table([[printable(cell) for cell in row] for row in rows]) if rows else ["nothing to do"]:
        click.echo(line)


def _print(columns: tuple[str, ...], cells: list[list[str]]) -> None:
    for line in table([[column.upper() for column in columns], *cells]):
        click.echo(line)


def _yes(flag: bool) -> str:
    return "yes" if flag else ""
