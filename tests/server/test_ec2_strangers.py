"""What a stranger may learn of another account: nothing, not even that a thing exists.

Each probe is sent twice, once naming a thing of the victim and once one that nobody has. The two answers must be one.
"""

import re
from collections.abc import Iterator

import pytest
from msgspec.structs import fields

from app.server.ec2.operation import Operation
from app.server.query import OPERATIONS
from tests.server.areas import AREAS
from tests.server.raw_ec2 import RawEc2, Reply
from tests.server.victims import NOBODYS, things

pytestmark = pytest.mark.server

RUN = {"ImageId": "{public}", "MinCount": "1", "MaxCount": "1", "DryRun": "true"}
PROBES: list[tuple[str, dict[str, str]]] = [
    *((name, {"InstanceId.1": "{instance}"}) for name in (
        "DescribeInstances", "DescribeInstanceStatus", "TerminateInstances", "StopInstances", "StartInstances",
        "RebootInstances",
    )),
    ("TerminateInstances", {"InstanceId.1": "{instance}", "DryRun": "true"}),
    ("GetConsoleOutput", {"InstanceId": "{instance}"}),
    *(("CreateTags", {"ResourceId.1": f"{{{thing}}}", "Tag.1.Key": "a", "Tag.1.Value": "b"})
      for thing in ("instance", "group", "key", "image")),
    *(("DeleteTags", {"ResourceId.1": f"{{{thing}}}"}) for thing in ("instance", "group", "key", "image")),
    ("RunInstances", {**RUN, "KeyName": "{key_name}"}),
    ("RunInstances", {**RUN, "SecurityGroupId.1": "{group}"}),
    ("RunInstances", {**RUN, "SecurityGroup.1": "{group_name}"}),
    ("RunInstances", {**RUN, "ImageId": "{image}"}),
    ("RunInstances", {**RUN, "ClientToken": "{token}"}),
    ("DescribeImages", {"ImageId.1": "{image}"}),
    ("DescribeImages", {"Owner.1": "{account}", "Filter.1.Name": "is-public", "Filter.1.Value.1": "false"}),
    ("DescribeImages", {"ExecutableBy.1": "{account}"}),
    ("DeregisterImage", {"ImageId": "{image}"}),
    ("RegisterImage", {"Name": "x", "ImageLocation": "{location}", "KernelId": "{image}", "DryRun": "true"}),
    ("DescribeKeyPairs", {"KeyName.1": "{key_name}"}),
    ("DescribeKeyPairs", {"KeyPairId.1": "{key}"}),
    ("DeleteKeyPair", {"KeyName": "{key_name}"}),
    ("DeleteKeyPair", {"KeyPairId": "{key}"}),
    ("CreateKeyPair", {"KeyName": "{key_name}", "DryRun": "true"}),
    ("CreateSecurityGroup", {"GroupName": "{group_name}", "GroupDescription": "x", "DryRun": "true"}),
    ("DeleteSecurityGroup", {"GroupId": "{group}"}),
    ("DeleteSecurityGroup", {"GroupName": "{group_name}"}),
    ("DescribeSecurityGroups", {"GroupId.1": "{group}"}),
    ("DescribeSecurityGroups", {"GroupName.1": "{group_name}"}),
    *((operation, {"Filter.1.Name": name, "Filter.1.Value.1": f"{{{thing}}}"}) for operation, name, thing in (
        ("DescribeInstances", "owner-id", "account"), ("DescribeInstances", "reservation-id", "reservation"),
        ("DescribeInstances", "client-token", "token"), ("DescribeInstances", "tag-key", "tag"),
        ("DescribeTags", "resource-id", "instance"), ("DescribeTags", "resource-id", "public"),
        ("DescribeTags", "key", "tag"),
        ("DescribeImages", "owner-id", "nothing_private"), ("DescribeImages", "tag-key", "tag"),
        ("DescribeSecurityGroups", "owner-id", "account"), ("DescribeKeyPairs", "key-pair-id", "key"),
    )),
    *(probe for area in AREAS for probe in area.PROBES),
]  # fmt: skip
NOTHING_TO_NAME = {
    "DescribeAccountAttributes",
    "DescribeAvailabilityZones",
    "DescribeInstanceTypes",
    "DescribeRegions",
    "GetCallerIdentity",
    "ImportKeyPair",
    *(name for area in AREAS for name in area.NOTHING_TO_NAME),
}


@pytest.fixture(scope="module")
def victims(raw: RawEc2, admin: dict[str, str]) -> Iterator[dict[str, str]]:
    with things(raw, admin) as mine:
        yield mine


def test_every_operation_is_probed_or_names_nothing() -> None:
    assert {name for name, _ in PROBES} | NOTHING_TO_NAME == {operation.name for operation in OPERATIONS}


def probed(eve: RawEc2, operation: str, template: dict[str, str], things: dict[str, str]) -> Reply:
    filled = [(name, value.format(**things)) for name, value in template.items()]
    return eve.pairs([("Action", operation), ("Version", "2016-11-15"), *filled])


@pytest.mark.parametrize(("operation", "template"), PROBES)
def test_a_stranger_can_not_tell_whether_a_thing_exists(
    raw: RawEc2, raw_stranger: RawEc2, victims: dict[str, str], operation: str, template: dict[str, str]
) -> None:
    before = [raw.ask("DescribeInstances"), raw.ask("DescribeTags"), raw.ask("DescribeKeyPairs")]
    about_it = probed(raw_stranger, operation, template, victims)
    about_nothing = probed(raw_stranger, operation, template, victims | NOBODYS)
    assert said(about_it, victims) == said(about_nothing, NOBODYS)
    after = [raw.ask("DescribeInstances"), raw.ask("DescribeTags"), raw.ask("DescribeKeyPairs")]
    for one, other in zip(before, after, strict=True):
        assert sorted(one.texts("instanceId") + one.texts("value")) == sorted(
            other.texts("instanceId") + other.texts("value")
        )
        assert one.texts("keyName") == other.texts("keyName")


def test_nothing_of_the_victim_is_in_any_list(raw_stranger: RawEc2, victims: dict[str, str]) -> None:
    private = [victims[thing] for thing in ("instance", "reservation", "group", "key", "image", "token", "tag")]
    private += ["victim's key", "victim's group", "victim's image", "secret"]
    for operation in sorted(operation.name for operation in OPERATIONS if lists_all(operation)):
        told = raw_stranger.ask(operation)
        assert told.status == 200 or told.code == "MissingParameter", operation
        assert [word for word in private if word.encode() in told.body] == [], operation


def lists_all(operation: Operation) -> bool:
    """Tell whether it lists things without being told which."""
    return operation.name.startswith("Describe") and not any(field.required for field in fields(operation.request))


def test_a_client_token_counts_in_its_account_only(raw_stranger: RawEc2, victims: dict[str, str]) -> None:
    run = raw_stranger.ask(
        "RunInstances", ImageId=victims["public"], MinCount="1", MaxCount="1", ClientToken=victims["token"]
    )
    assert run.text("reservationId") not in ("", victims["reservation"])
    raw_stranger.ask("TerminateInstances", InstanceId_1=run.text("instanceId"))


def test_no_host_is_named_to_users(raw: RawEc2, raw_stranger: RawEc2, victims: dict[str, str]) -> None:
    full = {"ImageId": victims["public"], "MinCount": "900", "MaxCount": "900"}
    assert "cluster1-host1" in raw.ask("RunInstances", **full).message
    refused = raw_stranger.ask("RunInstances", **full)
    assert refused.code == "InsufficientInstanceCapacity"
    assert not re.search("host[0-9]", refused.message)


def said(reply: Reply, things: dict[str, str]) -> tuple[int, str, str]:
    """Form what an answer tells, with each thing's own name replaced by its kind."""
    text = re.sub(r"<(requestId|RequestID|RequestId)>[^<]*", "", reply.body.decode())
    text = re.sub(r"<(keyMaterial|keyFingerprint|keyPairId|groupId|imageId)>[^<]*", r"<\1>", text)
    for kind, name in things.items():
        text = text.replace(name.replace("'", "&#x27;"), kind).replace(name, kind)
    return reply.status, reply.code, text
