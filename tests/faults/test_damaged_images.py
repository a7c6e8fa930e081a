"""Image bytes that are not what they were: the launch ends and names the image, and nothing boots a wrong disk."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import ScriptedZone
from tests.served import ServedCloud

pytestmark = pytest.mark.faults
CONTENT = bytes(range(256)) * 64


def installed(cloud: ServedCloud, folder: Path, name: str) -> tuple[str, Path]:
    """Install an image of its own content; return its id and the server's file."""
    before = set((cloud.state / "images").iterdir())
    (folder / name).write_bytes(name.encode() + CONTENT)
    image_id = cloud.euca("image", "install", str(folder / name), "--name", name).stdout.strip()
    (file,) = set((cloud.state / "images").iterdir()) - before
    return image_id, file


def copies(zone: ScriptedZone, file: Path) -> list[int]:
    """Return the sizes of the copies of the server's file that the host has."""
    volumes = zone.world.do(zone.name, "volumes")
    return [volume["capacity_bytes"] for volume in volumes if file.name in volume["name"]]


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
    cloud: ServedCloud, zone: ScriptedZone, tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    name = spoil.__name__
    image_id, file = installed(cloud, tmp_path, name)
    spoil(file)
    reason = zone.becomes("terminated", zone.run(ImageId=image_id))["StateReason"]
    assert reason["Code"] == "Server.InternalError"
    assert f"the file of the image {image_id} {told}" in reason["Message"]
    assert zone.name not in reason["Message"]
    assert zone.domains() == {}
    assert copies(zone, file) == []

    cloud.euca("image", "install", str(tmp_path / name), "--name", f"{name} again")
    zone.ends(zone.running(ImageId=image_id))


def test_a_copy_on_a_host_that_lost_its_end_is_made_anew(
    cloud: ServedCloud, zone: ScriptedZone, tmp_path: Path
) -> None:
    image_id, file = installed(cloud, tmp_path, "whole")
    short = {"name": f"image-{file.name}", "capacity_bytes": 100, "format": "raw", "backing": ""}
    zone.world.do(zone.name, "create_volume", **short)
    zone.ends(zone.running(ImageId=image_id))
    assert copies(zone, file) == [file.stat().st_size]
