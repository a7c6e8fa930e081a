"""The state is lost and the hosts still run instances: `euca recover` takes them back, and they are ours again."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.fire import states_of
from tests.deadline import eventually
from tests.scripted_world import World
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.crash
KEPT = ("ImageId", "InstanceType", "KeyName", "AmiLaunchIndex", "State", "Placement", "LaunchTime")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World() as world:
        yield world


def described(environment: dict[str, str]) -> dict[str, Any]:
    return {
        instance["InstanceId"]: {
            "reservation": reservation["ReservationId"],
            "owner": reservation["OwnerId"],
            "groups": [group["GroupId"] for group in instance["SecurityGroups"]],
            **{name: instance.get(name) for name in KEPT},
        }
        for reservation in ec2_client(environment).describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    }


def lose_the_state(tmp_path: Path, world: World) -> tuple[dict[str, Any], str]:
    """Run three instances and stop one more, then kill the server; return what ran, and the one that was stopped."""
    with ServedCloud(tmp_path / "lost", rehearse="none") as cloud:
        cloud.euca("cluster", "add", "one")
        cloud.euca("host", "add", world.uri("north"), "--name", "north", "--cluster", "one")
        (tmp_path / "root.img").write_bytes(b"root" * 1024)
        image_id = cloud.euca("image", "install", str(tmp_path / "root.img")).stdout.strip()
        eventually(lambda: " up " in cloud.euca("host", "list").stdout)
        environment = cloud.credentials()
        ec2 = ec2_client(environment)
        ec2.create_key_pair(KeyName="mine")
        run = ec2.run_instances(ImageId=image_id, MinCount=4, MaxCount=4, KeyName="mine", InstanceType="c1.medium")
        eventually(lambda: set(states_of(environment).values()) == {"running"})
        stopped = str(run["Instances"][3]["InstanceId"])
        ec2.stop_instances(InstanceIds=[stopped])
        eventually(lambda: states_of(environment)[stopped] == "stopped")
        before = described(environment)
        cloud.kill()
    del before[stopped]
    return before, stopped


def test_instances_of_a_lost_state_come_back_as_they_were_and_can_be_ended(tmp_path: Path, world: World) -> None:
    before, stopped = lose_the_state(tmp_path, world)
    command = [sys.executable, "-m", "app", "recover", "--state", str(tmp_path / "new")]
    command += ["--host", f"north={world.uri('north')}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "north: 3 recovered, 0 known already" in done.stdout
    assert stopped in done.stderr

    with ServedCloud(tmp_path / "new", rehearse="none") as cloud:
        environment = cloud.credentials()
        assert described(environment) == before
        ec2_client(environment).terminate_instances(InstanceIds=sorted(before))
        eventually(lambda: set(states_of(environment).values()) == {"terminated"})
        assert world.do("north", "domains") == []
        assert {volume["name"].partition(".")[0] for volume in world.do("north", "volumes")} & set(before) == set()
