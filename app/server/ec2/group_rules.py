"""Operations on the rules of security groups.

Ingress has two styles: permissions, and the flat parameters of 2006, which clients of old send. They do not mix.
"""

import msgspec

from app.domain.commands import AskedRule
from app.domain.errors import Absent, Combination, Missing
from app.domain.group import GroupRule, SecurityGroup
from app.server.ec2 import filters, narrowing, pages
from app.server.ec2.operation import (
    Answer,
    Ask,
    Filter,
    Operation,
    TagSpecification,
    arn,
    refuse_many,
    specified_tags,
)
from app.server.ec2.permissions import IpPermission, asked_rules, revoked_item, rule_item
from app.services import group_rules, groups, tags


class _Ingress(msgspec.Struct):
    """What both ingress operations take. `user_id` is the group's owner; 1.6.1's days sent it."""

    group_id: str = ""
    group_name: str = ""
    user_id: str = ""
    ip_permissions: list[IpPermission] = []
    ip_protocol: str = ""
    from_port: int | None = None
    to_port: int | None = None
    cidr_ip: str = ""
    source_security_group_name: str = ""
    source_security_group_owner_id: str = ""


class AuthorizeSecurityGroupIngressIn(_Ingress):
    tag_specifications: list[TagSpecification] = []


class RevokeSecurityGroupIngressIn(_Ingress):
    security_group_rule_ids: list[str] = []


class AuthorizeSecurityGroupEgressIn(msgspec.Struct):
    group_id: str
    ip_permissions: list[IpPermission] = []
    tag_specifications: list[TagSpecification] = []


class RevokeSecurityGroupEgressIn(msgspec.Struct):
    group_id: str
    ip_permissions: list[IpPermission] = []
    security_group_rule_ids: list[str] = []


class RuleDescription(msgspec.Struct):
    security_group_rule_id: str = ""
    description: str = ""


class UpdateDescriptionsIn(msgspec.Struct):
    group_id: str = ""
    group_name: str = ""
    ip_permissions: list[IpPermission] = []
    security_group_rule_descriptions: list[RuleDescription] = []


class RuleRequest(msgspec.Struct):
    ip_protocol: str = ""
    from_port: int | None = None
    to_port: int | None = None
    cidr_ipv4: str = ""
    cidr_ipv6: str = ""
    referenced_group_id: str = ""
    description: str = ""


class RuleUpdate(msgspec.Struct):
    security_group_rule_id: str
    security_group_rule: RuleRequest


class ModifySecurityGroupRulesIn(msgspec.Struct):
    group_id: str
    security_group_rules: list[RuleUpdate]


class DescribeSecurityGroupRulesIn(msgspec.Struct):
    security_group_rule_ids: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


_FACTS: filters.Facts[GroupRule] = {
    "group-id": lambda rule: [rule.group_id],
    "security-group-rule-id": lambda rule: [rule.id],
}
_COLUMNS: narrowing.Columns = {"group-id": "group_id", "security-group-rule-id": "id"}


def authorize_ingress(ask: Ask[AuthorizeSecurityGroupIngressIn]) -> Answer:
    return _authorized(ask, _group(ask), False, _either_style(ask.request))


def authorize_egress(ask: Ask[AuthorizeSecurityGroupEgressIn]) -> Answer:
    group = groups.one(ask.unit, ask.caller, ask.request.group_id, "")
    return _authorized(ask, group, True, asked_rules(ask.request.ip_permissions))


def revoke_ingress(ask: Ask[RevokeSecurityGroupIngressIn]) -> Answer:
    return _revoked(ask, _group(ask), False, _either_style(ask.request))


def revoke_egress(ask: Ask[RevokeSecurityGroupEgressIn]) -> Answer:
    group = groups.one(ask.unit, ask.caller, ask.request.group_id, "")
    return _revoked(ask, group, True, asked_rules(ask.request.ip_permissions))


def describe_ingress(ask: Ask[UpdateDescriptionsIn]) -> Answer:
    return _described(ask, False)


def describe_egress(ask: Ask[UpdateDescriptionsIn]) -> Answer:
    return _described(ask, True)


def modify_rules(ask: Ask[ModifySecurityGroupRulesIn]) -> Answer:
    group = groups.one(ask.unit, ask.caller, ask.request.group_id, "")
    changes = [
        (one.security_group_rule_id, _as_asked(one.security_group_rule)) for one in ask.request.security_group_rules
    ]
    group_rules.modify(ask.unit, ask.caller, group, changes)
    return {"Return": True}


def describe_rules(ask: Ask[DescribeSecurityGroupRulesIn]) -> Answer:
    asked = ask.request
    refuse_many("SecurityGroupRuleId", asked.security_group_rule_ids)
    known = ask.site.filters(ask.operation)

    def keep(rules: list[GroupRule]) -> list[GroupRule]:
        named = tags.by_resource(ask.unit, [rule.id for rule in rules]) if asked.filters else {}
        return filters.select(rules, asked.filters, _FACTS, known, tags=lambda rule: named.get(rule.id, {}))

    where = narrowing.where(ask.unit, ask.caller, asked.filters, _COLUMNS)
    if asked.security_group_rule_ids:
        found = group_rules.find(ask.unit, ask.caller, asked.security_group_rule_ids)
        where["id"] = [rule.id for rule in found]
    cut, token = pages.read(ask.unit.group_rules, {"id": str}, keep, asked, where)
    named = tags.by_resource(ask.unit, [rule.id for rule in cut])
    return {"SecurityGroupRules": [_item(ask, rule, named.get(rule.id, {})) for rule in cut], "NextToken": token}


def _group(ask: Ask[AuthorizeSecurityGroupIngressIn] | Ask[RevokeSecurityGroupIngressIn]) -> SecurityGroup:
    asked = ask.request
    group = groups.one(ask.unit, ask.caller, asked.group_id, asked.group_name)
    if asked.user_id not in ("", group.account_id):
        raise Missing("security group", asked.group_id or asked.group_name)
    return group


def _either_style(asked: _Ingress) -> list[AskedRule]:
    flat = AskedRule(
        protocol=asked.ip_protocol,
        from_port=asked.from_port,
        to_port=asked.to_port,
        cidr=asked.cidr_ip,
        group_name=asked.source_security_group_name,
        owner_id=asked.source_security_group_owner_id,
    )
    if flat == AskedRule():
        return asked_rules(asked.ip_permissions)
    if asked.ip_permissions:
        raise Combination("IpPermissions can not be used with IpProtocol, ports, CidrIp or a source security group")
    return [flat]


def _as_asked(request: RuleRequest) -> AskedRule:
    return AskedRule(
        protocol=request.ip_protocol,
        from_port=request.from_port,
        to_port=request.to_port,
        cidr=request.cidr_ipv4,
        cidr_ipv6=request.cidr_ipv6,
        group_id=request.referenced_group_id,
        description=request.description,
    )


def _authorized(
    ask: Ask[AuthorizeSecurityGroupIngressIn] | Ask[AuthorizeSecurityGroupEgressIn],
    group: SecurityGroup,
    egress: bool,
    asked: list[AskedRule],
) -> Answer:
    named = specified_tags(ask.request.tag_specifications, "security-group-rule")
    made = group_rules.authorize(ask.unit, ask.caller, group, egress, asked, ask.site.entropy)
    if named:
        tags.set_on(ask.unit, ask.caller, [rule.id for rule in made], named)
    return {"Return": True, "SecurityGroupRules": [_item(ask, rule, named) for rule in made]}


def _revoked(
    ask: Ask[RevokeSecurityGroupIngressIn] | Ask[RevokeSecurityGroupEgressIn],
    group: SecurityGroup,
    egress: bool,
    asked: list[AskedRule],
) -> Answer:
    rule_ids = ask.request.security_group_rule_ids
    if rule_ids and asked:
        raise Combination("Rules are named by SecurityGroupRuleIds or by what they say, not by both")
    if rule_ids:
        gone = group_rules.revoke_by_id(ask.unit, group, egress, rule_ids)
    else:
        gone = group_rules.revoke(ask.unit, ask.caller, group, egress, asked)
    return {
        "Return": True,
        "UnknownIpPermissions": [],
        "RevokedSecurityGroupRules": [revoked_item(one) for one in gone],
    }


def _described(ask: Ask[UpdateDescriptionsIn], egress: bool) -> Answer:
    asked = ask.request
    group = groups.one(ask.unit, ask.caller, asked.group_id, asked.group_name)
    by_id = [(one.security_group_rule_id, one.description) for one in asked.security_group_rule_descriptions]
    if bool(by_id) == bool(asked.ip_permissions):
        raise Absent("IpPermissions or SecurityGroupRuleDescriptions, one of them,")
    if by_id:
        group_rules.describe_by_id(ask.unit, group, egress, by_id)
    else:
        group_rules.describe(ask.unit, ask.caller, group, egress, asked_rules(asked.ip_permissions))
    return {"Return": True}


def _item(ask: Ask[msgspec.Struct], rule: GroupRule, named: dict[str, str]) -> Answer:
    return rule_item(rule, named, arn(ask, rule.account_id, "security-group-rule", rule.id))


OPERATIONS = (
    Operation(
        name="AuthorizeSecurityGroupIngress",
        request=AuthorizeSecurityGroupIngressIn,
        handle=authorize_ingress,
        writes=True,
    ),
    Operation(
        name="AuthorizeSecurityGroupEgress",
        request=AuthorizeSecurityGroupEgressIn,
        handle=authorize_egress,
        writes=True,
    ),
    Operation(
        name="RevokeSecurityGroupIngress", request=RevokeSecurityGroupIngressIn, handle=revoke_ingress, writes=True
    ),
    Operation(name="RevokeSecurityGroupEgress", request=RevokeSecurityGroupEgressIn, handle=revoke_egress, writes=True),
    Operation(
        name="UpdateSecurityGroupRuleDescriptionsIngress",
        request=UpdateDescriptionsIn,
        handle=describe_ingress,
        writes=True,
    ),
    Operation(
        name="UpdateSecurityGroupRuleDescriptionsEgress",
        request=UpdateDescriptionsIn,
        handle=describe_egress,
        writes=True,
    ),
    Operation(name="ModifySecurityGroupRules", request=ModifySecurityGroupRulesIn, handle=modify_rules, writes=True),
    Operation(name="DescribeSecurityGroupRules", request=DescribeSecurityGroupRulesIn, handle=describe_rules),
)
