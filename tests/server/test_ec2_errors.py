"""The general rows of the table of errors, each provoked by a request, with Amazon's code and status.

Rows of an area's own things are provoked by the area's tests.
"""

import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.wire import amendments, faults
from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2, Reply

pytestmark = pytest.mark.server
Params = dict[str, str]
RUN = {"ImageId": "{image}", "MinCount": "1", "MaxCount": "1"}
NAMED = {"InstanceId.1": "{instance}"}


def many(name: str, count: int, **more: str) -> Params:
    return {name.format(n): f"x{n}" for n in range(1, count + 1)} | more


PROVOKED: dict[tuple[str, str], tuple[str, Params]] = {
    ("Invalid", ""): ("RunInstances", {**RUN, "MaxCount": "0"}),
    ("Invalid", "Version"): ("DescribeInstances", {"Version": "1999-01-01"}),
    ("Invalid", "InstanceType.Value"): ("ModifyInstanceAttribute", {"InstanceId": "{off}", "InstanceType.Value": "x"}),
    ("Malformed", "instance"): ("StopInstances", {"InstanceId.1": "i-1"}),
    ("Malformed", "machine image"): ("RunInstances", {**RUN, "ImageId": "emi-1"}),
    ("Malformed", "security group"): ("RunInstances", {**RUN, "SecurityGroupId.1": "web"}),
    ("Malformed", "key pair"): ("DescribeKeyPairs", {"KeyPairId.1": "key-1"}),
    ("Malformed", "pagination token"): ("DescribeInstances", {"MaxResults": "5", "NextToken": "x"}),
    ("Malformed", "public key"): ("ImportKeyPair", {"KeyName": "x", "PublicKeyMaterial": "eA=="}),
    ("Malformed", "resource"): ("CreateTags", {"ResourceId.1": "x", "Tag.1.Key": "a"}),
    ("Absent", ""): ("RunInstances", {"ImageId": "{image}"}),
    ("Absent", "Action"): ("", {}),
    ("Unknown", "action"): ("Nonsense", {}),
    ("Unknown", "parameter"): ("DescribeInstances", {"Colour": "red"}),
    ("Combination", ""): ("DescribeInstances", {**NAMED, "MaxResults": "5"}),
    ("Unsupported", ""): ("RunInstances", {**RUN, "EbsOptimized": "true"}),
    ("Missing", ""): ("DescribeReservedInstancesListings", {"ReservedInstancesListingId": "x"}),
    ("Missing", "instance"): ("StopInstances", {"InstanceId.1": "i-0badc0de"}),
    ("Missing", "image"): ("RunInstances", {**RUN, "ImageId": "emi-0badc0de"}),
    ("Missing", "key pair"): ("RunInstances", {**RUN, "KeyName": "nobody"}),
    ("Missing", "security group"): ("RunInstances", {**RUN, "SecurityGroupId.1": "sg-0badc0de"}),
    ("Missing", "zone"): ("RunInstances", {**RUN, "Placement.AvailabilityZone": "moon"}),
    ("Missing", "instance type"): ("DescribeInstanceTypes", {"InstanceType.1": "x"}),
    ("Missing", "bundle task"): ("DescribeBundleTasks", {"BundleId.1": "x"}),
    ("Missing", "dedicated host"): ("DescribeHosts", {"HostId.1": "x"}),
    ("Missing", "reserved instance"): ("DescribeReservedInstances", {"ReservedInstancesId.1": "x"}),
    ("Missing", "reserved instance offering"): (
        "DescribeReservedInstancesOfferings",
        {"ReservedInstancesOfferingId.1": "x"},
    ),
    ("Missing", "spot instance request"): ("DescribeSpotInstanceRequests", {"SpotInstanceRequestId.1": "x"}),
    ("Conflict", "key pair"): ("CreateKeyPair", {"KeyName": "{key}"}),
    ("Conflict", "security group"): ("CreateSecurityGroup", {"GroupName": "{group}", "GroupDescription": "x"}),
    ("Conflict", "reserved security group"): ("DeleteSecurityGroup", {"GroupName": "default"}),
    ("InUse", ""): ("DeleteSecurityGroup", {"GroupName": "{group}"}),
    ("WrongState", "instance"): ("StartInstances", {"InstanceId.1": "{ended}"}),
    ("Protected", ""): ("TerminateInstances", NAMED),
    ("Mismatch", ""): ("RunInstances", {**RUN, "ClientToken": "{token}"}),
    ("DryRun", ""): ("RunInstances", {**RUN, "DryRun": "true"}),
    ("OverLimit", ""): ("RunInstances", {**RUN, "MaxCount": "1001"}),
    ("OverLimit", "tags per resource"): ("CreateTags", many("Tag.{}.Key", 51, **{"ResourceId.1": "{instance}"})),
    ("OverLimit", "filters per request"): ("DescribeRegions", many("Filter.{}.Name", 51)),
    ("OverLimit", "values per filter"): (
        "DescribeInstances",
        many("Filter.1.Value.{}", 201, **{"Filter.1.Name": "instance-id"}),
    ),
    ("OverLimit", "bytes per request"): ("DescribeInstances", {"InstanceId.1": "i" * (1 << 20)}),
    ("OverLimit", "parameters per request"): ("DescribeInstances", many("InstanceId.{}", 10_001)),
    ("OverLimit", "security groups per instance"): ("RunInstances", {**RUN, **many("SecurityGroup.{}", 17)}),
    ("NoCapacity", ""): ("RunInstances", {**RUN, "MinCount": "900", "MaxCount": "900"}),
}
ELSEWHERE = {
    ("Exhausted", ""): "tests/unit/services/test_public_addresses.py",
    ("TooOften", ""): "tests/server/test_request_limit.py",
    ("Unauthenticated", ""): "tests/server/test_ec2_requests.py",
    ("Unavailable", ""): "tests/faults: the disk of the server is full, a host does not answer",
    ("Broken", ""): "tests/unit/wire/test_faults.py: only a fault of the server's own",
    ("CloudError", ""): "tests/unit/wire/test_faults.py: only a fault of the server's own",
}
NEVER = {
    ("Malformed", ""): "every kind of id has a row of its own",
    ("Unsound", ""): "rules are not sent by EC2",
    ("Unknown", ""): "what EC2 requests can name and nobody knows has rows of its own",
    ("Unknown", "version"): "a version that is none is an invalid one",
    ("Invalid", "NextToken"): "a token that is none is malformed",
    ("Conflict", ""): "what EC2 requests can make has rows of its own",
    ("WrongState", ""): "what EC2 requests change and has states has rows of its own",
    ("IllegalTransition", ""): "states are asked before they change",
    ("Forbidden", ""): "what users may not do has rows of its own",
}


@pytest.fixture(scope="module")
def things(raw: RawEc2) -> Iterator[Params]:
    """Make an instance that is protected, one that is stopped and one that ended."""
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    made = {"image": image, "group": "errors", "key": "errors", "token": "errors"}
    raw.ask("CreateKeyPair", KeyName="errors")
    raw.ask("CreateSecurityGroup", GroupName="errors", GroupDescription="x")
    for number in range(17):
        raw.ask("CreateSecurityGroup", GroupName=f"x{number + 1}", GroupDescription="x")

    def launch(**more: str) -> str:
        return raw.ask("RunInstances", ImageId=image, MinCount="1", MaxCount="1", **more).text("instanceId")

    made["instance"] = launch(SecurityGroup_1="errors", ClientToken="errors", DisableApiTermination="true")
    made["off"], made["ended"] = launch(), launch()
    raw.ask("TerminateInstances", InstanceId_1=made["ended"])
    eventually(lambda: raw.ask("StopInstances", InstanceId_1=made["off"]).status == 200)
    named = {"InstanceId_1": made["off"], "Filter_1_Name": "instance-state-name", "Filter_1_Value_1": "stopped"}
    eventually(lambda: raw.ask("DescribeInstances", **named).text("instanceId") != "")
    yield made
    off = {"InstanceId": made["instance"], "DisableApiTermination.Value": "false"}
    send(raw, "ModifyInstanceAttribute", off)
    raw.ask("TerminateInstances", InstanceId_1=made["instance"], InstanceId_2=made["off"])
    eventually(lambda: raw.ask("DeleteSecurityGroup", GroupName="errors").status == 200)
    raw.ask("DeleteKeyPair", KeyName="errors")
    for number in range(17):
        raw.ask("DeleteSecurityGroup", GroupName=f"x{number + 1}")


def send(raw: RawEc2, action: str, params: Params) -> Reply:
    asked = {"Action": action, "Version": "2016-11-15"} | params
    return raw.pairs([(name, value) for name, value in asked.items() if name != "Action" or value])


@pytest.mark.parametrize(("kind", "about"), PROVOKED)
def test_a_row_is_answered_with_its_code_and_status(raw: RawEc2, things: Params, kind: str, about: str) -> None:
    action, params = PROVOKED[kind, about]
    refused = send(raw, action, {name: value.format(**things) for name, value in params.items()})
    assert (refused.code, refused.status) == rows()[kind, about]


def test_every_general_row_is_provoked() -> None:
    area = Path(amendments.__file__).with_name("operations")
    added = [tomllib.loads((area / name).read_text())["codes"] for name in ("general.toml", "attributes.toml")]
    general = {(row["kind"], row["about"]) for codes in added for row in codes}
    general |= {key for key in rows() if not key[1]}
    theirs = {("OverLimit", about) for about in ("addresses", "volumes", "snapshots")}
    assert general - theirs - PROVOKED.keys() - ELSEWHERE.keys() - NEVER.keys() == set()


def rows() -> dict[tuple[str, str], tuple[str, int]]:
    """Read the whole table, by the names of the kinds."""
    table = {(kind.__name__, about): answer for (kind, about), answer in faults.EC2.items()}
    added = amendments.Amendments.load().codes
    return table | {(row.kind, row.about): (row.code, row.status) for row in added}


def test_a_wrong_secret_is_told_as_amazon_tells_it(admin: dict[str, str]) -> None:
    with closing(RawEc2({**admin, "AWS_SECRET_ACCESS_KEY": "x"})) as stranger:
        refused = stranger.ask("DescribeInstances")
        assert (refused.status, refused.code) == (401, "AuthFailure")
