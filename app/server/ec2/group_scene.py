"""Security groups with everything an answer shows beside them, and what their filters look at."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from app.domain.group import GroupRule, SecurityGroup
from app.domain.ports import Unit
from app.domain.vpc import DEFAULT_VPC_ID
from app.server.ec2.filters import Facts
from app.server.ec2.operation import Answer, tag_pairs
from app.server.ec2.permissions import ip_permissions
from app.services import tags


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    """One group with its rules; `peer_names` are the names of groups that rules name, by id."""

    group: SecurityGroup
    rules: tuple[GroupRule, ...]
    peer_names: dict[str, str]
    tags: dict[str, str]

    @classmethod
    def of(cls, unit: Unit, groups: Sequence[SecurityGroup]) -> list[Self]:
        group_ids = [group.id for group in groups]
        rules: dict[str, list[GroupRule]] = {}
        for rule in unit.group_rules.where(group_id=group_ids):
            rules.setdefault(rule.group_id, []).append(rule)
        peers = {rule.permission.group_id for found in rules.values() for rule in found}
        names = {group.id: group.name for group in unit.groups.where(id=tuple(peers))}
        named = tags.by_resource(unit, group_ids)
        return [
            cls(group=one, rules=tuple(rules.get(one.id, ())), peer_names=names, tags=named.get(one.id, {}))
            for one in groups
        ]

    def direction(self, egress: bool) -> list[GroupRule]:
        return [rule for rule in self.rules if rule.egress is egress]


def group_item(shown: ShownGroup, arn: str) -> Answer:
    """Form a group as DescribeSecurityGroups shows it."""
    return {
        **_named(shown),
        "VpcId": DEFAULT_VPC_ID,
        "SecurityGroupArn": arn,
        "IpPermissions": ip_permissions(shown.direction(False), shown.peer_names),
        "IpPermissionsEgress": ip_permissions(shown.direction(True), shown.peer_names),
    }


def group_for_vpc_item(shown: ShownGroup) -> Answer:
    """Form a group as GetSecurityGroupsForVpc shows it."""
    return {**_named(shown), "PrimaryVpcId": DEFAULT_VPC_ID}


def _named(shown: ShownGroup) -> Answer:
    return {
        "GroupId": shown.group.id,
        "GroupName": shown.group.name,
        "Description": shown.group.description,
        "OwnerId": shown.group.account_id,
        "Tags": tag_pairs(shown.tags),
    }


def _peer_name(shown: ShownGroup, rule: GroupRule) -> str:
    return shown.peer_names.get(rule.permission.group_id, "")


_OF_RULE: dict[str, Callable[[ShownGroup, GroupRule], str]] = {
    "cidr": lambda shown, rule: rule.permission.ipv4_range,
    "from-port": lambda shown, rule: str(rule.from_port) if rule.permission.has_ports else "",
    "group-id": lambda shown, rule: rule.permission.group_id,
    "group-name": _peer_name,
    "ipv6-cidr": lambda shown, rule: rule.permission.ipv6_range,
    "protocol": lambda shown, rule: rule.protocol,
    "to-port": lambda shown, rule: str(rule.to_port) if rule.permission.has_ports else "",
    "user-id": lambda shown, rule: rule.account_id if rule.permission.group_id else "",
}


def _of_rules(egress: bool, fact: Callable[[ShownGroup, GroupRule], str]) -> Callable[[ShownGroup], Iterable[str]]:
    return lambda shown: [value for rule in shown.direction(egress) if (value := fact(shown, rule))]


FACTS: Facts[ShownGroup] = {
    "description": lambda shown: [shown.group.description],
    "group-id": lambda shown: [shown.group.id],
    "group-name": lambda shown: [shown.group.name],
    "owner-id": lambda shown: [shown.group.account_id],
    "vpc-id": lambda shown: [DEFAULT_VPC_ID],
    **{f"ip-permission.{name}": _of_rules(False, fact) for name, fact in _OF_RULE.items()},
    **{f"egress.ip-permission.{name}": _of_rules(True, fact) for name, fact in _OF_RULE.items()},
}
FACTS_FOR_VPC: Facts[ShownGroup] = {
    **{name: FACTS[name] for name in ("description", "group-id", "group-name", "owner-id")},
    "primary-vpc-id": FACTS["vpc-id"],
}
