"""Volumes that come with a launch: refused before anything starts, or made for each instance of it."""

import pytest

from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server
ZONE = "cluster1"
LAUNCHES_REFUSED = [
    ({"DeviceName": "/dev/sdf"}, "InvalidBlockDeviceMapping"),
    ({"Ebs.VolumeSize": "1"}, "InvalidBlockDeviceMapping"),
    ({"DeviceName": "/dev/sda1", "Ebs.VolumeSize": "9"}, "InvalidBlockDeviceMapping"),
    ({"DeviceName": "/dev/sdf", "VirtualName": "floppy"}, "InvalidBlockDeviceMapping"),
    ({"DeviceName": "/dev/sdf", "VirtualName": "ephemeral0", "Ebs.VolumeSize": "1"}, "InvalidBlockDeviceMapping"),
    ({"DeviceName": "disk", "Ebs.VolumeSize": "1"}, "InvalidParameterValue"),
    ({"DeviceName": "/dev/sdf", "Ebs.DeleteOnTermination": "true"}, "MissingParameter"),
    ({"DeviceName": "/dev/sdf", "Ebs.VolumeSize": "0"}, "InvalidParameterValue"),
    ({"DeviceName": "/dev/sdf", "Ebs.VolumeSize": "99999"}, "InvalidParameterValue"),
    ({"DeviceName": "/dev/sdf", "Ebs.VolumeSize": "1", "Ebs.Encrypted": "true"}, "UnsupportedOperation"),
    ({"DeviceName": "/dev/sdf", "Ebs.VolumeSize": "1", "Ebs.Iops": "100"}, "UnsupportedOperation"),
    ({"DeviceName": "/dev/sdf", "Ebs.SnapshotId": "snap-0badc0de"}, "InvalidSnapshot.NotFound"),
]


@pytest.mark.parametrize(("mapping", "code"), LAUNCHES_REFUSED)
def test_a_launch_with_a_disk_that_can_not_be_starts_nothing(raw: RawEc2, mapping: dict[str, str], code: str) -> None:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    before = raw.ask("DescribeInstances").texts("instanceId"), raw.ask("DescribeVolumes").texts("volumeId")
    named = {f"BlockDeviceMapping.1.{name}": value for name, value in mapping.items()}
    asked = {"Action": "RunInstances", "Version": "2016-11-15", "ImageId": image, "MinCount": "1", "MaxCount": "1"}
    reply = raw.pairs([*asked.items(), *named.items()])
    assert (reply.code, reply.status) == (code, 400)
    assert (raw.ask("DescribeInstances").texts("instanceId"), raw.ask("DescribeVolumes").texts("volumeId")) == before


def test_a_launch_makes_tagged_volumes_for_each_instance_and_names_of_local_disks_do_no_harm(raw: RawEc2) -> None:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    run = raw.ask(
        "RunInstances", ImageId=image, MinCount="2", MaxCount="2", Placement_AvailabilityZone=ZONE,
        BlockDeviceMapping_1_DeviceName="/dev/sdf", BlockDeviceMapping_1_Ebs_VolumeSize="3",
        BlockDeviceMapping_2_DeviceName="/dev/sdb", BlockDeviceMapping_2_VirtualName="ephemeral0",
        BlockDeviceMapping_3_DeviceName="/dev/sdc", BlockDeviceMapping_3_NoDevice="",
        TagSpecification_1_ResourceType="volume", TagSpecification_1_Tag_1_Key="Name",
        TagSpecification_1_Tag_1_Value="of the launch", TagSpecification_2_ResourceType="instance",
        TagSpecification_2_Tag_1_Key="Name", TagSpecification_2_Tag_1_Value="launched", ClientToken="with disks",
    )  # fmt: skip
    assert run.status == 200, run.message
    tagged = {"Filter_1_Name": "tag:Name", "Filter_1_Value_1": "of the launch"}
    eventually(lambda: raw.ask("DescribeVolumes", **tagged).texts("status") == ["in-use", "attached"] * 2)
    volumes = raw.ask("DescribeVolumes", **tagged)
    assert sorted(volumes.texts("instanceId")) == sorted(run.texts("instanceId"))
    assert volumes.texts("size") == ["3", "3"]
    assert sorted(run.texts("volumeId")) == sorted(set(volumes.texts("volumeId")))
    away = {"InstanceId": run.text("instanceId"), "BlockDeviceMapping_1_Ebs_DeleteOnTermination": "false"}
    nothing_there = raw.ask("ModifyInstanceAttribute", **away, BlockDeviceMapping_1_DeviceName="/dev/sdz")
    assert nothing_there.code == "InvalidInstanceAttributeValue"
    kept = raw.ask("ModifyInstanceAttribute", **away, BlockDeviceMapping_1_DeviceName="/dev/sdf")
    assert kept.text("return") == "true"
    named = {f"InstanceId_{n}": instance_id for n, instance_id in enumerate(run.texts("instanceId"), 1)}
    raw.ask("TerminateInstances", **named)
    eventually(lambda: raw.ask("DescribeVolumes", **tagged).texts("status") == ["available"])
    raw.ask("DeleteVolume", VolumeId=raw.ask("DescribeVolumes", **tagged).text("volumeId"))


def test_a_launch_template_brings_volumes_too(raw: RawEc2) -> None:
    image = raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")
    made = raw.ask(
        "CreateLaunchTemplate", LaunchTemplateName="with-disk", LaunchTemplateData_ImageId=image,
        LaunchTemplateData_BlockDeviceMapping_1_DeviceName="/dev/sdf",
        LaunchTemplateData_BlockDeviceMapping_1_Ebs_VolumeSize="4",
    )  # fmt: skip
    assert made.status == 200, made.message
    run = raw.ask("RunInstances", LaunchTemplate_LaunchTemplateName="with-disk", MinCount="1", MaxCount="1")
    volume = {"VolumeId_1": run.text("volumeId")}
    eventually(lambda: raw.ask("DescribeVolumes", **volume).texts("status") == ["in-use", "attached"])
    assert raw.ask("DescribeVolumes", **volume).text("size") == "4"
    raw.ask("TerminateInstances", InstanceId_1=run.text("instanceId"))
    raw.ask("DeleteLaunchTemplate", LaunchTemplateName="with-disk")
