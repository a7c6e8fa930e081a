"""Volumes, snapshots and attachments."""

from typing import Any

from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2

TAGS = {"Tags": [{"Key": "Name", "Value": "walk"}]}
_VOLUME, _SNAPSHOT = {"VolumeId": "{volume}"}, {"SnapshotId": "{snapshot}"}
_SHARE = {"Attribute": "createVolumePermission"}
_RUN = {"ImageId": "{public}", "MinCount": "1", "MaxCount": "1", "BlockDeviceMapping.1.DeviceName": "/dev/sdf"}

PROBES: list[tuple[str, dict[str, str]]] = [
    *((name, _VOLUME) for name in ("DeleteVolume", "EnableVolumeIO", "CreateSnapshot", "DetachVolume")),
    *((name, {"VolumeId.1": "{volume}"}) for name in (
        "DescribeVolumes", "DescribeVolumeStatus", "DescribeVolumesModifications",
    )),
    ("DescribeVolumeAttribute", {**_VOLUME, "Attribute": "autoEnableIO"}),
    ("ModifyVolumeAttribute", {**_VOLUME, "AutoEnableIO.Value": "true"}),
    ("ModifyVolume", {**_VOLUME, "Size": "9"}),
    ("AttachVolume", {**_VOLUME, "InstanceId": "{instance}", "Device": "/dev/sdh"}),
    ("AttachVolume", {**_VOLUME, "InstanceId": "i-0badc0de0badc0de1", "Device": "/dev/sdh"}),
    ("DetachVolume", {"VolumeId": "{hung_volume}", "InstanceId": "{instance}"}),
    ("CreateVolume", {"AvailabilityZone": "cluster1", "SnapshotId": "{snapshot}", "DryRun": "true"}),
    ("CreateVolume", {"AvailabilityZone": "cluster1", "Size": "1", "ClientToken": "{volume_token}", "DryRun": "true"}),
    ("CreateSnapshots", {"InstanceSpecification.InstanceId": "{instance}"}),
    ("CopySnapshot", {"SourceSnapshotId": "{snapshot}", "SourceRegion": "eucalyptus", "DryRun": "true"}),
    ("DeleteSnapshot", _SNAPSHOT),
    ("DescribeSnapshots", {"SnapshotId.1": "{snapshot}"}),
    ("DescribeSnapshots", {"Owner.1": "{account}"}),
    ("DescribeSnapshots", {"RestorableBy.1": "{account}"}),
    ("DescribeSnapshotAttribute", {**_SNAPSHOT, **_SHARE}),
    ("ModifySnapshotAttribute", {**_SNAPSHOT, **_SHARE, "CreateVolumePermission.Add.1.Group": "all"}),
    ("ResetSnapshotAttribute", {**_SNAPSHOT, **_SHARE}),
    ("RunInstances", {**_RUN, "BlockDeviceMapping.1.Ebs.SnapshotId": "{snapshot}", "DryRun": "true"}),
    *((name, {"ResourceId.1": f"{{{thing}}}", "Tag.1.Key": "a"})
      for name in ("CreateTags", "DeleteTags") for thing in ("volume", "snapshot")),
    *((name, {"Filter.1.Name": filter_name, "Filter.1.Value.1": f"{{{thing}}}"}) for name, filter_name, thing in (
        ("DescribeVolumes", "volume-id", "volume"), ("DescribeVolumes", "attachment.instance-id", "instance"),
        ("DescribeVolumes", "tag-key", "tag"), ("DescribeSnapshots", "volume-id", "volume"),
        ("DescribeSnapshots", "tag-key", "tag"), ("DescribeVolumeStatus", "attachment-status.instance-id", "instance"),
        ("DescribeInstances", "block-device-mapping.volume-id", "hung_volume"),
    )),
]  # fmt: skip
NOBODYS = {
    "volume": "vol-0badc0de0badc0de0",
    "hung_volume": "vol-0badc0de0badc0de1",
    "snapshot": "snap-0badc0de0badc0de0",
    "volume_token": "nobodys-volume-token",
}
NOTHING_TO_NAME: set[str] = set()


def walk(ec2: Any, *, today: bool) -> None:
    def tagged(kind: str) -> dict[str, Any]:
        return {"TagSpecifications": [{"ResourceType": kind, **TAGS}]} if today else {}

    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    image = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]["ImageId"]
    disk = {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}}
    run = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, Placement={"AvailabilityZone": zone}, BlockDeviceMappings=[disk]
    )
    instance_id = run["Instances"][0]["InstanceId"]
    made = [ec2.create_volume(Size=1, AvailabilityZone=zone, **tagged("volume"))["VolumeId"] for _ in range(6)]
    ec2.create_tags(Resources=made, **TAGS)
    eventually(lambda: states(ec2, made) == {"available"})
    eventually(
        lambda: (
            ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]["State"]["Name"]
            == "running"
        )
    )
    ec2.attach_volume(VolumeId=made[0], InstanceId=instance_id, Device="/dev/sdf")
    eventually(lambda: states(ec2, made[:1]) == {"in-use"})
    ec2.describe_instances(InstanceIds=[instance_id])
    ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="blockDeviceMapping")
    ec2.describe_volumes()
    ec2.describe_volumes(MaxResults=5)
    ec2.describe_volume_status(MaxResults=5)
    ec2.describe_volume_status()
    ec2.modify_volume_attribute(VolumeId=made[0], AutoEnableIO={"Value": True})
    ec2.describe_volume_attribute(VolumeId=made[0], Attribute="autoEnableIO")
    ec2.describe_volume_attribute(VolumeId=made[0], Attribute="productCodes")
    ec2.enable_volume_io(VolumeId=made[0])
    snapshots = walk_snapshots(ec2, made[0], instance_id, tagged("snapshot"), today=today)
    ec2.create_volume(SnapshotId=snapshots[0], AvailabilityZone=zone)
    if today:
        walk_modifications(ec2, made[:2])
    ec2.detach_volume(VolumeId=made[0], Force=True)
    eventually(lambda: states(ec2, made) == {"available"})
    ec2.terminate_instances(InstanceIds=[instance_id])
    eventually(lambda: "creating" not in states(ec2, []))
    for snapshot_id in snapshots:
        ec2.delete_snapshot(SnapshotId=snapshot_id)
    eventually(lambda: states(ec2, []) <= {"available"})
    for volume in ec2.describe_volumes()["Volumes"]:
        ec2.delete_volume(VolumeId=volume["VolumeId"])


def walk_snapshots(ec2: Any, volume_id: str, instance_id: str, tagged: dict[str, Any], *, today: bool) -> list[str]:
    first = ec2.create_snapshot(VolumeId=volume_id, Description="walk", **tagged)["SnapshotId"]
    made = [first, *(ec2.create_snapshot(VolumeId=volume_id)["SnapshotId"] for _ in range(5))]
    ec2.create_tags(Resources=[first], **TAGS)
    eventually(lambda: {s["State"] for s in ec2.describe_snapshots(SnapshotIds=made)["Snapshots"]} == {"completed"})
    if today:
        several = ec2.create_snapshots(InstanceSpecification={"InstanceId": instance_id}, Description="walk", **tagged)[
            "Snapshots"
        ]
        made += [one["SnapshotId"] for one in several]
    made.append(ec2.copy_snapshot(SourceSnapshotId=first, SourceRegion="eucalyptus", **tagged)["SnapshotId"])
    eventually(lambda: {s["State"] for s in ec2.describe_snapshots(SnapshotIds=made)["Snapshots"]} == {"completed"})
    ec2.describe_snapshots(**({"MaxResults": 5} if today else {}))
    ec2.describe_snapshots()
    permission = {"Attribute": "createVolumePermission", "SnapshotId": first}
    ec2.modify_snapshot_attribute(**permission, OperationType="add", UserIds=["123456789012"])
    ec2.modify_snapshot_attribute(SnapshotId=first, CreateVolumePermission={"Add": [{"Group": "all"}]})
    ec2.describe_snapshot_attribute(**permission)
    ec2.describe_snapshot_attribute(SnapshotId=first, Attribute="productCodes")
    ec2.reset_snapshot_attribute(**permission)
    return made


def walk_modifications(ec2: Any, volume_ids: list[str]) -> None:
    for volume_id in volume_ids:
        ec2.modify_volume(VolumeId=volume_id, Size=2, VolumeType="standard")

    def done() -> bool:
        found = ec2.describe_volumes_modifications(VolumeIds=volume_ids)["VolumesModifications"]
        return {one["ModificationState"] for one in found} == {"completed"}

    eventually(done)
    ec2.describe_volumes_modifications(MaxResults=1)


def states(ec2: Any, volume_ids: list[str]) -> set[str]:
    """Collect the states of volumes; an attachment that is not settled counts as one."""
    shown = ec2.describe_volumes(VolumeIds=volume_ids)["Volumes"]
    return {volume["State"] for volume in shown} | {
        each["State"] for volume in shown for each in volume["Attachments"] if each["State"] != "attached"
    }


def victim(raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
    zone = raw.ask("DescribeInstances", InstanceId_1=mine["instance"]).text("availabilityZone")
    token = f"{mine['token']}-volume"
    volume = raw.ask("CreateVolume", Size="1", AvailabilityZone=zone, ClientToken=token).text("volumeId")
    hung = raw.ask("CreateVolume", Size="1", AvailabilityZone=zone).text("volumeId")
    tag = {"Tag_1_Key": mine["tag"], "Tag_1_Value": "secret"}
    eventually(lambda: raw.ask("DescribeVolumes", VolumeId_1=volume).text("status") == "available")
    eventually(lambda: raw.ask("DescribeVolumes", VolumeId_1=hung).text("status") == "available")
    snapshot = raw.ask("CreateSnapshot", VolumeId=volume, Description="secret").text("snapshotId")
    raw.ask("CreateTags", ResourceId_1=volume, ResourceId_2=snapshot, **tag)
    eventually(lambda: raw.ask("DescribeSnapshots", SnapshotId_1=snapshot).text("status") == "completed")
    running = {"Filter_1_Name": "instance-state-name", "Filter_1_Value_1": "running"}
    eventually(lambda: mine["instance"] in raw.ask("DescribeInstances", **running).texts("instanceId"))
    raw.ask("AttachVolume", VolumeId=hung, InstanceId=mine["instance"], Device="/dev/sdf")
    eventually(lambda: raw.ask("DescribeVolumes", VolumeId_1=hung).texts("status")[1:] == ["attached"])
    return {
        "volume": volume,
        "hung_volume": hung,
        "snapshot": snapshot,
        "volume_token": token,
    }


def bury(raw: RawEc2, mine: dict[str, str]) -> None:
    raw.ask("DeleteSnapshot", SnapshotId=mine["snapshot"])
    raw.ask("DetachVolume", VolumeId=mine["hung_volume"], Force="true")
    raw.ask("DeleteVolume", VolumeId=mine["volume"])
    eventually(lambda: raw.ask("DescribeVolumes", VolumeId_1=mine["hung_volume"]).text("status") == "available")
    raw.ask("DeleteVolume", VolumeId=mine["hung_volume"])
