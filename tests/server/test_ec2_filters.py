"""Filters against a served cloud: what an answer shows, its filter finds; wildcards, spellings of ids, pages."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.vpc import DEFAULT_VPC_ID
from app.server.query import OPERATIONS
from app.wire.amendments import Amendments
from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2, Reply

pytestmark = pytest.mark.server
AMENDMENTS = Amendments.load()
DESCRIBES = [op.name for op in OPERATIONS if AMENDMENTS.filters(op.name)]
NEEDED = {
    "GetSecurityGroupsForVpc": {"VpcId": DEFAULT_VPC_ID},
    "DescribeLaunchTemplateVersions": {"LaunchTemplateVersion_1": "$Latest"},
}
SHOWN = [
    *((name, name.split("-")[0] + "".join(part.title() for part in name.split("-")[1:])) for name in (
        "architecture", "availability-zone", "client-token", "group-id", "group-name", "hypervisor", "image-id",
        "instance-id", "instance-type", "key-name", "owner-id", "reason", "reservation-id", "root-device-name",
        "root-device-type", "tenancy", "virtualization-type", "ebs-optimized", "ena-support", "platform-details",
        "usage-operation", "launch-time",
    )),
    ("launch-index", "amiLaunchIndex"), ("tag:Name", "value"), ("tag-key", "key"), ("tag-value", "value"),
]  # fmt: skip


@pytest.fixture(scope="module")
def instance(raw: RawEc2) -> Iterator[Reply]:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    raw.ask("CreateKeyPair", KeyName="filtered")
    run = raw.ask(
        "RunInstances", ImageId=image, MinCount="1", MaxCount="1", KeyName="filtered", ClientToken="filtered",
        TagSpecification_1_ResourceType="instance", TagSpecification_1_Tag_1_Key="Name",
        TagSpecification_1_Tag_1_Value="filtered",
    )  # fmt: skip
    mine = run.text("instanceId")
    eventually(lambda: state_of(raw, mine) == "running")
    yield raw.ask("DescribeInstances", InstanceId_1=mine)
    raw.ask("TerminateInstances", InstanceId_1=mine)
    raw.ask("DeleteKeyPair", KeyName="filtered")


def state_of(raw: RawEc2, instance_id: str) -> str:
    state = raw.ask("DescribeInstances", InstanceId_1=instance_id).tree.find(".//{*}instanceState/{*}name")
    return "" if state is None else state.text or ""


def found(raw: RawEc2, mine: str, name: str, value: str, **more: str) -> bool:
    reply = raw.ask("DescribeInstances", Filter_1_Name=name, Filter_1_Value_1=value, **more)
    assert reply.status == 200, reply.message
    return mine in reply.texts("instanceId")


@pytest.mark.parametrize(("name", "element"), SHOWN)
def test_what_an_instance_shows_its_filter_finds(raw: RawEc2, instance: Reply, name: str, element: str) -> None:
    mine, value = instance.text("instanceId"), instance.text(element)
    if value:
        assert found(raw, mine, name, value)
        assert found(raw, mine, name, value[:-1] + "?")
        assert found(raw, mine, name, "*" + value[1:])
        assert not found(raw, mine, name, value + "x")
    else:
        assert name == "reason"


def test_an_image_is_found_by_amazon_s_spelling_of_its_id(raw: RawEc2, instance: Reply) -> None:
    for name, element in (("image-id", "imageId"), ("kernel-id", "kernelId"), ("ramdisk-id", "ramdiskId")):
        ours = instance.text(element)
        assert ours[0] == "e"
        assert found(raw, instance.text("instanceId"), name, "a" + ours[1:])
        images = raw.ask("DescribeImages", Filter_1_Name="image-id", Filter_1_Value_1="a" + ours[1:])
        assert images.text("imageId") == ours
        assert raw.ask("DescribeImages", ImageId_1="a" + ours[1:].upper()).texts("imageId") == [ours]


@pytest.mark.parametrize("operation", DESCRIBES)
def test_every_filter_of_amazon_is_taken_and_no_other(raw: RawEc2, operation: str) -> None:
    for name in sorted(AMENDMENTS.filters(operation)):
        named = name.replace("tag:", "tag:Name")
        asked = raw.ask(operation, Filter_1_Name=named, Filter_1_Value_1="*", **NEEDED.get(operation, {}))
        assert asked.status == 200, (name, asked.message)
    refused = raw.ask(operation, Filter_1_Name="colour", Filter_1_Value_1="red", **NEEDED.get(operation, {}))
    assert (refused.status, refused.code) == (400, "InvalidParameterValue")
    assert "colour" in refused.message


def test_two_filters_must_both_fit_and_one_value_of_each_does(raw: RawEc2, instance: Reply) -> None:
    mine = instance.text("instanceId")
    assert found(raw, mine, "instance-id", "i-0", Filter_1_Value_2=mine)
    assert not found(raw, mine, "instance-id", mine, Filter_2_Name="key-name", Filter_2_Value_1="other")


def test_pages_of_instances_hold_each_reservation_together_and_each_instance_once(ec2: Any, image_id: str) -> None:
    for _ in range(3):
        ec2.run_instances(ImageId=image_id, MinCount=3, MaxCount=3, ClientToken="")
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) > 1
    paged = [i["InstanceId"] for page in pages for r in page["Reservations"] for i in r["Instances"]]
    whole = [i["InstanceId"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    assert paged == whole
    assert len(set(paged)) == len(paged)
    ec2.terminate_instances(InstanceIds=whole)
