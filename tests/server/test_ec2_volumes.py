"""Volumes over HTTP: every refusal with Amazon's code, filters, pages, tokens, two requests at once, launches."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2, Reply

pytestmark = pytest.mark.server
ZONE, OTHER_ZONE = "cluster1", "cluster2"
Make = Callable[..., str]


def status(raw: RawEc2, volume_id: str) -> list[str]:
    """Return the state of a volume, and behind it that of its attachment."""
    return raw.ask("DescribeVolumes", VolumeId_1=volume_id).texts("status")


def reach(raw: RawEc2, volume_id: str, *states: str) -> None:
    eventually(lambda: status(raw, volume_id) == list(states))


@pytest.fixture(scope="module")
def make(raw: RawEc2) -> Iterator[Make]:
    """Make volumes that are available, and remove what is left of them."""
    made: list[str] = []

    def make(**asked: str) -> str:
        reply = raw.ask("CreateVolume", **{**HERE, **asked})
        assert reply.status == 200, reply.message
        made.append(reply.text("volumeId"))
        reach(raw, made[-1], "available")
        return made[-1]

    yield make
    for volume_id in made:
        raw.ask("DetachVolume", VolumeId=volume_id, Force="true")
        if status(raw, volume_id):
            eventually(lambda volume_id=volume_id: status(raw, volume_id) in (["available"], ["error"], []))  # type: ignore[misc]
            raw.ask("DeleteVolume", VolumeId=volume_id)


def launch(raw: RawEc2, zone: str = ZONE, **asked: str) -> str:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    run = raw.ask("RunInstances", ImageId=image, MinCount="1", MaxCount="1", Placement_AvailabilityZone=zone, **asked)
    assert run.status == 200, run.message
    instance_id = run.text("instanceId")
    mine = {"InstanceId_1": instance_id, "Filter_1_Name": "instance-state-name", "Filter_1_Value_1": "running"}
    eventually(lambda: raw.ask("DescribeInstances", **mine).texts("instanceId") == [instance_id])
    return instance_id


@pytest.fixture(scope="module")
def instance(raw: RawEc2) -> Iterator[str]:
    instance_id = launch(raw)
    yield instance_id
    raw.ask("TerminateInstances", InstanceId_1=instance_id)


HERE = {"Size": "1", "AvailabilityZone": ZONE}
REFUSED = [
    ("CreateVolume", {"AvailabilityZone": ZONE}, "MissingParameter"),
    ("CreateVolume", {"Size": "1"}, "MissingParameter"),
    ("CreateVolume", {"Size": "0", "AvailabilityZone": ZONE}, "InvalidParameterValue"),
    ("CreateVolume", {"Size": "-1", "AvailabilityZone": ZONE}, "InvalidParameterValue"),
    ("CreateVolume", {"Size": "16385", "AvailabilityZone": ZONE}, "InvalidParameterValue"),
    ("CreateVolume", {"Size": "1", "AvailabilityZone": "nowhere"}, "InvalidZone.NotFound"),
    ("CreateVolume", {**HERE, "AvailabilityZoneId": ZONE}, "InvalidParameterCombination"),
    ("CreateVolume", {**HERE, "VolumeType": "floppy"}, "UnknownVolumeType"),
    ("CreateVolume", {**HERE, "Encrypted": "true"}, "UnsupportedOperation"),
    ("CreateVolume", {**HERE, "KmsKeyId": "k"}, "UnsupportedOperation"),
    ("CreateVolume", {**HERE, "MultiAttachEnabled": "true"}, "UnsupportedOperation"),
    ("CreateVolume", {**HERE, "VolumeType": "io1", "Iops": "100"}, "UnsupportedOperation"),
    ("CreateVolume", {**HERE, "VolumeType": "gp3", "Throughput": "500"}, "UnsupportedOperation"),
    ("CreateVolume", {"SnapshotId": "snap-0badc0de", "AvailabilityZone": ZONE}, "InvalidSnapshot.NotFound"),
    ("CreateVolume", {"SnapshotId": "vol-0badc0de", "AvailabilityZone": ZONE}, "InvalidSnapshotID.Malformed"),
    ("CreateVolume", {**HERE, "ClientToken": "x" * 65}, "InvalidParameterValue"),
    ("CreateVolume", {**HERE, "TagSpecification.1.ResourceType": "instance"}, "InvalidParameterValue"),
    ("CreateVolume", {**HERE, "DryRun": "true"}, "DryRunOperation"),
    *((name, {"VolumeId": "vol-0badc0de", **more}, "InvalidVolume.NotFound") for name, more in (
        ("DeleteVolume", {}), ("DetachVolume", {}), ("EnableVolumeIO", {}), ("CreateSnapshot", {}),
        ("ModifyVolume", {"Size": "2"}), ("DescribeVolumeAttribute", {"Attribute": "autoEnableIO"}),
        ("ModifyVolumeAttribute", {"AutoEnableIO.Value": "true"}),
        ("AttachVolume", {"InstanceId": "i-0badc0de", "Device": "/dev/sdf"}),
    )),
    ("DeleteVolume", {"VolumeId": "vol-xyz"}, "InvalidVolumeID.Malformed"),
    ("DescribeVolumes", {"VolumeId.1": "vol-0badc0de"}, "InvalidVolume.NotFound"),
    ("DescribeVolumes", {"VolumeId.1": "vol-0badc0de", "MaxResults": "5"}, "InvalidParameterCombination"),
    ("DescribeVolumes", {"NextToken": "?"}, "InvalidNextToken"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "asked", "code"), REFUSED)
def test_what_can_not_be_is_refused_with_amazons_code(
    raw: RawEc2, operation: str, asked: dict[str, str], code: str
) -> None:
    before = raw.ask("DescribeVolumes")
    reply = raw.pairs([("Action", operation), ("Version", "2016-11-15"), *asked.items()])
    assert (reply.code, reply.status) == (code, 412 if code == "DryRunOperation" else 400)
    assert raw.ask("DescribeVolumes").same_as(before)


def test_a_volume_lives_from_creating_to_deleted(raw: RawEc2, instance: str) -> None:
    made = raw.ask("CreateVolume", Size="1", AvailabilityZone=ZONE, VolumeType="gp3", Iops="3000", Throughput="125")
    volume_id = made.text("volumeId")
    assert (made.text("status"), made.text("size"), made.text("volumeType")) == ("creating", "1", "gp3")
    reach(raw, volume_id, "available")
    hung = raw.ask("AttachVolume", VolumeId=volume_id, InstanceId=instance, Device="/dev/sdq")
    assert (hung.text("status"), hung.text("device"), hung.text("deleteOnTermination")) == (
        "attaching",
        "/dev/sdq",
        "false",
    )
    reach(raw, volume_id, "in-use", "attached")
    assert raw.ask("DeleteVolume", VolumeId=volume_id).code == "VolumeInUse"
    assert raw.ask("DetachVolume", VolumeId=volume_id).text("status") == "detaching"
    reach(raw, volume_id, "available")
    again = raw.ask("DetachVolume", VolumeId=volume_id)
    assert again.code == "IncorrectState"
    assert raw.ask("DeleteVolume", VolumeId=volume_id).text("return") == "true"
    eventually(lambda: raw.ask("DescribeVolumes", VolumeId_1=volume_id).code == "InvalidVolume.NotFound")
    assert raw.ask("CreateTags", ResourceId_1=volume_id, Tag_1_Key="a").code == "InvalidVolume.NotFound"
    assert raw.ask("DeleteVolume", VolumeId=volume_id).code == "InvalidVolume.NotFound"


def at_once(environment: dict[str, str], asks: list[tuple[str, dict[str, str]]]) -> list[Reply]:
    """Send requests over a connection each, all at the same time."""

    def send(ask: tuple[str, dict[str, str]]) -> Reply:
        with closing(RawEc2(environment)) as connection:
            return connection.ask(ask[0], **ask[1])

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(send, asks))


def test_a_client_token_gives_its_volume_again_and_nothing_else_may_be_asked_with_it(
    raw: RawEc2, make: Make, admin: dict[str, str]
) -> None:
    asked = {**HERE, "ClientToken": "once"}
    first = make(**asked)
    assert raw.ask("CreateVolume", **asked).text("volumeId") == first
    assert raw.ask("CreateVolume", **{**asked, "Size": "2"}).code == "IdempotentParameterMismatch"
    tries = at_once(admin, [("CreateVolume", {**asked, "ClientToken": "at once"})] * 4)
    assert {one.text("volumeId") for one in tries} == {make(**{**asked, "ClientToken": "at once"})}


def test_of_two_attaches_of_one_volume_at_once_exactly_one_wins(
    raw: RawEc2, make: Make, instance: str, admin: dict[str, str]
) -> None:
    volume_id = make()
    asks = [
        ("AttachVolume", {"VolumeId": volume_id, "InstanceId": instance, "Device": f"/dev/sd{letter}"})
        for letter in "hijk"
    ]
    replies = at_once(admin, asks)
    assert sorted(reply.code for reply in replies) == ["", "VolumeInUse", "VolumeInUse", "VolumeInUse"]
    won = next(reply for reply in replies if not reply.code)
    assert raw.ask("DescribeVolumes", VolumeId_1=volume_id).texts("device") == [won.text("device")]


def test_of_two_attaches_to_one_device_at_once_exactly_one_wins(
    make: Make, instance: str, admin: dict[str, str]
) -> None:
    asks = [
        ("AttachVolume", {"VolumeId": make(), "InstanceId": instance, "Device": device})
        for device in ("/dev/sdl", "sdl", "/dev/xvdl")
    ]
    replies = at_once(admin, asks)
    assert sorted(reply.code for reply in replies) == ["", "InvalidDevice.InUse", "InvalidDevice.InUse"]


@pytest.mark.parametrize(
    ("device", "code"),
    [("/dev/sda1", "InvalidDevice.InUse"), ("a b", "InvalidParameterValue"), ("/dev/../sdf", "InvalidParameterValue")],
)
def test_a_device_is_refused_that_is_the_instances_own_or_none(
    raw: RawEc2, make: Make, instance: str, device: str, code: str
) -> None:
    reply = raw.ask("AttachVolume", VolumeId=make(), InstanceId=instance, Device=device)
    assert (reply.code, reply.status) == (code, 400)


def test_a_volume_is_attached_in_its_own_zone_only(raw: RawEc2, make: Make, instance: str) -> None:
    away = make(AvailabilityZone=OTHER_ZONE)
    refused = raw.ask("AttachVolume", VolumeId=away, InstanceId=instance, Device="/dev/sdf")
    assert (refused.code, refused.status) == ("InvalidVolume.ZoneMismatch", 400)
    assert status(raw, away) == ["available"]


def test_a_stopped_instance_keeps_its_volume_and_one_that_ends_lets_go_of_it(raw: RawEc2, make: Make) -> None:
    disk = {"BlockDeviceMapping_1_DeviceName": "/dev/sdf", "BlockDeviceMapping_1_Ebs_VolumeSize": "1"}
    kept = {
        "BlockDeviceMapping_2_DeviceName": "/dev/sdg",
        "BlockDeviceMapping_2_Ebs_VolumeSize": "2",
        "BlockDeviceMapping_2_Ebs_DeleteOnTermination": "false",
    }
    own = launch(raw, **disk, **kept)
    volume_id = make()
    raw.ask("AttachVolume", VolumeId=volume_id, InstanceId=own, Device="/dev/sdh")
    mine = {"Filter_1_Name": "attachment.instance-id", "Filter_1_Value_1": own}
    eventually(lambda: raw.ask("DescribeVolumes", **mine).texts("status") == ["in-use", "attached"] * 3)
    with_it = raw.ask("DescribeVolumes", **mine, Filter_2_Name="attachment.device", Filter_2_Value_1="/dev/sdg")
    stays = with_it.text("volumeId")
    raw.ask("StopInstances", InstanceId_1=own)
    eventually(lambda: raw.ask("DescribeInstances", InstanceId_1=own).texts("name").count("stopped"))
    assert raw.ask("DescribeVolumes", **mine).texts("status") == ["in-use", "attached"] * 3
    raw.ask("TerminateInstances", InstanceId_1=own)
    reach(raw, volume_id, "available")
    reach(raw, stays, "available")
    eventually(lambda: raw.ask("DescribeVolumes", **mine).texts("volumeId") == [])
    refused = raw.ask("AttachVolume", VolumeId=volume_id, InstanceId=own, Device="/dev/sdf")
    assert (refused.code, refused.status) == ("IncorrectState", 400)
    raw.ask("DeleteVolume", VolumeId=stays)


def test_detaching_names_the_attachment_that_there_is_or_nothing(raw: RawEc2, make: Make, instance: str) -> None:
    volume_id = make()
    raw.ask("AttachVolume", VolumeId=volume_id, InstanceId=instance, Device="/dev/sdm")
    reach(raw, volume_id, "in-use", "attached")
    for wrong in ({"InstanceId": "i-0badc0de"}, {"Device": "/dev/sdz"}):
        assert raw.ask("DetachVolume", VolumeId=volume_id, **wrong).code == "InvalidAttachment.NotFound"
    assert raw.ask("DetachVolume", VolumeId=volume_id, InstanceId="x").code == "InvalidInstanceID.Malformed"
    assert status(raw, volume_id) == ["in-use", "attached"]
    right = raw.ask("DetachVolume", VolumeId=volume_id, InstanceId=instance, Device="xvdm", Force="true")
    assert right.text("status") == "detaching"
    reach(raw, volume_id, "available")


def test_volumes_of_strangers_and_their_instances_can_not_be_brought_together(
    raw: RawEc2, raw_stranger: RawEc2, make: Make, instance: str
) -> None:
    mine = make()
    theirs = raw_stranger.ask("CreateVolume", Size="1", AvailabilityZone=ZONE).text("volumeId")
    reach(raw_stranger, theirs, "available")
    own = launch(raw_stranger)
    stolen = raw_stranger.ask("AttachVolume", VolumeId=mine, InstanceId=own, Device="/dev/sdf")
    planted = raw_stranger.ask("AttachVolume", VolumeId=theirs, InstanceId=instance, Device="/dev/sdf")
    assert (stolen.code, planted.code) == ("InvalidVolume.NotFound", "InvalidInstanceID.NotFound")
    assert status(raw, mine) == status(raw_stranger, theirs) == ["available"]
    taken = raw_stranger.ask("CreateSnapshots", InstanceSpecification_InstanceId=instance)
    assert taken.code == "InvalidInstanceID.NotFound"
    raw_stranger.ask("TerminateInstances", InstanceId_1=own)
    raw_stranger.ask("DeleteVolume", VolumeId=theirs)


def test_a_volume_grows_and_never_shrinks(raw: RawEc2, make: Make) -> None:
    volume_id = make(Size="2")
    named = {"VolumeId_1": volume_id}
    assert raw.ask("DescribeVolumesModifications", **named).code == "InvalidVolumeModification.NotFound"
    assert raw.ask("ModifyVolume", VolumeId=volume_id).code == "MissingParameter"
    assert raw.ask("ModifyVolume", VolumeId=volume_id, Size="1").code == "InvalidParameterValue"
    assert raw.ask("ModifyVolume", VolumeId=volume_id, VolumeType="floppy").code == "UnknownVolumeType"
    assert raw.ask("ModifyVolume", VolumeId=volume_id, Iops="9").code == "UnsupportedOperation"
    grown = raw.ask("ModifyVolume", VolumeId=volume_id, Size="5", VolumeType="gp3")
    assert (grown.text("originalSize"), grown.text("targetSize"), grown.text("modificationState")) == (
        "2",
        "5",
        "modifying",
    )
    eventually(lambda: raw.ask("DescribeVolumesModifications", **named).text("modificationState") == "completed")
    shown = raw.ask("DescribeVolumes", **named)
    assert (shown.text("size"), shown.text("volumeType")) == ("5", "gp3")
    for name, value in (
        ("modification-state", "completed"), ("original-size", "2"), ("target-size", "5"),
        ("original-volume-type", "gp2"),
        ("target-volume-type", "gp3"), ("volume-id", volume_id), ("originalMultiAttachEnabled", "false"),
    ):  # fmt: skip
        found = raw.ask("DescribeVolumesModifications", Filter_1_Name=name, Filter_1_Value_1=value)
        assert volume_id in found.texts("volumeId"), name
        missed = raw.ask("DescribeVolumesModifications", Filter_1_Name=name, Filter_1_Value_1=value + "x")
        assert missed.texts("volumeId") == [], name


def test_what_a_volume_shows_its_filters_find(raw: RawEc2, make: Make, instance: str) -> None:
    volume_id = make(
        TagSpecification_1_ResourceType="volume",
        TagSpecification_1_Tag_1_Key="Name",
        TagSpecification_1_Tag_1_Value="data",
    )
    raw.ask("AttachVolume", VolumeId=volume_id, InstanceId=instance, Device="/dev/sdn")
    reach(raw, volume_id, "in-use", "attached")
    shown = raw.ask("DescribeVolumes", VolumeId_1=volume_id)
    expected = {
        "attachment.attach-time": shown.text("attachTime"),
        "attachment.delete-on-termination": "false",
        "attachment.device": "/dev/sdn",
        "attachment.instance-id": instance,
        "attachment.status": "attached",
        "availability-zone": ZONE,
        "availability-zone-id": ZONE,
        "create-time": shown.text("createTime"),
        "encrypted": "false",
        "multi-attach-enabled": "false",
        "size": "1",
        "status": "in-use",
        "tag:Name": "data",
        "tag-key": "Name",
        "volume-id": volume_id,
        "volume-type": "gp2",
    }
    check_filters(raw, "DescribeVolumes", volume_id, expected)
    expected = {
        "attachment-status.instance-id": instance,
        "availability-zone": ZONE,
        "event.event-type": "rehearsal",
        "volume-status.status": "ok",
        "volume-status.details-name": "io-enabled",
        "volume-status.details-status": "passed",
    }
    check_filters(raw, "DescribeVolumeStatus", volume_id, expected)
    expected = {
        "block-device-mapping.attach-time": shown.text("attachTime"),
        "block-device-mapping.delete-on-termination": "false",
        "block-device-mapping.device-name": "/dev/sdn",
        "block-device-mapping.status": "attached",
        "block-device-mapping.volume-id": volume_id,
    }
    check_filters(raw, "DescribeInstances", volume_id, expected)


def check_filters(raw: RawEc2, operation: str, volume_id: str, expected: dict[str, str]) -> None:
    for name, value in expected.items():
        for asked, finds in ((value, True), (value[:-1] + "?", True), ("*" + value[1:], True), (value + "x", False)):
            found = raw.ask(operation, Filter_1_Name=name, Filter_1_Value_1=asked)
            assert (volume_id in found.texts("volumeId")) is finds, (name, asked)


def test_pages_of_volumes_hold_each_of_them_once(ec2: Any, make: Make) -> None:
    mine = [make() for _ in range(7)]
    pages = list(ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) > 1
    paged = [volume["VolumeId"] for page in pages for volume in page["Volumes"]]
    assert set(mine) <= set(paged)
    assert len(set(paged)) == len(paged)


def test_a_rehearsed_volume_says_so(raw: RawEc2, make: Make) -> None:
    told = raw.ask("DescribeVolumeStatus", VolumeId_1=make())
    assert told.text("eventType") == "rehearsal"
    assert "nothing is stored" in told.text("description")


def test_an_old_client_is_shown_a_volume_in_the_shape_of_its_age(raw: RawEc2, make: Make) -> None:
    shown = raw.ask("DescribeVolumes", version="2014-09-01", VolumeId_1=make())
    assert shown.tree.tag == "{http://ec2.amazonaws.com/doc/2014-09-01/}DescribeVolumesResponse"
    assert "multiAttachEnabled" not in shown.body.decode()
