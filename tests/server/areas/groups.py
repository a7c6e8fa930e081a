"""Security groups with rules, for the tests that go over every operation."""

from typing import Any

from app.domain.vpc import DEFAULT_VPC_ID
from tests.server.areas import Probe
from tests.server.raw_ec2 import RawEc2

TAGS = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "Name", "Value": "walk"}]}]
_GROUPS = ({"GroupId": "{group}"}, {"GroupName": "{group_name}"})
_TCP = {"IpProtocol": "tcp", "FromPort": "22", "ToPort": "22"}
_FLAT = {**_TCP, "CidrIp": "10.0.0.0/8"}
_SSH = {f"IpPermissions.1.{name}": value for name, value in _TCP.items()}
_RANGE = {**_SSH, "IpPermissions.1.IpRanges.1.CidrIp": "10.0.0.0/8"}
_MINE = {"GroupName": "default", "DryRun": "true"}
_BY_ID = {**_SSH, "IpPermissions.1.Groups.1.GroupId": "{group}"}
_BY_NAME = {
    **_SSH,
    "IpPermissions.1.Groups.1.GroupName": "{group_name}",
    "IpPermissions.1.Groups.1.UserId": "{account}",
}
PROBES: list[Probe] = [
    *((name, {**group, **_FLAT}) for group in _GROUPS for name in (
        "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress",
    )),
    *((name, {**_MINE, **source}) for source in (_BY_ID, _BY_NAME) for name in (
        "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "UpdateSecurityGroupRuleDescriptionsIngress",
    )),
    ("AuthorizeSecurityGroupIngress", {
        **_MINE, "SourceSecurityGroupName": "{group_name}", "SourceSecurityGroupOwnerId": "{account}",
    }),
    ("AuthorizeSecurityGroupIngress", {**_MINE, **_FLAT, "UserId": "{account}"}),
    *((name, {"GroupId": "{group}", **_RANGE}) for name in (
        "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", "UpdateSecurityGroupRuleDescriptionsIngress",
        "UpdateSecurityGroupRuleDescriptionsEgress",
    )),
    ("RevokeSecurityGroupIngress", {"GroupId": "{group}", "SecurityGroupRuleId.1": "{group_rule}"}),
    ("RevokeSecurityGroupIngress", {**_MINE, "SecurityGroupRuleId.1": "{group_rule}"}),
    ("UpdateSecurityGroupRuleDescriptionsIngress", {
        **_MINE, "SecurityGroupRuleDescription.1.SecurityGroupRuleId": "{group_rule}",
    }),
    ("ModifySecurityGroupRules", {
        "GroupId": "{group}", "SecurityGroupRule.1.SecurityGroupRuleId": "{group_rule}",
        "SecurityGroupRule.1.SecurityGroupRule.IpProtocol": "-1",
        "SecurityGroupRule.1.SecurityGroupRule.CidrIpv4": "10.0.0.0/8",
    }),
    ("DescribeSecurityGroupRules", {"SecurityGroupRuleId.1": "{group_rule}"}),
    ("DescribeSecurityGroupRules", {"Filter.1.Name": "group-id", "Filter.1.Value.1": "{group}"}),
    ("DescribeSecurityGroups", {"Filter.1.Name": "ip-permission.group-id", "Filter.1.Value.1": "{group}"}),
    ("DescribeSecurityGroupReferences", {"GroupId.1": "{group}"}),
    ("CreateTags", {"ResourceId.1": "{group_rule}", "Tag.1.Key": "a", "Tag.1.Value": "b"}),
    ("DeleteTags", {"ResourceId.1": "{group_rule}"}),
    ("GetSecurityGroupsForVpc", {
        "VpcId": DEFAULT_VPC_ID, "Filter.1.Name": "group-id", "Filter.1.Value.1": "{group}",
    }),
]  # fmt: skip
NOBODYS = {"group_rule": "sgr-0bad9a9e0bad9a9e0"}
NOTHING_TO_NAME = {"DescribeStaleSecurityGroups"}


def walk(ec2: Any, *, today: bool) -> None:
    described = {"Description": "walk"} if today else {}
    made = [ec2.create_security_group(GroupName=f"rules {n} {today}", Description="x")["GroupId"] for n in range(6)]
    mine, other = made[:2]
    peers: dict[str, Any] = {
        "IpRanges": [{"CidrIp": "10.0.0.0/8", **described}],
        "UserIdGroupPairs": [{"GroupId": other, **described}],
        **({"Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32", **described}]} if today else {}),
    }
    permissions = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **peers}]
    tagged = {"TagSpecifications": TAGS} if today else {}
    ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=permissions, **tagged)
    ec2.authorize_security_group_egress(GroupId=mine, IpPermissions=permissions, **tagged)
    ec2.describe_security_groups(GroupIds=[mine])
    if today:
        _walk_of_today(ec2, mine, permissions)
    ec2.revoke_security_group_ingress(GroupId=mine, IpPermissions=permissions)
    ec2.revoke_security_group_egress(GroupId=mine, IpPermissions=permissions)
    for group_id in made:
        ec2.delete_security_group(GroupId=group_id)


def _walk_of_today(ec2: Any, group_id: str, permissions: list[dict[str, Any]]) -> None:
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])[
        "SecurityGroupRules"
    ]
    ec2.describe_security_group_rules(MaxResults=5)
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group_id, IpPermissions=permissions)
    ec2.update_security_group_rule_descriptions_egress(GroupId=group_id, IpPermissions=permissions)
    range_of_mine = next(rule for rule in rules if rule.get("CidrIpv4") == "10.0.0.0/8")
    same = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "10.0.0.0/8", "Description": "modified"}
    change = {"SecurityGroupRuleId": range_of_mine["SecurityGroupRuleId"], "SecurityGroupRule": same}
    ec2.modify_security_group_rules(GroupId=group_id, SecurityGroupRules=[change])
    ec2.create_tags(Resources=[group_id], Tags=[{"Key": "Name", "Value": "walk"}])
    ec2.get_security_groups_for_vpc(VpcId=DEFAULT_VPC_ID, MaxResults=5)
    ec2.get_security_groups_for_vpc(VpcId=DEFAULT_VPC_ID)
    ec2.describe_stale_security_groups(VpcId=DEFAULT_VPC_ID)
    ec2.describe_security_group_references(GroupId=[group_id])


def victim(raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
    made = raw.pairs(
        [("Action", "AuthorizeSecurityGroupIngress"), ("Version", "2016-11-15"), ("GroupId", mine["group"])]
        + [(name, value) for name, value in _RANGE.items()]
        + [("IpPermissions.1.IpRanges.1.Description", "secret")]
    )
    rule = made.text("securityGroupRuleId")
    raw.ask("CreateTags", ResourceId_1=rule, Tag_1_Key=mine["tag"], Tag_1_Value="secret")
    return {"group_rule": rule}


def bury(raw: RawEc2, mine: dict[str, str]) -> None:
    raw.ask("RevokeSecurityGroupIngress", GroupId=mine["group"], SecurityGroupRuleId_1=mine["group_rule"])
