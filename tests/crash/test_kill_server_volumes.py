"""Kill -9 of the server while volumes are made, attached, copied and deleted: nothing is lost, doubled or stuck."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.crash.fire import NO_ANSWER, kill_at_random, settled
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.crash
VOLUMES = 8
DEVICES = [f"/dev/sd{letter}" for letter in "fghijklm"]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path / "state", rehearse="1x1") as cloud:
        yield cloud


def insist(environment: dict[str, str], call: Callable[[Any], Any], *harmless: str) -> Any:
    """Ask until there is an answer; what an earlier try has done already shows as one of `harmless`."""

    def asked() -> Any:
        try:
            return call(ec2_client(environment)) or True
        except ClientError as error:
            return error.response["Error"]["Code"] in harmless
        except NO_ANSWER:
            return False

    return eventually(asked)


def volumes(environment: dict[str, str]) -> list[Any]:
    found: list[Any] = insist(environment, lambda ec2: [ec2.describe_volumes()["Volumes"]])[0]
    return found


def stored(cloud: ServedCloud, kind: str) -> set[str]:
    return {file.stem for file in (cloud.state / "volumes" / "rehearsed" / kind).glob("*.json")}


def test_killing_the_server_while_volumes_come_and_go_loses_and_doubles_nothing(cloud: ServedCloud) -> None:
    environment = cloud.credentials()
    ec2 = ec2_client(environment)
    image = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]["ImageId"]
    instance_id = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    eventually(lambda: settled(environment) == {instance_id: "running"})

    def life(number: int) -> tuple[str, str]:
        """Make a volume, attach it and take a snapshot of it."""
        asked = {"Size": 1, "AvailabilityZone": "cluster1", "ClientToken": f"volume-{number}"}
        volume_id = insist(environment, lambda ec2: ec2.create_volume(**asked))["VolumeId"]
        state = {"VolumeIds": [volume_id]}
        insist(environment, lambda ec2: ec2.describe_volumes(**state)["Volumes"][0]["State"] == "available")
        hung = {"VolumeId": volume_id, "InstanceId": instance_id, "Device": DEVICES[number]}
        insist(environment, lambda ec2: ec2.attach_volume(**hung), "VolumeInUse")
        insist(environment, lambda ec2: ec2.create_snapshot(VolumeId=volume_id, Description=volume_id))
        return volume_id, DEVICES[number]

    with ThreadPoolExecutor(VOLUMES) as pool:
        lives = [pool.submit(life, number) for number in range(VOLUMES)]
        kill_at_random(cloud, random.Random(17))
        made = dict(one.result() for one in lives)

    def attached() -> bool:
        shown = {each["VolumeId"]: each["Attachments"] for each in volumes(environment)}
        return {name: [(hold["Device"], hold["State"]) for hold in holds] for name, holds in shown.items()} == {
            name: [(device, "attached")] for name, device in made.items()
        }

    eventually(attached)
    assert stored(cloud, "volumes") == made.keys()
    copies = ec2_client(environment).describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert {each["VolumeId"] for each in copies} == made.keys()

    def end(volume_id: str) -> None:
        insist(environment, lambda ec2: ec2.detach_volume(VolumeId=volume_id), "IncorrectState")
        gone = "InvalidVolume.NotFound"
        insist(environment, lambda ec2: ec2.delete_volume(VolumeId=volume_id), gone)

    with ThreadPoolExecutor(VOLUMES) as pool:
        ends = [pool.submit(end, volume_id) for volume_id in made]
        kill_at_random(cloud, random.Random(19))
        for one in ends:
            one.result()
    eventually(lambda: volumes(environment) == [])
    assert stored(cloud, "volumes") == set()
    assert stored(cloud, "snapshots") == {each["SnapshotId"] for each in copies}
