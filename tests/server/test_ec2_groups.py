"""Security groups with rules over HTTP: what is granted, shown, found and refused, and by which code."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.domain.vpc import DEFAULT_VPC_ID
from tests.server.conftest import ec2_client
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
FROM_TEN = {**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
OUT = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "UserIdGroupPairs": [],
       "PrefixListIds": []}  # fmt: skip


@pytest.fixture
def web(ec2: Any) -> Iterator[str]:
    made = ec2.create_security_group(GroupName="web", Description="front end", VpcId=DEFAULT_VPC_ID)["GroupId"]
    yield made
    ec2.delete_security_group(GroupId=made)


@pytest.fixture
def db(ec2: Any) -> Iterator[str]:
    made = ec2.create_security_group(GroupName="db", Description="back end")["GroupId"]
    yield made
    ec2.delete_security_group(GroupId=made)


def shown(ec2: Any, group_id: str) -> Any:
    return ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]


def rules_of(ec2: Any, group_id: str, *, egress: bool = False) -> list[Any]:
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    return [rule for rule in found["SecurityGroupRules"] if rule["IsEgress"] is egress]


def refused(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**asked)
    code: str = caught.value.response["Error"]["Code"]
    return code


def test_a_new_group_lets_everything_out_and_nothing_in(ec2: Any, web: str) -> None:
    group = shown(ec2, web)
    assert (group["VpcId"], group["IpPermissions"], group["IpPermissionsEgress"]) == (DEFAULT_VPC_ID, [], [OUT])
    assert group["SecurityGroupArn"].endswith(f"{group['OwnerId']}:security-group/{web}")


def test_the_default_group_lets_in_what_comes_from_itself(stranger: dict[str, str]) -> None:
    eve = ec2_client(stranger)
    group = eve.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]
    pair = {"GroupId": group["GroupId"], "GroupName": "default", "UserId": group["OwnerId"]}
    assert group["IpPermissions"] == [{**OUT, "IpRanges": [], "UserIdGroupPairs": [pair]}]
    assert group["IpPermissionsEgress"] == [OUT]


def test_rules_are_grouped_by_traffic_and_shown_one_by_one(ec2: Any, web: str, db: str) -> None:
    asked = {
        **SSH,
        "IpRanges": [{"CidrIp": "10.1.2.3/8", "Description": "office"}, {"CidrIp": "192.0.2.1/32"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:DB8:0::1/32", "Description": "six"}],
        "UserIdGroupPairs": [{"GroupId": db, "Description": "back"}],
    }
    ping = {"IpProtocol": "1", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    made = ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[asked, ping])
    assert made["Return"] is True
    owner = shown(ec2, web)["OwnerId"]
    icmp, tcp = shown(ec2, web)["IpPermissions"]
    assert (icmp["IpProtocol"], icmp["FromPort"], icmp["ToPort"]) == ("icmp", 8, -1)
    assert tcp == {
        **SSH,
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}, {"CidrIp": "192.0.2.1/32"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32", "Description": "six"}],
        "UserIdGroupPairs": [{"GroupId": db, "GroupName": "db", "UserId": owner, "Description": "back"}],
        "PrefixListIds": [],
    }
    one_by_one = sorted(made["SecurityGroupRules"], key=lambda rule: rule["SecurityGroupRuleId"])
    assert rules_of(ec2, web) == one_by_one
    to_db = next(rule for rule in one_by_one if "ReferencedGroupInfo" in rule)
    assert to_db["ReferencedGroupInfo"] == {"GroupId": db, "UserId": owner}
    everything = rules_of(ec2, web, egress=True)
    assert [(rule["IpProtocol"], rule["FromPort"], rule["CidrIpv4"]) for rule in everything] == [
        ("-1", -1, "0.0.0.0/0")
    ]
    gone = ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=[asked, ping])
    assert {rule["SecurityGroupRuleId"] for rule in gone["RevokedSecurityGroupRules"]} == {
        rule["SecurityGroupRuleId"] for rule in one_by_one
    }
    assert shown(ec2, web)["IpPermissions"] == []


def test_what_is_shown_can_be_authorized_elsewhere(ec2: Any, web: str, db: str) -> None:
    both = [FROM_TEN, {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "UserIdGroupPairs": [{"GroupName": "web"}]}]
    ec2.authorize_security_group_ingress(GroupName="web", IpPermissions=both)
    ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=shown(ec2, web)["IpPermissions"])
    assert shown(ec2, db)["IpPermissions"] == shown(ec2, web)["IpPermissions"]
    ec2.revoke_security_group_ingress(GroupId=db, IpPermissions=shown(ec2, web)["IpPermissions"])
    assert shown(ec2, db)["IpPermissions"] == []


def test_the_flat_parameters_of_old_make_one_rule_and_a_group_alone_is_three(ec2: Any, raw: RawEc2, web: str) -> None:
    owner = shown(ec2, web)["OwnerId"]
    flat = {"GroupName": "web", "IpProtocol": "tcp", "FromPort": "80", "ToPort": "90", "CidrIp": "10.0.0.0/8"}
    assert raw.ask("AuthorizeSecurityGroupIngress", version="2014-09-01", UserId=owner, **flat).text("return") == "true"
    source = {"GroupName": "web", "SourceSecurityGroupName": "default", "SourceSecurityGroupOwnerId": owner}
    raw.ask("AuthorizeSecurityGroupIngress", **source)
    traffic = [(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in shown(ec2, web)["IpPermissions"]]
    assert traffic == [("icmp", -1, -1), ("tcp", 0, 65535), ("tcp", 80, 90), ("udp", 0, 65535)]
    named = raw.ask("AuthorizeSecurityGroupIngress", **source, IpProtocol="tcp", FromPort="1", ToPort="2")
    assert named.text("return") == "true"
    for asked in (flat, source, {**source, "IpProtocol": "tcp", "FromPort": "1", "ToPort": "2"}):
        assert raw.ask("RevokeSecurityGroupIngress", **asked).text("return") == "true"
    assert shown(ec2, web)["IpPermissions"] == []
    both = raw.ask("AuthorizeSecurityGroupIngress", IpPermissions_1_IpProtocol="tcp", **flat)
    assert both.code == "InvalidParameterCombination"


def test_rules_go_out_and_are_revoked_by_id(ec2: Any, web: str) -> None:
    made = ec2.authorize_security_group_egress(GroupId=web, IpPermissions=[FROM_TEN])["SecurityGroupRules"]
    rule = made[0]["SecurityGroupRuleId"]
    assert made[0]["IsEgress"] is True
    elsewhere = {"GroupId": web, "SecurityGroupRuleIds": [rule]}
    assert refused(ec2.revoke_security_group_ingress, **elsewhere) == "InvalidSecurityGroupRuleId.NotFound"
    gone = ec2.revoke_security_group_egress(**elsewhere)["RevokedSecurityGroupRules"]
    assert [one["SecurityGroupRuleId"] for one in gone] == [rule]
    assert refused(ec2.revoke_security_group_egress, **elsewhere) == "InvalidSecurityGroupRuleId.NotFound"
    ec2.revoke_security_group_egress(GroupId=web, IpPermissions=[OUT])
    assert shown(ec2, web)["IpPermissionsEgress"] == []


BAD_PERMISSIONS = [
    *(({**SSH, "IpRanges": [{"CidrIp": cidr}]}, "InvalidPermission.Malformed") for cidr in (
        "10.0.0.0/33", "10.0.0.1", "10.0.0/8", "::/0", "10.0.0.0/255.0.0.0", "10.0.0.0/-1", "everywhere", "10.0.0.0/",
        "/8", "010.0.0.0/8", "10.0.0.0/8/8", "10.0.0.0/٨",
    )),
    *(({**SSH, "Ipv6Ranges": [{"CidrIpv6": cidr}]}, "InvalidPermission.Malformed") for cidr in (
        "10.0.0.0/8", "::1", "::/129", "fe80::1%eth0/64",
    )),
    *(({**FROM_TEN, "FromPort": first, "ToPort": last}, "InvalidPermission.Malformed") for first, last in (
        (-1, -1), (0, 65536), (90, 80), (-1, 80),
    )),
    *(({**FROM_TEN, "IpProtocol": "icmp", "FromPort": kind, "ToPort": code}, "InvalidPermission.Malformed")
      for kind, code in ((256, 0), (8, 256), (-1, 0), (-2, -1))),
    ({"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "InvalidPermission.Malformed"),
    ({"IpProtocol": "icmp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "InvalidPermission.Malformed"),
    (SSH, "InvalidPermission.Malformed"),
    *(({**FROM_TEN, "IpProtocol": name}, "InvalidParameterValue") for name in ("all", "256", "-2", "tcp/udp", "٦")),
    ({"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, "MissingParameter"),
    ({**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "x" * 256}]}, "InvalidParameterValue"),
    ({**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "naïve"}]}, "InvalidParameterValue"),
    ({**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.1.0.0/8"}]}, "InvalidParameterValue"),
    ({**SSH, "IpRanges": [{"Description": "none"}]}, "InvalidParameterCombination"),
    ({**SSH, "UserIdGroupPairs": [{"GroupName": "nobody's"}]}, "InvalidGroup.NotFound"),
    ({**SSH, "UserIdGroupPairs": [{"GroupName": "default", "UserId": "999999999999"}]}, "InvalidGroup.NotFound"),
    ({**SSH, "UserIdGroupPairs": [{"GroupId": "sg-0badc0de"}]}, "InvalidGroup.NotFound"),
    ({**SSH, "UserIdGroupPairs": [{"GroupId": "web"}]}, "InvalidGroupId.Malformed"),
    ({**SSH, "UserIdGroupPairs": [{"GroupName": "default", "VpcId": "vpc-00000000"}]}, "UnsupportedOperation"),
    ({**SSH, "PrefixListIds": [{"PrefixListId": "pl-12345678"}]}, "UnsupportedOperation"),
]  # fmt: skip


@pytest.mark.parametrize(("permission", "code"), BAD_PERMISSIONS)
def test_a_bad_permission_is_refused_and_nothing_of_the_request_is_done(
    ec2: Any, web: str, permission: Any, code: str
) -> None:
    before = shown(ec2, web)
    good = {**SSH, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    for call in (ec2.authorize_security_group_ingress, ec2.authorize_security_group_egress):
        assert refused(call, GroupId=web, IpPermissions=[good, permission]) == code
    assert shown(ec2, web) == before


def test_a_rule_is_there_once_and_only_what_is_there_is_revoked(ec2: Any, web: str) -> None:
    asked = {"GroupId": web, "IpPermissions": [FROM_TEN]}
    assert refused(ec2.revoke_security_group_ingress, **asked) == "InvalidPermission.NotFound"
    assert refused(ec2.authorize_security_group_ingress, **asked, DryRun=True) == "DryRunOperation"
    ec2.authorize_security_group_ingress(**asked)
    again = {"GroupId": web, "IpPermissions": [{**SSH, "IpRanges": [{"CidrIp": "10.9.9.9/8", "Description": "again"}]}]}
    assert refused(ec2.authorize_security_group_ingress, **again) == "InvalidPermission.Duplicate"
    other = {"GroupId": web, "IpPermissions": [FROM_TEN, {**FROM_TEN, "ToPort": 23}]}
    assert refused(ec2.revoke_security_group_ingress, **other) == "InvalidPermission.NotFound"
    assert refused(ec2.revoke_security_group_egress, **asked) == "InvalidPermission.NotFound"
    assert len(shown(ec2, web)["IpPermissions"]) == 1
    assert refused(ec2.authorize_security_group_ingress, GroupId=web) == "MissingParameter"
    assert refused(ec2.authorize_security_group_ingress, IpPermissions=[FROM_TEN]) == "MissingParameter"
    ec2.revoke_security_group_ingress(**again)


def test_of_two_who_authorize_the_same_at_once_one_is_told_of_the_other(admin: dict[str, str], web: str) -> None:
    clients = [ec2_client(admin) for _ in range(6)]

    def ask(client: Any) -> str:
        try:
            client.authorize_security_group_ingress(GroupId=web, IpPermissions=[FROM_TEN])
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "made"

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(ask, clients))
    assert answers == [*["InvalidPermission.Duplicate"] * 5, "made"]
    assert len(rules_of(clients[0], web)) == 1


def test_a_group_holds_sixty_rules_of_an_ip_version_and_direction(ec2: Any, web: str) -> None:
    of_four = [{"CidrIp": f"10.0.{number}.0/24"} for number in range(60)]
    of_six = [{"CidrIpv6": f"2001:db8:{number:x}::/48"} for number in range(60)]
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[{**SSH, "IpRanges": of_four}])
    asked = {"GroupId": web, "IpPermissions": [{**SSH, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}]}
    assert refused(ec2.authorize_security_group_ingress, **asked) == "RulesPerSecurityGroupLimitExceeded"
    pair = [{**SSH, "UserIdGroupPairs": [{"GroupId": web}]}]
    assert (
        refused(ec2.authorize_security_group_ingress, GroupId=web, IpPermissions=pair)
        == "RulesPerSecurityGroupLimitExceeded"
    )
    ec2.authorize_security_group_egress(**asked)
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[{**SSH, "Ipv6Ranges": of_six}])
    assert len(rules_of(ec2, web)) == 120


def test_a_group_that_another_s_rule_names_stays_and_one_that_names_itself_goes(ec2: Any, web: str) -> None:
    doomed = ec2.create_security_group(GroupName="doomed", Description="x")["GroupId"]
    rule = [{**SSH, "UserIdGroupPairs": [{"GroupId": doomed}]}]
    for group_id in (web, doomed):
        ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=rule)
    assert refused(ec2.delete_security_group, GroupId=doomed) == "DependencyViolation"
    own = rules_of(ec2, doomed)[0]["SecurityGroupRuleId"]
    ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=rule)
    ec2.delete_security_group(GroupId=doomed)
    call = ec2.describe_security_group_rules
    assert refused(call, SecurityGroupRuleIds=[own]) == "InvalidSecurityGroupRuleId.NotFound"


def test_rules_are_tagged_found_and_shown_in_pages(ec2: Any, web: str) -> None:
    tagged = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "tier", "Value": "front"}]}]
    ranges = [{"CidrIp": f"10.0.{number}.0/24"} for number in range(7)]
    permissions = [{**SSH, "IpRanges": ranges}]
    made = ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=permissions, TagSpecifications=tagged)
    rules = made["SecurityGroupRules"]
    assert {tag["Value"] for rule in rules for tag in rule["Tags"]} == {"front"}
    ids = sorted(rule["SecurityGroupRuleId"] for rule in rules)

    def found(name: str, *values: str) -> list[str]:
        asked = ec2.describe_security_group_rules(Filters=[{"Name": name, "Values": list(values)}])
        return [rule["SecurityGroupRuleId"] for rule in asked["SecurityGroupRules"]]

    assert found("tag:tier", "fr?nt") == ids
    assert found("security-group-rule-id", ids[3], ids[1]) == [ids[1], ids[3]]
    assert len(found("group-id", web)) == 8
    pages = ec2.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "tag:tier", "Values": ["front"]}], PaginationConfig={"PageSize": 5}
    )
    assert [[rule["SecurityGroupRuleId"] for rule in page["SecurityGroupRules"]] for page in pages] == [
        ids[:5],
        ids[5:],
    ]
    tags = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["security-group-rule"]}])["Tags"]
    assert {tag["ResourceId"] for tag in tags} == set(ids)
    ec2.revoke_security_group_ingress(GroupId=web, SecurityGroupRuleIds=ids)
    assert ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["security-group-rule"]}])["Tags"] == []
    assert (
        refused(ec2.describe_security_group_rules, SecurityGroupRuleIds=["sgr-x"])
        == "InvalidSecurityGroupRuleId.Malformed"
    )
    wrong = [{**tagged[0], "ResourceType": "security-group"}]
    call = ec2.authorize_security_group_ingress
    assert refused(call, GroupId=web, IpPermissions=permissions, TagSpecifications=wrong) == "InvalidParameterValue"


def test_descriptions_are_given_and_taken_away(ec2: Any, web: str) -> None:
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[FROM_TEN])
    rule = rules_of(ec2, web)[0]["SecurityGroupRuleId"]
    update = ec2.update_security_group_rule_descriptions_ingress
    update(GroupName="web", IpPermissions=[{**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "office"}]}])
    assert rules_of(ec2, web)[0]["Description"] == "office"
    update(GroupId=web, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": rule, "Description": "home"}])
    assert shown(ec2, web)["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/8", "Description": "home"}]
    update(GroupId=web, IpPermissions=[FROM_TEN])
    assert "Description" not in rules_of(ec2, web)[0]
    unknown = [{**FROM_TEN, "ToPort": 23}]
    assert refused(update, GroupId=web, IpPermissions=unknown) == "InvalidPermission.NotFound"
    assert refused(update, GroupId=web) == "MissingParameter"
    egress = ec2.update_security_group_rule_descriptions_egress
    assert refused(egress, GroupId=web, IpPermissions=[FROM_TEN]) == "InvalidPermission.NotFound"
    by_id = [{"SecurityGroupRuleId": rule, "Description": "x"}]
    assert refused(egress, GroupId=web, SecurityGroupRuleDescriptions=by_id) == "InvalidSecurityGroupRuleId.NotFound"
    egress(GroupId=web, IpPermissions=[{**OUT, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "out"}]}])
    assert rules_of(ec2, web, egress=True)[0]["Description"] == "out"


def test_rules_are_modified_under_their_ids_and_may_take_each_other_s_place(ec2: Any, web: str) -> None:
    ten, twenty = {"CidrIpv4": "10.0.0.0/8"}, {"CidrIpv4": "20.0.0.0/8"}
    ranges = [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "20.0.0.0/8"}]
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[{**SSH, "IpRanges": ranges}])
    ids = {rule["CidrIpv4"]: rule["SecurityGroupRuleId"] for rule in rules_of(ec2, web)}
    first, second = ids["10.0.0.0/8"], ids["20.0.0.0/8"]

    def change(*changes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        asked = [{"SecurityGroupRuleId": rule, "SecurityGroupRule": facts} for rule, facts in changes]
        return {"GroupId": web, "SecurityGroupRules": asked}

    modify = ec2.modify_security_group_rules
    modify(**change((first, {**SSH, **twenty}), (second, {**SSH, **ten, "Description": "swapped"})))
    now = {rule["SecurityGroupRuleId"]: rule for rule in rules_of(ec2, web)}
    assert (now[first]["CidrIpv4"], now[second]["CidrIpv4"]) == ("20.0.0.0/8", "10.0.0.0/8")
    assert now[second]["Description"] == "swapped"
    assert refused(modify, **change((first, {**SSH, **ten}))) == "InvalidPermission.Duplicate"
    same = change((first, {**SSH, "CidrIpv4": "30.0.0.0/8"}), (second, {**SSH, "CidrIpv4": "30.0.0.0/8"}))
    assert refused(modify, **same) == "InvalidParameterValue"
    other_kind = change((first, {**SSH, "CidrIpv6": "::/0"}))
    assert refused(modify, **other_kind) == "InvalidParameterCombination"
    twice = change((first, {**SSH, **twenty}), (first, {**SSH, **twenty}))
    assert refused(modify, **twice) == "InvalidParameterCombination"
    assert refused(modify, **change(("sgr-0badc0de", {**SSH, **ten}))) == "InvalidSecurityGroupRuleId.NotFound"
    assert refused(modify, **change((first, {"IpProtocol": "tcp"}))) == "InvalidParameterCombination"
    assert {rule["SecurityGroupRuleId"]: rule for rule in rules_of(ec2, web)} == now


def test_what_rules_say_their_group_is_found_by(ec2: Any, web: str, db: str) -> None:
    owner = shown(ec2, web)["OwnerId"]
    peers = {"IpRanges": [{"CidrIp": "10.0.0.0/8"}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
             "UserIdGroupPairs": [{"GroupId": db}]}  # fmt: skip
    permission = [{"IpProtocol": "udp", "FromPort": 500, "ToPort": 510, **peers}]
    facts = {"cidr": "10.0.0.0/8", "ipv6-cidr": "2001:db8::/32", "group-id": db, "group-name": "db", "user-id": owner,
             "protocol": "udp", "from-port": "500", "to-port": "510"}  # fmt: skip

    def found(name: str, value: str) -> list[str]:
        filters = [{"Name": name, "Values": [value]}, {"Name": "vpc-id", "Values": [DEFAULT_VPC_ID]}]
        return [group["GroupId"] for group in ec2.describe_security_groups(Filters=filters)["SecurityGroups"]]

    assert not any(web in found(f"ip-permission.{name}", value) for name, value in facts.items())
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=permission)
    assert all(web in found(f"ip-permission.{name}", value) for name, value in facts.items())
    assert not any(web in found(f"egress.ip-permission.{name}", value) for name, value in facts.items())
    ec2.authorize_security_group_egress(GroupId=web, IpPermissions=permission)
    assert all(web in found(f"egress.ip-permission.{name}", value) for name, value in facts.items())
    assert web in found("egress.ip-permission.protocol", "-1")
    assert web not in found("vpc-id", "vpc-0badc0de")
    assert found("ip-permission.prefix-list-id", "*") == []
    ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=permission)
    ec2.revoke_security_group_egress(GroupId=web, IpPermissions=permission)


def test_peers_are_of_the_group_s_account_also_for_administrators(ec2: Any, stranger: dict[str, str], web: str) -> None:
    theirs = ec2_client(stranger).describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    by_id = [{**SSH, "UserIdGroupPairs": [{"GroupId": theirs}]}]
    assert refused(ec2.authorize_security_group_ingress, GroupId=web, IpPermissions=by_id) == "InvalidGroup.NotFound"
    by_name = [{**SSH, "UserIdGroupPairs": [{"GroupName": "default"}]}]
    made = ec2.authorize_security_group_ingress(GroupId=theirs, IpPermissions=by_name)["SecurityGroupRules"][0]
    assert made["ReferencedGroupInfo"]["GroupId"] == theirs
    ec2.revoke_security_group_ingress(GroupId=theirs, SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])


def test_the_default_group_is_not_made_or_deleted(ec2: Any) -> None:
    assert refused(ec2.create_security_group, GroupName="default", Description="x") == "InvalidGroup.Reserved"
    assert refused(ec2.delete_security_group, GroupName="default") == "CannotDelete"
    assert refused(ec2.delete_security_group) == "MissingParameter"
    assert refused(ec2.delete_security_group, GroupName="x", GroupId="sg-0badc0de") == "InvalidParameterCombination"


def test_there_is_one_network_and_groups_are_in_it(ec2: Any, web: str) -> None:
    elsewhere = {"GroupName": "x", "Description": "x", "VpcId": "vpc-0badc0de"}
    assert refused(ec2.create_security_group, **elsewhere) == "InvalidVpcID.NotFound"
    usable = ec2.get_security_groups_for_vpc(VpcId=DEFAULT_VPC_ID, Filters=[{"Name": "group-name", "Values": ["we*"]}])
    assert [(one["GroupId"], one["PrimaryVpcId"]) for one in usable["SecurityGroupForVpcs"]] == [(web, DEFAULT_VPC_ID)]
    assert refused(ec2.get_security_groups_for_vpc, VpcId="vpc-0badc0de") == "InvalidVpcID.NotFound"
    assert ec2.describe_stale_security_groups(VpcId=DEFAULT_VPC_ID)["StaleSecurityGroupSet"] == []
    assert refused(ec2.describe_stale_security_groups, VpcId="vpc-0badc0de") == "InvalidVpcID.NotFound"
    assert ec2.describe_security_group_references(GroupId=[web])["SecurityGroupReferenceSet"] == []
    assert refused(ec2.describe_security_group_references, GroupId=["sg-0badc0de"]) == "InvalidGroup.NotFound"
