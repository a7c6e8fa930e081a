"""The life of instances as unmodified clients live it: aws CLI, boto3, boto 2.49."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.served import ServedCloud

pytestmark = [pytest.mark.server, pytest.mark.clients]
AWS = str(Path(sys.executable).parent / "aws")


def aws(admin: dict[str, str], *arguments: str) -> Any:
    """Run `aws ec2` with nothing but the environment that `euca credentials` prints."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **admin, "AWS_PAGER": ""}
    done = subprocess.run(
        [AWS, "ec2", *arguments, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_the_aws_command_lives_a_whole_life_cycle(admin: dict[str, str], tmp_path: Path) -> None:
    images = aws(admin, "describe-images")["Images"]
    image_id = next(image["ImageId"] for image in images if image["ImageType"] == "machine")
    key = aws(admin, "create-key-pair", "--key-name", "from-the-command")
    assert "PRIVATE KEY" in key["KeyMaterial"]
    run = aws(
        admin, "run-instances", "--image-id", image_id, "--count", "3", "--key-name", "from-the-command",
        "--client-token", "command-1", "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=web}]",
    )  # fmt: skip
    ids = [instance["InstanceId"] for instance in run["Instances"]]
    assert len(ids) == 3
    assert [instance["AmiLaunchIndex"] for instance in run["Instances"]] == [0, 1, 2]
    aws(admin, "wait", "instance-running", "--instance-ids", *ids)
    shown = aws(
        admin, "describe-instances", "--filters", "Name=tag:Name,Values=w*", "Name=instance-state-name,Values=running"
    )
    found = [instance["InstanceId"] for r in shown["Reservations"] for instance in r["Instances"]]
    assert set(ids) <= set(found)
    console = aws(admin, "get-console-output", "--instance-id", ids[0])
    assert console["InstanceId"] == ids[0]
    assert console["Output"]
    aws(admin, "stop-instances", "--instance-ids", *ids)
    aws(admin, "wait", "instance-stopped", "--instance-ids", *ids)
    aws(admin, "start-instances", "--instance-ids", *ids)
    aws(admin, "wait", "instance-running", "--instance-ids", *ids)
    aws(admin, "create-tags", "--resources", *ids, "--tags", "Key=tier,Value=front end")
    tags = aws(admin, "describe-tags", "--filters", f"Name=resource-id,Values={ids[0]}")["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"Name": "web", "tier": "front end"}
    ended = aws(admin, "terminate-instances", "--instance-ids", *ids)["TerminatingInstances"]
    assert {change["PreviousState"]["Name"] for change in ended} == {"running"}
    aws(admin, "wait", "instance-terminated", "--instance-ids", *ids)


def test_boto3_lives_a_whole_life_cycle(ec2: Any, image_id: str) -> None:
    material = ec2.create_key_pair(KeyName="from-boto3", KeyType="ed25519")["KeyMaterial"]
    assert material.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    run = ec2.run_instances(
        ImageId=image_id, MinCount=1, MaxCount=2, KeyName="from-boto3", UserData="#!/bin/sh\ntrue\n"
    )
    ids = [instance["InstanceId"] for instance in run["Instances"]]
    quickly = {"Delay": 1, "MaxAttempts": 30}
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=quickly)
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=ids, WaiterConfig=quickly)
    ec2.reboot_instances(InstanceIds=ids)
    ec2.stop_instances(InstanceIds=ids)
    ec2.get_waiter("instance_stopped").wait(InstanceIds=ids, WaiterConfig=quickly)
    ec2.start_instances(InstanceIds=ids)
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=quickly)
    ec2.terminate_instances(InstanceIds=ids)
    ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=quickly)
    ec2.delete_key_pair(KeyName="from-boto3")


def test_boto_2_lives_a_whole_life_cycle(cloud: ServedCloud, admin: dict[str, str]) -> None:
    """In a process of its own: boto 2 leaves importers behind that today's Python warns of."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.server.boto2_life", cloud.url]
    done = subprocess.run(
        command, env={**os.environ, **admin}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "lived"
