"""Snapshots over HTTP: their states, who may use them, copies, filters, pages, refusals with Amazon's codes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2, Reply

pytestmark = pytest.mark.server
ZONE, OTHER_ZONE = "cluster1", "cluster2"
PERMISSION = {"Attribute": "createVolumePermission"}


@pytest.fixture(scope="module")
def volume(raw: RawEc2) -> Iterator[str]:
    volume_id = raw.ask("CreateVolume", Size="2", AvailabilityZone=ZONE).text("volumeId")
    eventually(lambda: raw.ask("DescribeVolumes", VolumeId_1=volume_id).text("status") == "available")
    yield volume_id
    raw.ask("DeleteVolume", VolumeId=volume_id)


def completed(raw: RawEc2, made: Reply) -> str:
    snapshot_id = made.text("snapshotId")
    assert snapshot_id, made.message
    eventually(lambda: raw.ask("DescribeSnapshots", SnapshotId_1=snapshot_id).text("status") == "completed")
    return snapshot_id


@pytest.fixture
def snapshot(raw: RawEc2, volume: str) -> Iterator[str]:
    snapshot_id = completed(raw, raw.ask("CreateSnapshot", VolumeId=volume, Description="of two"))
    yield snapshot_id
    raw.ask("DeleteSnapshot", SnapshotId=snapshot_id)


REFUSED = [
    *((name, {"SnapshotId": "snap-0badc0de", **more}, "InvalidSnapshot.NotFound") for name, more in (
        ("DeleteSnapshot", {}), ("DescribeSnapshotAttribute", PERMISSION), ("ResetSnapshotAttribute", PERMISSION),
        ("ModifySnapshotAttribute", {**PERMISSION, "OperationType": "add", "UserGroup.1": "all"}),
    )),
    ("DescribeSnapshots", {"SnapshotId.1": "snap-0badc0de"}, "InvalidSnapshot.NotFound"),
    ("DescribeSnapshots", {"SnapshotId.1": "i-0badc0de"}, "InvalidSnapshotID.Malformed"),
    ("DescribeSnapshots", {"SnapshotId.1": "snap-0badc0de", "MaxResults": "5"}, "InvalidParameterCombination"),
    ("DeleteSnapshot", {"SnapshotId": "snap"}, "InvalidSnapshotID.Malformed"),
    ("CreateSnapshots", {"InstanceSpecification.InstanceId": "i-0badc0de"}, "InvalidInstanceID.NotFound"),
    ("CopySnapshot", {"SourceSnapshotId": "snap-0badc0de", "SourceRegion": "eucalyptus"}, "InvalidSnapshot.NotFound"),
    ("CopySnapshot", {"SourceSnapshotId": "snap-0badc0de", "SourceRegion": "us-east-1"}, "InvalidParameterValue"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "asked", "code"), REFUSED)
def test_what_can_not_be_is_refused_with_amazons_code(
    raw: RawEc2, operation: str, asked: dict[str, str], code: str
) -> None:
    reply = raw.pairs([("Action", operation), ("Version", "2016-11-15"), *asked.items()])
    assert (reply.code, reply.status) == (code, 400)


def test_a_snapshot_is_pending_and_then_completed_and_says_that_it_is_rehearsed(raw: RawEc2, volume: str) -> None:
    made = raw.ask("CreateSnapshot", VolumeId=volume)
    assert (made.text("status"), made.text("progress"), made.text("volumeSize")) == ("pending", "0%", "2")
    snapshot_id = completed(raw, made)
    shown = raw.ask("DescribeSnapshots", SnapshotId_1=snapshot_id)
    assert shown.text("progress") == "100%"
    assert "nothing is stored" in shown.text("statusMessage")
    assert raw.ask("DeleteSnapshot", SnapshotId=snapshot_id).text("return") == "true"
    assert raw.ask("DescribeSnapshots", SnapshotId_1=snapshot_id).code == "InvalidSnapshot.NotFound"
    assert raw.ask("DeleteSnapshot", SnapshotId=snapshot_id).code == "InvalidSnapshot.NotFound"


def test_a_volume_made_from_a_snapshot_may_be_larger_and_in_any_zone(raw: RawEc2, snapshot: str) -> None:
    small = raw.ask("CreateVolume", SnapshotId=snapshot, Size="1", AvailabilityZone=ZONE)
    assert small.code == "InvalidParameterValue"
    same = raw.ask("CreateVolume", SnapshotId=snapshot, AvailabilityZone=OTHER_ZONE)
    large = raw.ask("CreateVolume", SnapshotId=snapshot, Size="7", AvailabilityZone=ZONE)
    assert (same.text("size"), large.text("size")) == ("2", "7")
    found = {"Filter_1_Name": "snapshot-id", "Filter_1_Value_1": snapshot}
    eventually(lambda: raw.ask("DescribeVolumes", **found).texts("status") == ["available"] * 2)
    for volume_id in raw.ask("DescribeVolumes", **found).texts("volumeId"):
        raw.ask("DeleteVolume", VolumeId=volume_id)


def test_a_snapshot_taken_just_before_its_volume_goes_is_completed(raw: RawEc2) -> None:
    volume_id = raw.ask("CreateVolume", Size="1", AvailabilityZone=ZONE).text("volumeId")
    refused = raw.ask("CreateSnapshot", VolumeId=volume_id)
    assert refused.code in ("IncorrectState", "")
    eventually(lambda: raw.ask("DescribeVolumes", VolumeId_1=volume_id).text("status") == "available")
    made = raw.ask("CreateSnapshot", VolumeId=volume_id)
    assert raw.ask("DeleteVolume", VolumeId=volume_id).status == 200
    raw.ask("DeleteSnapshot", SnapshotId=completed(raw, made))
    eventually(lambda: raw.ask("DescribeVolumes", VolumeId_1=volume_id).code == "InvalidVolume.NotFound")


def test_who_a_snapshot_is_shared_with_may_use_it_and_not_change_it(
    raw: RawEc2, raw_stranger: RawEc2, snapshot: str, stranger: dict[str, str]
) -> None:
    theirs = stranger["EC2_USER_ID"]
    named = {"SnapshotId": snapshot, **PERMISSION}
    raw.ask("CreateTags", ResourceId_1=snapshot, Tag_1_Key="mine", Tag_1_Value="mine only")
    assert raw_stranger.ask("DescribeSnapshots", SnapshotId_1=snapshot).code == "InvalidSnapshot.NotFound"
    raw.ask("ModifySnapshotAttribute", **named, OperationType="add", UserId_1=theirs)
    assert raw.ask("DescribeSnapshotAttribute", **named).text("userId") == theirs
    shown = raw_stranger.ask("DescribeSnapshots", SnapshotId_1=snapshot)
    assert (shown.text("snapshotId"), shown.texts("key")) == (snapshot, [])
    assert snapshot in raw_stranger.ask("DescribeSnapshots", RestorableBy_1="self").texts("snapshotId")
    assert snapshot not in raw_stranger.ask("DescribeSnapshots", Owner_1="self").texts("snapshotId")
    for operation, more in (
        ("DeleteSnapshot", {}), ("DescribeSnapshotAttribute", PERMISSION), ("ResetSnapshotAttribute", PERMISSION),
        ("ModifySnapshotAttribute", {**PERMISSION, "CreateVolumePermission_Add_1_Group": "all"}),
    ):  # fmt: skip
        assert raw_stranger.ask(operation, SnapshotId=snapshot, **more).code == "InvalidSnapshot.NotFound", operation
    cloned = raw_stranger.ask("CreateVolume", SnapshotId=snapshot, AvailabilityZone=ZONE).text("volumeId")
    eventually(lambda: raw_stranger.ask("DescribeVolumes", VolumeId_1=cloned).text("status") == "available")
    raw_stranger.ask("DeleteVolume", VolumeId=cloned)
    copied = raw_stranger.ask("CopySnapshot", SourceSnapshotId=snapshot, SourceRegion="eucalyptus")
    own = completed(raw_stranger, copied)
    raw.ask("ModifySnapshotAttribute", SnapshotId=snapshot, CreateVolumePermission_Remove_1_UserId=theirs)
    assert raw_stranger.ask("DescribeSnapshots", SnapshotId_1=snapshot).code == "InvalidSnapshot.NotFound"
    assert raw_stranger.ask("DescribeSnapshots", SnapshotId_1=own).text("ownerId") == theirs
    raw_stranger.ask("DeleteSnapshot", SnapshotId=own)


def test_a_public_snapshot_is_everybodys_until_it_is_reset(raw: RawEc2, raw_stranger: RawEc2, snapshot: str) -> None:
    named = {"SnapshotId": snapshot, **PERMISSION}
    raw.ask("ModifySnapshotAttribute", **named, OperationType="add", UserGroup_1="all")
    assert raw.ask("DescribeSnapshotAttribute", **named).text("group") == "all"
    assert snapshot in raw_stranger.ask("DescribeSnapshots", RestorableBy_1="all").texts("snapshotId")
    raw.ask("ResetSnapshotAttribute", **named)
    assert raw.ask("DescribeSnapshotAttribute", **named).texts("item") == []
    assert raw_stranger.ask("DescribeSnapshots", RestorableBy_1="all").texts("snapshotId") == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "MissingParameter"),
        ({"Attribute": "colour"}, "InvalidParameterValue"),
        ({"Attribute": "productCodes", "OperationType": "add", "UserGroup.1": "all"}, "UnsupportedOperation"),
        ({"UserId.1": "123456789012"}, "InvalidParameterValue"),
        ({"OperationType": "add", "UserId.1": "me"}, "InvalidParameterValue"),
        ({"OperationType": "add", "UserGroup.1": "some"}, "InvalidParameterValue"),
        ({"CreateVolumePermission.Add.1.Group": "some"}, "InvalidParameterValue"),
        (
            {"CreateVolumePermission.Add.1.Group": "all", "CreateVolumePermission.Add.1.UserId": "123456789012"},
            "InvalidParameterCombination",
        ),
    ],
)
def test_a_permission_that_means_nothing_changes_nothing(
    raw: RawEc2, snapshot: str, asked: dict[str, str], code: str
) -> None:
    named = [("Action", "ModifySnapshotAttribute"), ("Version", "2016-11-15"), ("SnapshotId", snapshot)]
    reply = raw.pairs([*named, *asked.items()])
    assert (reply.code, reply.status) == (code, 400)
    assert raw.ask("DescribeSnapshotAttribute", SnapshotId=snapshot, **PERMISSION).texts("item") == []


def test_what_a_snapshot_shows_its_filters_find(raw: RawEc2, snapshot: str, volume: str) -> None:
    raw.ask("CreateTags", ResourceId_1=snapshot, Tag_1_Key="Name", Tag_1_Value="data")
    shown = raw.ask("DescribeSnapshots", SnapshotId_1=snapshot)
    expected = {
        "description": "of two",
        "encrypted": "false",
        "owner-id": shown.text("ownerId"),
        "progress": "100%",
        "snapshot-id": snapshot,
        "start-time": shown.text("startTime"),
        "status": "completed",
        "storage-tier": "standard",
        "tag:Name": "data",
        "tag-key": "Name",
        "volume-id": volume,
        "volume-size": "2",
    }
    for name, value in expected.items():
        for asked, finds in ((value, True), (value[:-1] + "?", True), ("*" + value[1:], True), (value + "x", False)):
            found = raw.ask("DescribeSnapshots", Filter_1_Name=name, Filter_1_Value_1=asked)
            assert (snapshot in found.texts("snapshotId")) is finds, (name, asked)


def test_pages_of_snapshots_hold_each_of_them_once(ec2: Any, volume: str) -> None:
    made = [ec2.create_snapshot(VolumeId=volume)["SnapshotId"] for _ in range(6)]
    pages = list(ec2.get_paginator("describe_snapshots").paginate(PaginationConfig={"PageSize": 5}))
    paged = [snapshot["SnapshotId"] for page in pages for snapshot in page["Snapshots"]]
    assert len(pages) > 1
    assert set(made) <= set(paged)
    assert len(set(paged)) == len(paged)
    for snapshot_id in made:
        ec2.delete_snapshot(SnapshotId=snapshot_id)


def test_all_volumes_of_an_instance_but_those_left_out_are_copied(raw: RawEc2) -> None:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    run = raw.ask(
        "RunInstances", ImageId=image, MinCount="1", MaxCount="1", Placement_AvailabilityZone=ZONE,
        BlockDeviceMapping_1_DeviceName="/dev/sdf", BlockDeviceMapping_1_Ebs_VolumeSize="1",
        BlockDeviceMapping_2_DeviceName="/dev/sdg", BlockDeviceMapping_2_Ebs_VolumeSize="2",
    )  # fmt: skip
    instance_id = run.text("instanceId")
    mine = {"Filter_1_Name": "attachment.instance-id", "Filter_1_Value_1": instance_id}
    eventually(lambda: raw.ask("DescribeVolumes", **mine).texts("status") == ["in-use", "attached"] * 2)
    out = raw.ask("DescribeVolumes", **mine, Filter_2_Name="size", Filter_2_Value_1="1").text("volumeId")
    named = {"InstanceSpecification_InstanceId": instance_id}
    strange = raw.ask("CreateSnapshots", **named, InstanceSpecification_ExcludeDataVolumeId_1="vol-0badc0de")
    assert strange.code == "InvalidParameterValue"
    made = raw.ask("CreateSnapshots", **named, InstanceSpecification_ExcludeDataVolumeId_1=out, Description="both")
    assert (made.texts("volumeSize"), made.texts("description")) == (["2"], ["both"])
    raw.ask("DeleteSnapshot", SnapshotId=completed(raw, made))
    raw.ask("TerminateInstances", InstanceId_1=instance_id)
    eventually(lambda: raw.ask("DescribeVolumes", **mine).texts("volumeId") == [])
    assert raw.ask("CreateSnapshots", **named).code == "InvalidParameterValue"
