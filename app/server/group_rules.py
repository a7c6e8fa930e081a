"""REST: rules of a security group, one by one. What a rule may say is decided by the services of EC2, here as there."""

from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Controller, delete, get, post

from app.api.group_rules import AddGroupRule
from app.api.holdings import GroupRuleView
from app.api.resources import Collection
from app.domain import ids
from app.domain.account import Role
from app.domain.commands import AskedRule
from app.domain.errors import Invalid, Missing
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.services import group_rules, groups
from app.services.holding_views import rule_views

_FIELDS = {"IpProtocol": "protocol", "Description": "description"}
"""EC2's names of what REST calls otherwise; a permission as a whole is wrong in its ports or its peer."""


class GroupRuleController(Controller):
    path = "/groups/{group_id:str}/rules"
    tags = ("network",)
    opt = needs(Role.OPERATOR)

    @get(operation_id="ListGroupRules", summary="Rules of a security group", opt=needs(Role.VIEWER))
    async def index(self, desk: At, group_id: str) -> Collection[GroupRuleView]:
        """All of them, what comes in before what goes out."""

        def work(unit: Unit) -> Collection[GroupRuleView]:
            group = groups.one(unit, desk.caller, group_id, "")
            found = unit.group_rules.where(group_id=group.id)
            return Collection(items=rule_views(found), cursor=str(unit.cursor()))

        return await desk.read(work)

    @post(operation_id="AddGroupRule", summary="Let one kind of traffic through")
    async def add(self, desk: At, group_id: str, data: AddGroupRule) -> GroupRuleView:
        """It holds at once for all instances in the group. Refused (409) if the group has it."""

        def work(unit: Unit) -> GroupRuleView:
            group = groups.one(unit, desk.caller, group_id, "")
            with _named_as_here(data):
                made = group_rules.authorize(unit, desk.caller, group, data.egress, [_asked(data)], desk.cloud.entropy)
            return rule_views(made)[0]

        return await desk.change("AddGroupRule", f"{group_id} {_told(data)}", work, about=[group_id])

    @delete("/{rule_id:str}", operation_id="RemoveGroupRule", summary="Let one kind of traffic through no more")
    async def remove(self, desk: At, group_id: str, rule_id: str) -> None:
        """It holds at once, for connections that are open, too."""

        def work(unit: Unit) -> None:
            group = groups.one(unit, desk.caller, group_id, "")
            rule = group_rules.find(unit, desk.caller, [rule_id])[0]
            if rule.group_id != group.id:
                raise Missing("security group rule", rule_id)
            group_rules.revoke_by_id(unit, group, rule.egress, [rule.id])

        await desk.change("RemoveGroupRule", f"{group_id} {rule_id}", work, about=[group_id])


def _asked(data: AddGroupRule) -> AskedRule:
    return AskedRule(
        protocol=data.protocol,
        from_port=data.from_port,
        to_port=data.to_port,
        description=data.description,
        **{_kind_of(data.peer): data.peer},
    )


def _kind_of(peer: str) -> str:
    """Tell what a peer is meant to be: what looks like an address is never taken for the name of a group."""
    if ids.resource_of(peer) == "security group":
        return "group_id"
    if ":" in peer:
        return "cidr_ipv6"
    return "cidr" if "/" in peer or peer.replace(".", "").isdigit() else "group_name"


@contextmanager
def _named_as_here(data: AddGroupRule) -> Iterator[None]:
    """Let refusals name the fields of REST."""
    try:
        yield
    except Invalid as error:
        other = "peer" if error.value == data.peer else "from_port"
        raise Invalid(_FIELDS.get(error.parameter, other), error.value, error.why) from error


def _told(data: AddGroupRule) -> str:
    way, preposition = ("out", "to") if data.egress else ("in", "from")
    ports = [] if data.from_port is None else [str(data.from_port)]
    ports += [str(data.to_port)] if data.to_port not in (None, data.from_port) else []
    return " ".join(word for word in (way, data.protocol, "-".join(ports), preposition, data.peer) if word)
