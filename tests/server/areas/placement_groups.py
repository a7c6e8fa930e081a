"""Placement groups in the tests that go over every operation."""

from typing import Any

from tests.server.areas import Probe
from tests.server.raw_ec2 import RawEc2

NOBODYS = {"company": "pg-0badc0de0badc0de0", "company_name": "nobodys company"}
RUN = {"ImageId": "{public}", "MinCount": "1", "MaxCount": "1", "DryRun": "true"}
PROBES: list[Probe] = [
    ("CreatePlacementGroup", {"GroupName": "{company_name}", "Strategy": "cluster", "DryRun": "true"}),
    ("DeletePlacementGroup", {"GroupName": "{company_name}"}),
    ("DescribePlacementGroups", {"GroupName.1": "{company_name}"}),
    ("DescribePlacementGroups", {"GroupId.1": "{company}"}),
    ("DescribePlacementGroups", {"Filter.1.Name": "group-name", "Filter.1.Value.1": "{company_name}"}),
    ("RunInstances", {**RUN, "Placement.GroupName": "{company_name}"}),
    ("RunInstances", {**RUN, "Placement.GroupId": "{company}"}),
    ("CreateTags", {"ResourceId.1": "{company}", "Tag.1.Key": "a", "Tag.1.Value": "b"}),
    ("DeleteTags", {"ResourceId.1": "{company}"}),
]
NOTHING_TO_NAME: set[str] = set()


def walk(ec2: Any, *, today: bool) -> None:
    ec2.describe_placement_groups()
    if not today:
        return
    tagged = {"TagSpecifications": [{"ResourceType": "placement-group", "Tags": [{"Key": "Name", "Value": "walk"}]}]}
    ec2.create_placement_group(GroupName="walk-apart", Strategy="spread", SpreadLevel="rack", **tagged)
    ec2.create_placement_group(GroupName="walk-parts", Strategy="partition", PartitionCount=3)
    ec2.describe_placement_groups()
    for name in ("walk-apart", "walk-parts"):
        ec2.delete_placement_group(GroupName=name)


def victim(raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
    name = "victim's company"
    made = raw.ask("CreatePlacementGroup", GroupName=name, Strategy="cluster")
    return {"company": made.text("groupId"), "company_name": name}


def bury(raw: RawEc2, mine: dict[str, str]) -> None:
    raw.ask("DeletePlacementGroup", GroupName=mine["company_name"])
