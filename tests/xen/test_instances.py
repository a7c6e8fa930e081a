"""Instances on a real Xen from launch to end, by boto3 and `euca`, from images that the cloud itself put into the dom0.

The network is the site's: its DHCP gives addresses, and a disk tells each guest who it is. This machine has no way into
that network, so ssh goes through the dom0.
"""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app.client.console import open_console
from tests.deadline import eventually
from tests.guest.built_image import guest_image
from tests.guest.test_guest_console import may_type, said
from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.xen.xen_host import XenHost

pytestmark = pytest.mark.xen
BOOT_S = 600.0
STOP_S = 300.0
TYPE_S = 120.0
BARE_BYTES = 1 << 20
CONFIG = """
REHEARSE="none"
VNET_MODE="SYSTEM"
VNET_BRIDGE="xenbr0"
"""
LOGIN = re.compile(r"login ready: boot=(?P<boot>\d+) .*ip=(?P<ip>[\d.]+)")


@pytest.fixture(scope="module")
def cloud(xen_host: XenHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    """A cloud whose only host is the Xen host; images that are there once need not be sent again."""
    folder = tmp_path_factory.mktemp("cloud")
    config = folder / "eucalyptus.conf"
    config.write_text(CONFIG)
    image = guest_image()
    bare = folder / "bare.img"
    bare.write_bytes(bytes(BARE_BYTES))
    with ServedCloud(folder / "state", config=config) as cloud:
        cloud.euca("cluster", "add", "lab")
        cloud.euca("host", "add", xen_host.uri, "--name", "xen1", "--cluster", "lab")
        files = ("--kernel", str(image.kernel), "--ramdisk", str(image.ramdisk))
        cloud.euca("image", "install", str(image.root), "--name", "tiny", *files)
        cloud.euca("image", "install", str(bare), "--name", "bare")
        ec2 = ec2_client(cloud.credentials())
        eventually(lambda: ec2.describe_availability_zones()["AvailabilityZones"][0]["State"] == "available", 120)
        yield cloud


class Guest:
    """One instance as its user meets it."""

    def __init__(self, ec2: Any, image_name: str, **asked: str) -> None:
        self.ec2 = ec2
        [image] = ec2.describe_images(Filters=[{"Name": "name", "Values": [image_name]}])["Images"]
        ran = ec2.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1, InstanceType="m1.small", **asked)
        self.id: str = ran["Instances"][0]["InstanceId"]

    def reach(self, state: str, within_s: float = STOP_S) -> None:
        eventually(lambda: self._state() == state, within_s, every_s=0.5)

    def console(self) -> str:
        """Return its console log; none while the host is too slow to answer."""
        try:
            return str(self.ec2.get_console_output(InstanceId=self.id).get("Output", ""))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "Unavailable"
            return ""

    def reach_login(self, boot: int) -> str:
        """Wait for the login of the boot that the guest counts on its own disk; return the guest's address."""

        def ready() -> str:
            found = [match for match in LOGIN.finditer(self.console()) if match["boot"] == str(boot)]
            return found[-1]["ip"] if found else ""

        try:
            return eventually(ready, BOOT_S, every_s=2.0)
        except AssertionError as late:
            raise AssertionError(f"{late}; the console said {self.console()[-2000:]}") from late

    def _state(self) -> str:
        shown = self.ec2.describe_instances(InstanceIds=[self.id])["Reservations"][0]["Instances"][0]
        return str(shown["State"]["Name"])


def ssh_command(host: XenHost, key: Path, address: str, command: str) -> list[str]:
    """Write a command for a guest, by way of the dom0."""
    options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
    words = [word for option in (*options, f"ProxyCommand={host.way_to('%h:%p')}") for word in ("-o", option)]
    return ["ssh", "-F", "none", "-i", str(key), *words, f"root@{address}", command]


def ssh(host: XenHost, key: Path, address: str, command: str) -> str:
    """Run a command in a guest."""
    words = ssh_command(host, key, address, command)
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_key(ec2: Any, folder: Path) -> Path:
    key = folder / "mine.pem"
    key.touch(mode=0o600)
    key.write_text(ec2.create_key_pair(KeyName="mine")["KeyMaterial"])
    return key


async def sit_down(cloud: ServedCloud, instance_id: str) -> None:
    """Type a name at the login and see it asked for its password."""
    async with open_console(cloud.url, cloud.credentials()["EUCA_TOKEN"], instance_id) as console:
        items = aiter(console)
        await may_type(console, items)
        await console.type(b"nobody\r")
        assert "nobody" in await said(items, "Password: ", TYPE_S)


def test_a_guest_of_xen_is_launched_rebooted_stopped_started_and_terminated(
    cloud: ServedCloud, xen_host: XenHost, tmp_path: Path
) -> None:
    ec2 = ec2_client(cloud.credentials())
    key = a_key(ec2, tmp_path)
    guest = Guest(ec2, "tiny", KeyName=key.stem)
    guest.reach("running", BOOT_S)
    address = guest.reach_login(boot=1)
    log = guest.console()
    assert "Linux version" in log
    assert f"instance {guest.id}, told by the seed disk /dev/xvda4" in log
    assert "swap on /dev/xvda3" in log
    assert "ephemeral disk /dev/xvda2 on /mnt" in log
    assert ssh(xen_host, key, address, "cat /sys/hypervisor/type /run/cloud/instance-id") == f"xen\n{guest.id}\n"
    asyncio.run(sit_down(cloud, guest.id))
    before = xen_host.domain_id(guest.id)
    ec2.reboot_instances(InstanceIds=[guest.id])
    guest.reach_login(boot=2)
    assert xen_host.domain_id(guest.id) != before
    ec2.stop_instances(InstanceIds=[guest.id])
    guest.reach("stopped")
    assert xen_host.domains() == {}
    ec2.start_instances(InstanceIds=[guest.id])
    guest.reach("running")
    guest.reach_login(boot=3)
    ec2.terminate_instances(InstanceIds=[guest.id])
    guest.reach("terminated")
    assert xen_host.domains() == {}
    assert [name for name in xen_host.volumes() if guest.id in name] == []


def test_a_guest_without_software_is_cut_off_when_it_is_stopped(cloud: ServedCloud, xen_host: XenHost) -> None:
    guest = Guest(ec2_client(cloud.credentials()), "bare")
    guest.reach("running", BOOT_S)
    guest.ec2.stop_instances(InstanceIds=[guest.id])
    guest.reach("stopped")
    assert xen_host.domains() == {}
    guest.ec2.terminate_instances(InstanceIds=[guest.id])
    guest.reach("terminated")
    assert xen_host.domains() == {}
