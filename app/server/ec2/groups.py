"""Operations on security groups; those on their rules are in `group_rules.py`.

All groups are in the one default VPC. There is no other to peer with, and a group that a rule names can not be deleted,
so no rule is ever stale and nothing outside refers to a group.
"""

import msgspec

from app.domain.errors import Missing
from app.domain.group import SecurityGroup
from app.domain.vpc import DEFAULT_VPC_ID
from app.server.ec2 import filters, narrowing, pages
from app.server.ec2.columns import GROUP_COLUMNS
from app.server.ec2.group_scene import FACTS, FACTS_FOR_VPC, ShownGroup, group_for_vpc_item, group_item
from app.server.ec2.operation import (
    Answer,
    Ask,
    Filter,
    Operation,
    TagSpecification,
    arn,
    refuse_many,
    specified_tags,
    tag_pairs,
)
from app.services import groups, tags


class CreateSecurityGroupIn(msgspec.Struct):
    group_name: str
    description: str
    vpc_id: str = DEFAULT_VPC_ID
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


class GetSecurityGroupsForVpcIn(msgspec.Struct):
    vpc_id: str
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


class DescribeStaleSecurityGroupsIn(msgspec.Struct):
    vpc_id: str
    max_results: int | None = None
    next_token: str | None = None


class DescribeSecurityGroupReferencesIn(msgspec.Struct):
    group_id: list[str]


def create_security_group(ask: Ask[CreateSecurityGroupIn]) -> Answer:
    asked = ask.request
    _need_default_vpc(asked.vpc_id)
    group = groups.create(ask.unit, ask.caller, asked.group_name, asked.description, ask.site.entropy)
    named = specified_tags(asked.tag_specifications, "security-group")
    if named:
        tags.set_on(ask.unit, ask.caller, (group.id,), named)
    return {
        "GroupId": group.id,
        "Tags": tag_pairs(named),
        "SecurityGroupArn": arn(ask, group.account_id, "security-group", group.id),
    }


def delete_security_group(ask: Ask[DeleteSecurityGroupIn]) -> Answer:
    gone = groups.delete(ask.unit, ask.caller, ask.request.group_id, ask.request.group_name)
    return {"Return": True, "GroupId": gone.id}


def describe_security_groups(ask: Ask[DescribeSecurityGroupsIn]) -> Answer:
    asked = ask.request
    refuse_many("GroupId", [*asked.group_ids, *asked.group_names])
    known = ask.site.filters(ask.operation)

    def keep(rows: list[SecurityGroup]) -> list[ShownGroup]:
        return filters.select(ShownGroup.of(ask.unit, rows), asked.filters, FACTS, known, tags=lambda one: one.tags)

    where = narrowing.where(ask.unit, ask.caller, asked.filters, GROUP_COLUMNS)
    if asked.group_ids or asked.group_names:
        named = groups.find(ask.unit, ask.caller, asked.group_ids, asked.group_names)
        where["id"] = [group.id for group in named]
    shown, token = pages.read(ask.unit.groups, {"id": str}, keep, asked, where, lambda one: one.group)
    items = [group_item(one, arn(ask, one.group.account_id, "security-group", one.group.id)) for one in shown]
    return {"SecurityGroups": items, "NextToken": token}


def get_security_groups_for_vpc(ask: Ask[GetSecurityGroupsForVpcIn]) -> Answer:
    asked = ask.request
    _need_default_vpc(asked.vpc_id)
    shown = ShownGroup.of(ask.unit, ask.unit.groups.where(account_id=ask.caller.account_id))
    chosen = filters.select(shown, asked.filters, FACTS_FOR_VPC, ask.site.filters(ask.operation))
    cut, token = pages.page(chosen, lambda one: (one.group.id,), asked.max_results, asked.next_token)
    return {"SecurityGroupForVpcs": [group_for_vpc_item(one) for one in cut], "NextToken": token}


def describe_stale_security_groups(ask: Ask[DescribeStaleSecurityGroupsIn]) -> Answer:
    asked = ask.request
    _need_default_vpc(asked.vpc_id)
    none: list[str] = []
    pages.page(none, lambda one: (one,), asked.max_results, asked.next_token)
    return {"StaleSecurityGroupSet": none}


def describe_security_group_references(ask: Ask[DescribeSecurityGroupReferencesIn]) -> Answer:
    refuse_many("GroupId", ask.request.group_id)
    groups.find(ask.unit, ask.caller, ask.request.group_id, ())
    return {"SecurityGroupReferenceSet": []}


def _need_default_vpc(vpc_id: str) -> None:
    if vpc_id != DEFAULT_VPC_ID:
        raise Missing("vpc", vpc_id)


OPERATIONS = (
    Operation(name="CreateSecurityGroup", request=CreateSecurityGroupIn, handle=create_security_group, writes=True),
    Operation(name="DeleteSecurityGroup", request=DeleteSecurityGroupIn, handle=delete_security_group, writes=True),
    Operation(name="DescribeSecurityGroups", request=DescribeSecurityGroupsIn, handle=describe_security_groups),
    Operation(name="GetSecurityGroupsForVpc", request=GetSecurityGroupsForVpcIn, handle=get_security_groups_for_vpc),
    Operation(
        name="DescribeStaleSecurityGroups",
        request=DescribeStaleSecurityGroupsIn,
        handle=describe_stale_security_groups,
        brief=True,
    ),
    Operation(
        name="DescribeSecurityGroupReferences",
        request=DescribeSecurityGroupReferencesIn,
        handle=describe_security_group_references,
    ),
)
