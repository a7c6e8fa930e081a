"""Rules of security groups between their two forms: one permission with many peers on the wire, one rule a peer inside.

EC2 groups the rules of a direction by protocol and ports; what is read back as it was shown is the same rules.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from app.domain.commands import AskedRule
from app.domain.group import GroupRule, malformed
from app.server.ec2.operation import Answer, tag_pairs


class GroupPair(msgspec.Struct, frozen=True):
    group_id: str = ""
    group_name: str = ""
    user_id: str = ""
    description: str = ""


class IpRange(msgspec.Struct, frozen=True):
    cidr_ip: str = ""
    description: str = ""


class Ipv6Range(msgspec.Struct, frozen=True):
    cidr_ipv6: str = ""
    description: str = ""


class IpPermission(msgspec.Struct, frozen=True):
    ip_protocol: str = ""
    from_port: int | None = None
    to_port: int | None = None
    user_id_group_pairs: list[GroupPair] = []
    ip_ranges: list[IpRange] = []
    ipv6_ranges: list[Ipv6Range] = []


def asked_rules(permissions: Iterable[IpPermission]) -> list[AskedRule]:
    """Take permissions apart into one rule a peer."""
    return [rule for permission in permissions for rule in _apart(permission)]


def ip_permissions(rules: Iterable[GroupRule], group_names: Mapping[str, str]) -> list[Answer]:
    """Group rules of one direction as EC2 does; `group_names` by id are those of peers."""
    alike: dict[tuple[str, int, int], list[GroupRule]] = {}
    for rule in sorted(rules, key=lambda rule: (rule.protocol, rule.from_port, rule.to_port, rule.peer)):
        alike.setdefault((rule.protocol, rule.from_port, rule.to_port), []).append(rule)
    return [_together(same, group_names) for same in alike.values()]


def rule_item(rule: GroupRule, tags: dict[str, str], arn: str) -> Answer:
    """Form one rule as DescribeSecurityGroupRules shows it."""
    peer = rule.permission.group_id
    return {
        **_rule(rule),
        "GroupOwnerId": rule.account_id,
        "ReferencedGroupInfo": {"GroupId": peer, "UserId": rule.account_id} if peer else None,
        "Tags": tag_pairs(tags),
        "SecurityGroupRuleArn": arn,
    }


def revoked_item(rule: GroupRule) -> Answer:
    """Form one rule as the Revoke operations tell of it."""
    return {**_rule(rule), "ReferencedGroupId": rule.permission.group_id or None}


def _rule(rule: GroupRule) -> Answer:
    return {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "IsEgress": rule.egress,
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        "CidrIpv4": rule.permission.ipv4_range or None,
        "CidrIpv6": rule.permission.ipv6_range or None,
        "Description": rule.description or None,
    }


def _apart(permission: IpPermission) -> Iterator[AskedRule]:
    peers = [
        *({"cidr": one.cidr_ip, "description": one.description} for one in permission.ip_ranges),
        *({"cidr_ipv6": one.cidr_ipv6, "description": one.description} for one in permission.ipv6_ranges),
        *(
            {
                "group_id": one.group_id,
                "group_name": one.group_name,
                "owner_id": one.user_id,
                "description": one.description,
            }
            for one in permission.user_id_group_pairs
        ),
    ]
    if not peers:
        raise malformed(permission.ip_protocol, "It needs a peer: an IPv4 range, an IPv6 range or a security group.")
    for peer in peers:
        yield AskedRule(
            protocol=permission.ip_protocol, from_port=permission.from_port, to_port=permission.to_port, **peer
        )


def _together(alike: list[GroupRule], group_names: Mapping[str, str]) -> Answer:
    said = alike[0].permission
    permissions = [(rule, rule.permission, rule.description or None) for rule in alike]
    return {
        "IpProtocol": said.protocol,
        "FromPort": said.from_port if said.has_ports else None,
        "ToPort": said.to_port if said.has_ports else None,
        "UserIdGroupPairs": [
            {
                "UserId": rule.account_id,
                "GroupId": one.group_id,
                "GroupName": group_names.get(one.group_id),
                "Description": text,
            }
            for rule, one, text in permissions
            if one.group_id
        ],
        "IpRanges": [{"CidrIp": one.ipv4_range, "Description": text} for _, one, text in permissions if one.ipv4_range],
        "Ipv6Ranges": [
            {"CidrIpv6": one.ipv6_range, "Description": text} for _, one, text in permissions if one.ipv6_range
        ],
        "PrefixListIds": [],
    }
