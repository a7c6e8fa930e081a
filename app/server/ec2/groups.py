"""Operations on security groups, as records."""

import msgspec

from app.domain.group import SecurityGroup
from app.server.ec2 import filters, pages
from app.server.ec2.facts import GROUP
from app.server.ec2.operation import Answer, Ask, Filter, Operation, TagSpecification, specified_tags, tag_pairs
from app.services import groups, tags
from app.services.access import scope


class CreateSecurityGroupIn(msgspec.Struct):
    group_name: str
    description: str
    tag_specifications: list[TagSpecification] = []


class DeleteSecurityGroupIn(msgspec.Struct):
    group_id: str = ""
    group_name: str = ""


class DescribeSecurityGroupsIn(msgspec.Struct):
    group_ids: list[str] = []
    group_names: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


def create_security_group(ask: Ask[CreateSecurityGroupIn]) -> Answer:
    asked = ask.request
    group = groups.create(ask.unit, ask.caller, asked.group_name, asked.description, ask.site.entropy)
    named = specified_tags(asked.tag_specifications, "security-group")
    if named:
        tags.set_on(ask.unit, ask.caller, (group.id,), named)
    return {"GroupId": group.id, "Tags": tag_pairs(named)}


def delete_security_group(ask: Ask[DeleteSecurityGroupIn]) -> Answer:
    gone = groups.delete(ask.unit, ask.caller, ask.request.group_id, ask.request.group_name)
    return {"Return": True, "GroupId": gone.id}


def describe_security_groups(ask: Ask[DescribeSecurityGroupsIn]) -> Answer:
    asked = ask.request
    if asked.group_ids or asked.group_names:
        shown = groups.find(ask.unit, ask.caller, asked.group_ids, asked.group_names)
    else:
        shown = ask.unit.groups.where(**scope(ask.caller))
    named = tags.by_resource(ask.unit, [group.id for group in shown])
    known = ask.site.filters(ask.operation)
    chosen = filters.select(shown, asked.filters, GROUP, known, tags=lambda group: named.get(group.id, {}))
    cut, token = pages.page(chosen, lambda group: (group.id,), asked.max_results, asked.next_token)
    return {"SecurityGroups": [_item(group, named.get(group.id, {})) for group in cut], "NextToken": token}


def _item(group: SecurityGroup, named: dict[str, str]) -> Answer:
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "OwnerId": group.account_id,
        "IpPermissions": [],
        "IpPermissionsEgress": [],
        "Tags": tag_pairs(named),
    }


OPERATIONS = (
    Operation(name="CreateSecurityGroup", request=CreateSecurityGroupIn, handle=create_security_group, writes=True),
    Operation(name="DeleteSecurityGroup", request=DeleteSecurityGroupIn, handle=delete_security_group, writes=True),
    Operation(name="DescribeSecurityGroups", request=DescribeSecurityGroupsIn, handle=describe_security_groups),
)
