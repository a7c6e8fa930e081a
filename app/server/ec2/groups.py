"""Operations on security groups, as records."""

import msgspec

from app.domain.group import SecurityGroup
from app.server.ec2 import filters, narrowing, pages
from app.server.ec2.columns import GROUP_COLUMNS
from app.server.ec2.facts import GROUP
from app.server.ec2.operation import Answer, Ask, Filter, Operation, TagSpecification, specified_tags, tag_pairs
from app.services import groups, tags


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
    asked, known = ask.request, ask.site.filters(ask.operation)

    def keep(rows: list[SecurityGroup]) -> list[SecurityGroup]:
        named = tags.by_resource(ask.unit, [group.id for group in rows]) if asked.filters else {}
        return filters.select(rows, asked.filters, GROUP, known, tags=lambda group: named.get(group.id, {}))

    where = narrowing.where(ask.unit, ask.caller, asked.filters, GROUP_COLUMNS)
    if asked.group_ids or asked.group_names:
        found = groups.find(ask.unit, ask.caller, asked.group_ids, asked.group_names)
        where["id"] = [group.id for group in found]
    cut, token = pages.read(ask.unit.groups, {"id": str}, keep, asked, where)
    named = tags.by_resource(ask.unit, [group.id for group in cut])
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
