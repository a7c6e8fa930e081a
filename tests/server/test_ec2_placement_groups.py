"""Placement groups as clients meet them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server
TAGS = {"TagSpecifications": [{"ResourceType": "placement-group", "Tags": [{"Key": "team", "Value": "a"}]}]}


@pytest.fixture
def group(ec2: Any) -> Iterator[dict[str, Any]]:
    made = ec2.create_placement_group(GroupName="parts", Strategy="partition", PartitionCount=2, **TAGS)
    yield made["PlacementGroup"]
    ec2.delete_placement_group(GroupName="parts")


def code_of(refused: Any) -> str:
    return str(refused.value.response["Error"]["Code"])


def names(found: Any) -> list[str]:
    return [group["GroupName"] for group in found["PlacementGroups"]]


def test_a_group_is_shown_as_it_was_made(ec2: Any, group: dict[str, Any]) -> None:
    assert group == {
        "GroupName": "parts",
        "GroupId": group["GroupId"],
        "State": "available",
        "Strategy": "partition",
        "PartitionCount": 2,
        "Tags": [{"Key": "team", "Value": "a"}],
    }
    assert ec2.describe_placement_groups(GroupNames=["parts"])["PlacementGroups"] == [group]
    assert ec2.describe_placement_groups(GroupIds=[group["GroupId"]])["PlacementGroups"] == [group]
    (tag,) = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["placement-group"]}])["Tags"]
    assert (tag["ResourceId"], tag["Key"]) == (group["GroupId"], "team")


@pytest.mark.parametrize(
    ("name", "value"),
    [("group-name", "pa*s"), ("state", "available"), ("strategy", "partition"), ("tag:team", "a"), ("tag-key", "te?m")],
)
def test_filters_find_what_is_shown(ec2: Any, group: dict[str, Any], name: str, value: str) -> None:
    def found(wanted: str) -> list[str]:
        return names(ec2.describe_placement_groups(Filters=[{"Name": name, "Values": [wanted]}]))

    assert "parts" in found(value)
    assert found("other") == []


def test_the_spread_level_is_a_filter(ec2: Any) -> None:
    ec2.create_placement_group(GroupName="apart", Strategy="spread")
    for level, expected in (("host", ["apart"]), ("rack", [])):
        asked = [{"Name": "spread-level", "Values": [level]}]
        assert names(ec2.describe_placement_groups(Filters=asked)) == expected, level
    ec2.delete_placement_group(GroupName="apart")


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"GroupName": "parts", "Strategy": "cluster"}, "InvalidPlacementGroup.Duplicate"),
        ({"GroupName": "x"}, "MissingParameter"),
        ({"Strategy": "cluster"}, "MissingParameter"),
        ({"GroupName": "x", "Strategy": "near"}, "InvalidParameterValue"),
        ({"GroupName": "x" * 256, "Strategy": "cluster"}, "InvalidParameterValue"),
        ({"GroupName": "é", "Strategy": "cluster"}, "InvalidParameterValue"),
        ({"GroupName": "x", "Strategy": "partition", "PartitionCount": "8"}, "InvalidParameterValue"),
        ({"GroupName": "x", "Strategy": "spread", "PartitionCount": "2"}, "InvalidParameterCombination"),
        ({"GroupName": "x", "Strategy": "cluster", "SpreadLevel": "rack"}, "InvalidParameterCombination"),
        ({"GroupName": "x", "Strategy": "spread", "SpreadLevel": "zone"}, "InvalidParameterValue"),
        ({"GroupName": "x", "Strategy": "cluster", "LinkedGroupId": "pg-1"}, "UnsupportedOperation"),
        ({"GroupName": "x", "Strategy": "cluster", "DryRun": "true"}, "DryRunOperation"),
    ],
)
def test_what_can_not_be_is_refused(
    raw: RawEc2, ec2: Any, group: dict[str, Any], params: dict[str, str], code: str
) -> None:
    before = names(ec2.describe_placement_groups())
    assert raw.ask("CreatePlacementGroup", **params).code == code
    assert names(ec2.describe_placement_groups()) == before


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("DeletePlacementGroup", {"GroupName": "nobody"}, "InvalidPlacementGroup.Unknown"),
        ("DescribePlacementGroups", {"GroupName.1": "nobody"}, "InvalidPlacementGroup.Unknown"),
        ("DescribePlacementGroups", {"GroupId.1": "pg-0badc0de"}, "InvalidPlacementGroup.Unknown"),
        ("DescribePlacementGroups", {"GroupId.1": "sg-0badc0de"}, "InvalidPlacementGroupId.Malformed"),
        ("DescribePlacementGroups", {"Filter.1.Name": "zone", "Filter.1.Value.1": "x"}, "InvalidParameterValue"),
    ],
)
def test_what_is_not_there_has_its_code(raw: RawEc2, action: str, params: dict[str, str], code: str) -> None:
    reply = raw.pairs([("Action", action), ("Version", "2016-11-15"), *params.items()])
    assert (reply.status, reply.code) == (400, code)


def test_instances_show_their_place(ec2: Any, image_id: str, group: dict[str, Any]) -> None:
    run = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1}
    with pytest.raises(ClientError) as refused:
        ec2.run_instances(**run, Placement={"GroupName": "nobody"})
    assert code_of(refused) == "InvalidPlacementGroup.Unknown"
    by_id = {"GroupId": group["GroupId"], "PartitionNumber": 2}
    (one,) = ec2.run_instances(**run, Placement=by_id)["Instances"]
    shown = {"GroupName": "parts", **by_id}
    assert {name: one["Placement"][name] for name in shown} == shown
    for name, value in (("placement-group-name", "parts"), ("placement-partition-number", "2")):
        found = ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}])["Reservations"]
        assert one["InstanceId"] in [each["InstanceId"] for made in found for each in made["Instances"]]
    with pytest.raises(ClientError) as refused:
        ec2.delete_placement_group(GroupName="parts")
    assert code_of(refused) == "InvalidPlacementGroup.InUse"
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])

    def gone() -> bool:
        (made,) = ec2.describe_instances(InstanceIds=[one["InstanceId"]])["Reservations"]
        return bool(made["Instances"][0]["State"]["Name"] == "terminated")

    eventually(gone)
