"""Volumes by unmodified clients with their own waiters: aws CLI, boto 2.49."""

import subprocess
import sys

import pytest

from tests.served import ServedCloud
from tests.server.aws_command import aws

pytestmark = [pytest.mark.server, pytest.mark.clients]


def test_the_aws_command_waits_for_volumes_and_snapshots(admin: dict[str, str]) -> None:
    zone, volume_type = "cluster1", "gp3"
    image = aws(admin, "describe-images", "--filters", "Name=image-type,Values=machine")["Images"][0]["ImageId"]
    run = aws(admin, "run-instances", "--image-id", image, "--placement", f"AvailabilityZone={zone}")
    instance = run["Instances"][0]["InstanceId"]
    new = ("--availability-zone", zone, "--size", "1", "--volume-type", volume_type)
    volume = aws(admin, "create-volume", *new)["VolumeId"]
    aws(admin, "wait", "volume-available", "--volume-ids", volume)
    aws(admin, "wait", "instance-running", "--instance-ids", instance)
    aws(admin, "attach-volume", "--volume-id", volume, "--instance-id", instance, "--device", "/dev/sdf")
    aws(admin, "wait", "volume-in-use", "--volume-ids", volume)
    snapshot = aws(admin, "create-snapshot", "--volume-id", volume)["SnapshotId"]
    aws(admin, "wait", "snapshot-completed", "--snapshot-ids", snapshot)
    aws(admin, "detach-volume", "--volume-id", volume)
    aws(admin, "wait", "volume-available", "--volume-ids", volume)
    aws(admin, "delete-volume", "--volume-id", volume)
    aws(admin, "wait", "volume-deleted", "--volume-ids", volume)
    aws(admin, "delete-snapshot", "--snapshot-id", snapshot)
    aws(admin, "terminate-instances", "--instance-ids", instance)


def test_boto_2_makes_attaches_and_copies_volumes(cloud: ServedCloud, admin: dict[str, str]) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.server.boto2_volumes", cloud.url]
    done = subprocess.run(command, env=admin, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
