"""`euca group`: security groups and what they let through, a rule a line: `in tcp 22 from 10.0.0.0/8`."""

from typing import cast

import click

from app.api.filters import quoted
from app.api.group_rules import EXAMPLE, AddGroupRule, LineError, read, under
from app.api.holdings import GroupRuleView, GroupView
from app.cli.failures import sentence
from app.cli.output import done, show, show_json
from app.cli.remote import Remote, remote
from app.client import group_calls
from app.client.errors import Refused
from app.client.holding_calls import listed

_COLUMNS = ("id", "name", "account", "allows", "description")
_RULES = ("id", "egress", "protocol", "from_port", "to_port", "peer", "description")


@click.group(epilog=f'Example: euca group allow web "{EXAMPLE}"')
def group() -> None:
    """Security groups: what may come to the instances in them, and go out. GROUP is an id or a name."""


@group.command("list", epilog="Example: euca group list --json")
@remote
def list_groups(cloud: Remote) -> None:
    """List security groups of all accounts with what they let through."""
    show(_listed(cloud, ""), _COLUMNS, as_json=cloud.json)


@group.command("show", epilog="Example: euca group show web")
@click.argument("name", metavar="GROUP")
@click.option("--account", default="", help="Name or id of the group's account, where several have one of that name.")
@remote
def show_group(cloud: Remote, name: str, account: str) -> None:
    """List the rules of a group with their ids."""
    found = _group(cloud, name, account)
    show(cloud.send(group_calls.rules(found.id)).items, _RULES, as_json=cloud.json)


@group.command("allow", epilog=f'Example: euca group allow web "{EXAMPLE}"')
@click.argument("name", metavar="GROUP")
@click.argument("line", metavar="RULE")
@click.option("--account", default="", help="Name or id of the group's account, where several have one of that name.")
@remote
def allow(cloud: Remote, name: str, line: str, account: str) -> None:
    """Let one kind of traffic through: [in|out] PROTOCOL [PORTS] [from|to] RANGE-OR-GROUP [# what for]."""
    rule = _rule(line)
    found = _group(cloud, name, account)
    try:
        made = cloud.send(group_calls.add_rule(found.id, rule))
    except Refused as error:
        raise click.ClickException(_pointed(line, error)) from error
    show_json(made) if cloud.json else click.echo(f"{made.id} in {found.name}: {line}")


@group.command("revoke", epilog=f'Example: euca group revoke web "{EXAMPLE}"')
@click.argument("name", metavar="GROUP")
@click.argument("line", metavar="RULE")
@click.option("--account", default="", help="Name or id of the group's account, where several have one of that name.")
@remote
def revoke(cloud: Remote, name: str, line: str, account: str) -> None:
    """Let it through no more; RULE is an id, or a rule as it was allowed."""
    found = _group(cloud, name, account)
    rule_id = line if line.startswith("sgr-") else _alike(found, _rule(line)).id
    cloud.send(group_calls.remove_rule(found.id, rule_id))
    done(f"{rule_id} is gone from {found.name}", as_json=cloud.json, id=rule_id, group=found.id)


def _pointed(line: str, error: Refused) -> str:
    """Say a refusal, and under which word of the line it belongs."""
    where = read(line).place(one.field for one in error.problem.errors)
    return sentence(error) if where is None else f"{sentence(error)}\n{under(line, where)}"


def _rule(line: str) -> AddGroupRule:
    try:
        return read(line).rule
    except LineError as error:
        raise click.ClickException(f"{error.why}\n{under(line, error.column)}") from error


def _alike(found: GroupView, wanted: AddGroupRule) -> GroupRuleView:
    """Find the rule of a group that says this; ports of protocols without any are -1 there."""
    for rule in found.rules:
        ports = (-1 if wanted.from_port is None else wanted.from_port, -1 if wanted.to_port is None else wanted.to_port)
        same = (rule.egress, rule.protocol, rule.from_port, rule.to_port) == (wanted.egress, wanted.protocol, *ports)
        if same and wanted.peer == rule.peer:
            return rule
    raise click.ClickException(f"{found.name} has no such rule; euca group show {found.id} lists those it has")


def _group(cloud: Remote, name: str, account: str) -> GroupView:
    by = "id" if name.startswith("sg-") else "name"
    found = [
        view
        for view in _listed(cloud, f"{by}={quoted(name)}")
        if getattr(view, by) == name and account in ("", view.account, view.account_id)
    ]
    if not found:
        raise click.ClickException(f"there is no security group {name}; euca group list shows those there are")
    if len(found) > 1:
        owners = ", ".join(view.account or view.account_id for view in found)
        raise click.ClickException(f"{len(found)} accounts have a group {name} ({owners}); say --account, or its id")
    return found[0]


def _listed(cloud: Remote, filter_text: str) -> list[GroupView]:
    return cast("list[GroupView]", cloud.send(listed("group", filter=filter_text)).items)
