"""Volumes, snapshots, and what hangs on instances."""

from string import ascii_lowercase

from tests.server.provocations import Row, Step

_HUNG, _OTHER = {"VolumeId": "{hung_volume}"}, {"InstanceId": "{other}"}
_RUN = {"ImageId": "{public}", "MinCount": "1", "MaxCount": "1"}
_ON_INSTANCE = {"VolumeId": "{volume}", "InstanceId": "{instance}"}
_NEW = {"AvailabilityZone": "cluster1", "Size": "1"}
_NAMES = [f"/dev/sd{first}{second}" for first in "bc" for second in ascii_lowercase]
_DISKS = {
    f"BlockDeviceMapping.{n}.{name}": value
    for n, device in enumerate(_NAMES, 1)
    for name, value in (("DeviceName", device), ("Ebs.VolumeSize", "1"))
}
_KEPT = {"BlockDeviceMapping.1.DeviceName": "/dev/sdq", "BlockDeviceMapping.1.Ebs.DeleteOnTermination": "true"}
_LARGE = Step("CreateVolume", _NEW | {"Size": "16384"})

ROWS: dict[Row, tuple[Step, ...]] = {
    ("Conflict", "volume in another zone"): (
        Step("AttachVolume", {"VolumeId": "{volume}", **_OTHER, "Device": "/dev/sdh"}),
    ),
    ("InUse", "device"): (Step("AttachVolume", _ON_INSTANCE | {"Device": "/dev/sdf"}),),
    ("InUse", "volume"): (Step("DeleteVolume", _HUNG),),
    ("Invalid", "BlockDeviceMapping"): (Step("RunInstances", _RUN | {"BlockDeviceMapping.1.DeviceName": "/dev/sdf"}),),
    ("Invalid", "VolumeType"): (Step("CreateVolume", _NEW | {"VolumeType": "floppy"}),),
    ("Missing", "attachment"): (Step("DetachVolume", _HUNG | _OTHER),),
    ("Missing", "mapped device"): (Step("ModifyInstanceAttribute", {"InstanceId": "{instance}", **_KEPT}),),
    ("Missing", "volume modification"): (Step("DescribeVolumesModifications", {"VolumeId.1": "{volume}"}),),
    ("OverLimit", "GiB of volumes"): (_LARGE,) * 4,
    ("OverLimit", "attachments"): (Step("RunInstances", _RUN | _DISKS | {"DryRun": "true"}),),
    ("WrongState", ""): (Step("DetachVolume", {"VolumeId": "{volume}"}),),
}
AFTER: dict[Row, tuple[Step, ...]] = {
    ("OverLimit", "GiB of volumes"): tuple(Step("DeleteVolume", {"VolumeId": f"{{made_{n}}}"}) for n in range(3)),
}
_RARE = "tests/unit/services/test_rare_refusals.py"
NEVER: dict[Row, str] = {
    ("InUse", "snapshot"): f"while something is made of it, which is over too soon: {_RARE}",
    ("OverLimit", "snapshots"): f"ten thousand: {_RARE}",
    ("OverLimit", "volumes"): f"thousands: {_RARE}",
    ("OverLimit", "cores"): "for an account with a quota: tests/server/test_quotas.py",
    ("Unsupported", "Volume storage"): f"in zones of real hosts: {_RARE}",
    ("WrongState", "volume modification"): f"while a volume grows, which is over too soon: {_RARE}",
}
