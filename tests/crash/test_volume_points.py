"""Kill -9 before and after every call of the volume storage: the next server brings each volume and snapshot to its
end, exactly once.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.crash.doomed_rehearsal import DoomedRehearsal
from tests.crash.dying import STEP_S, verdict
from tests.crash.points import by_call, storage_points
from tests.deadline import eventually
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.crash
AT_ONCE = 4
POINTS = storage_points()
LIFE = ("launched", "made", "attached", "copied", "grown", "parted", "destroyed", "forgotten")
DEVICE = "/dev/sdf"
GROWN_GIB = 2


class VolumeLife:
    """A volume and a snapshot, brought through all their states by a client that insists until it is answered."""

    def __init__(self, cloud: DoomedRehearsal) -> None:
        self.cloud, self.ec2 = cloud, ec2_client(cloud.credentials())
        self.left = list(LIFE)
        self.instance_id = self.volume_id = ""

    def close(self) -> None:
        self.ec2.close()

    def go_on(self) -> None:
        while self.left:
            eventually(getattr(self, self.left[0]), STEP_S)
            self.left.pop(0)

    # --- steps: each asks for what is not on its way, and tells whether it has come true ---

    def launched(self) -> bool:
        images = self.ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"]
        asked = {"ImageId": images[0]["ImageId"], "MinCount": 1, "MaxCount": 1, "ClientToken": "life"}
        self.instance_id = self.ec2.run_instances(**asked)["Instances"][0]["InstanceId"]
        shown = self.ec2.describe_instances(InstanceIds=[self.instance_id])["Reservations"][0]["Instances"][0]
        return bool(shown["State"]["Name"] == "running")

    def made(self) -> bool:
        asked = {"Size": 1, "AvailabilityZone": "cluster1", "ClientToken": "life"}
        self.volume_id = self.ec2.create_volume(**asked)["VolumeId"]
        return bool(self.volume()["State"] == "available")

    def attached(self) -> bool:
        if not self.volume()["Attachments"]:
            with refused_if_under_way():
                self.ec2.attach_volume(VolumeId=self.volume_id, InstanceId=self.instance_id, Device=DEVICE)
        return [hold["State"] for hold in self.volume()["Attachments"]] == ["attached"]

    def copied(self) -> bool:
        if not self.snapshots():
            self.ec2.create_snapshot(VolumeId=self.volume_id)
        return [each["State"] for each in self.snapshots()] == ["completed"]

    def grown(self) -> bool:
        if self.volume()["Size"] != GROWN_GIB:
            with refused_if_under_way():
                self.ec2.modify_volume(VolumeId=self.volume_id, Size=GROWN_GIB)
        changes = self.ec2.describe_volumes_modifications(VolumeIds=[self.volume_id])["VolumesModifications"]
        return [each["ModificationState"] for each in changes] == ["completed"]

    def parted(self) -> bool:
        if [hold["State"] for hold in self.volume()["Attachments"]] == ["attached"]:
            with refused_if_under_way():
                self.ec2.detach_volume(VolumeId=self.volume_id)
        return bool(self.volume()["State"] == "available")

    def destroyed(self) -> bool:
        for volume in self.ec2.describe_volumes()["Volumes"]:
            with refused_if_under_way():
                self.ec2.delete_volume(VolumeId=volume["VolumeId"])
        return not self.ec2.describe_volumes()["Volumes"]

    def forgotten(self) -> bool:
        for snapshot in self.snapshots():
            with refused_if_under_way():
                self.ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
        return not self.snapshots() and self.cloud.unsettled() == 0

    def volume(self) -> Any:
        (volume,) = self.ec2.describe_volumes()["Volumes"]
        return volume

    def snapshots(self) -> list[Any]:
        found: list[Any] = self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        return found


@contextmanager
def refused_if_under_way() -> Iterator[None]:
    with suppress(ClientError):
        yield


def test_volumes_outlive_a_server_that_dies_at_any_call_of_their_storage(tmp_path: Path) -> None:
    def live(number: int, point: str) -> str:
        cloud = DoomedRehearsal(tmp_path / f"state{number}")
        try:
            said = verdict(point, cloud.start(), VolumeLife)
            assert (point, left(cloud)) == (point, [])
        finally:
            cloud.stop()
        return said

    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = dict(zip(POINTS, pool.map(live, range(len(POINTS)), POINTS), strict=True))
    print("\nvolumes of rehearsal hosts:", *by_call(verdicts), sep="\n  ")
    assert set(verdicts.values()) == {"survived"}


def left(cloud: DoomedRehearsal) -> list[str]:
    """Name what the storage holds."""
    return sorted(file.name for file in (cloud.state / "volumes" / "rehearsed").rglob("*.json"))
