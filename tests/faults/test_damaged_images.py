"""Image bytes that are not what they were: the launch ends and names the image, and nothing boots a wrong disk."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deadline import eventually
from tests.scripted_world import World
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.faults
CONTENT = bytes(range(256)) * 64


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("cloud") / "state", rehearse="none") as cloud:
        cloud.euca("cluster", "add", "one")
        cloud.euca("host", "add", world.uri("north"), "--name", "north", "--cluster", "one")
        eventually(lambda: " up " in cloud.euca("host", "list").stdout)
        yield cloud


@pytest.fixture
def ec2(cloud: ServedCloud) -> Any:
    return ec2_client(cloud.credentials())


def installed(cloud: ServedCloud, folder: Path, name: str) -> tuple[str, Path]:
    """Install an image of its own content; return its id and the server's file."""
    before = set((cloud.state / "images").iterdir())
    (folder / name).write_bytes(name.encode() + CONTENT)
    image_id = cloud.euca("image", "install", str(folder / name), "--name", name).stdout.strip()
    (file,) = set((cloud.state / "images").iterdir()) - before
    return image_id, file


def launch(ec2: Any, image_id: str) -> Callable[[], dict[str, Any]]:
    """Run one instance; return what describes it."""
    instance_id = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]

    def described() -> dict[str, Any]:
        shown: dict[str, Any] = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        return shown

    return described


def cut(file: Path) -> None:
    os.truncate(file, 1000)


def flip_one_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[5000] ^= 1
    file.write_bytes(content)


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(("spoil", "told"), [(cut, "is damaged"), (flip_one_bit, "is damaged"), (remove, "is gone")])
def test_a_spoilt_image_ends_the_launch_with_its_name_and_works_once_installed_again(
    cloud: ServedCloud, world: World, ec2: Any, tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    name = spoil.__name__
    image_id, file = installed(cloud, tmp_path, name)
    spoil(file)
    described = launch(ec2, image_id)
    eventually(lambda: described()["State"]["Name"] == "terminated")
    reason = described()["StateReason"]
    assert reason["Code"] == "Server.InternalError"
    assert f"the file of the image {image_id} {told}" in reason["Message"]
    assert "north" not in reason["Message"]
    assert world.do("north", "domains") == []
    assert not [volume for volume in world.do("north", "volumes") if file.name in volume["name"]]

    cloud.euca("image", "install", str(tmp_path / name), "--name", f"{name} again")
    described = launch(ec2, image_id)
    eventually(lambda: described()["State"]["Name"] == "running")
    ec2.terminate_instances(InstanceIds=[described()["InstanceId"]])
    eventually(lambda: described()["State"]["Name"] == "terminated")


def test_a_copy_on_a_host_that_lost_its_end_is_made_anew(
    cloud: ServedCloud, world: World, ec2: Any, tmp_path: Path
) -> None:
    image_id, file = installed(cloud, tmp_path, "whole")
    short = {"name": f"image-{file.name}", "capacity_bytes": 100, "format": "raw", "backing": ""}
    world.do("north", "create_volume", **short)
    cloud.kill()
    cloud.start()
    described = launch(ec2, image_id)
    eventually(lambda: described()["State"]["Name"] == "running")
    copies = [volume for volume in world.do("north", "volumes") if file.name in volume["name"]]
    assert [copy["capacity_bytes"] for copy in copies] == [file.stat().st_size]
