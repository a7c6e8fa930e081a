"""The disk of the server's state directory is full: it says so, loses nothing, and works again when there is room.

A real small disk: a tmpfs in a mount namespace of the server's own, which goes with it.
"""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare"),
]
SMALL_DISK = 'mount -t tmpfs -o size=6m tmpfs "$0" && exec "$@"'
FULL_DISK = (
    'cp -a "$0" "$0.kept" && mount -t tmpfs -o size=1m tmpfs "$0" && cp -a "$0.kept/." "$0"'
    ' && { cat /dev/zero > "$0/ballast" 2> /dev/null || exec "$@"; }'
)


def on(script: str, state: Path) -> list[str]:
    return ["unshare", "-m", "sh", "-c", script, str(state)]


class Cramped(ServedCloud):
    """A server whose state directory is a disk of 6 MiB that only it sees by its own name."""

    def __init__(self, state: Path) -> None:
        state.mkdir(mode=0o700)
        super().__init__(state, rehearse="1x1", by_way_of=on(SMALL_DISK, state))

    @property
    def inside(self) -> Path:
        return Path(f"/proc/{self.pid}/root{self.state}")

    def credentials(self, *arguments: str) -> dict[str, str]:
        return super().credentials("--state", str(self.inside), *arguments)

    def fill(self, leave_bytes: int) -> None:
        """Leave that much room, to the page."""
        free = os.statvfs(self.inside)
        ballast = max(0, free.f_bavail * free.f_frsize - leave_bytes)
        with (self.inside / "ballast").open("ab") as file:
            for _ in range(ballast // 4096):
                file.write(bytes(4096))
        if not leave_bytes:
            with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                (self.inside / "last").write_bytes(bytes(1 << 20))

    def make_room(self) -> None:
        (self.inside / "ballast").unlink()
        (self.inside / "last").unlink(missing_ok=True)


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Cramped]:
    cramped = Cramped(tmp_path / "state")
    with cramped:
        yield cramped


def test_a_full_disk_refuses_in_words_loses_nothing_and_is_forgotten_when_there_is_room(
    cramped: Cramped, tmp_path: Path
) -> None:
    (tmp_path / "big.img").write_bytes(bytes(2 << 20))
    install = ("image", "install", str(tmp_path / "big.img"), "--name", "big")
    ec2 = ec2_client(cramped.credentials())
    image_id = next(image["ImageId"] for image in ec2.describe_images()["Images"] if image["ImageType"] == "machine")
    ran = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    described = ec2.describe_instances
    eventually(lambda: described()["Reservations"][0]["Instances"][0]["State"]["Name"] == "running")

    cramped.fill(leave_bytes=1 << 20)
    refused = cramped.euca(*install, check=False)
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (1, "", 1)
    assert "no space is left" in refused.stderr
    assert not [file for file in (cramped.inside / "images").iterdir() if file.name.startswith("part-")]

    cramped.fill(leave_bytes=0)
    for _ in range(3):
        with pytest.raises(ClientError) as full:
            ec2.create_security_group(GroupName="g", Description="d" * 250)
        assert full.value.response["Error"]["Code"] == "Unavailable"
        assert "the disk of the state directory is full" in full.value.response["Error"]["Message"]
    assert described()["Reservations"][0]["Instances"][0]["InstanceId"] == ran

    cramped.make_room()
    assert cramped.euca(*install).stdout.startswith("emi-")
    ec2.create_security_group(GroupName="g", Description="d")
    ec2.terminate_instances(InstanceIds=[ran])
    eventually(lambda: described()["Reservations"][0]["Instances"][0]["State"]["Name"] == "terminated")
    assert "Traceback" not in cramped.log()


def test_a_server_does_not_start_on_a_full_disk_and_says_so(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with ServedCloud(state, rehearse="1x1"):
        pass
    serve = [sys.executable, "-m", "app", "serve", "--state", str(state), "--listen", "127.0.0.1:0"]
    done = subprocess.run([*on(FULL_DISK, state), *serve], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "euca: store: the disk of the state directory is full (disk I/O error)\n"
