"""A real Linux guest from launch to end, by boto3, on a private libvirtd, from images that the cloud staged itself.

The network is the site's, so a disk tells the guest who it is.
"""

import re
from typing import Any

import pytest

from tests.deadline import PATIENCE_S, eventually
from tests.guest.private_host import PrivateHost
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.guest
BOOT_S = 180.0
STOP_S = 90.0
USER_DATA = "#!/bin/sh\nexit 7\n"


class Guest:
    """One instance as its user sees it through EC2."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        image = next(image for image in ec2.describe_images()["Images"] if image["ImageType"] == "machine")
        assert image["KernelId"].startswith("eki-")
        assert image["RamdiskId"].startswith("eri-")
        ec2.create_key_pair(KeyName="mine")
        run = ec2.run_instances(
            ImageId=image["ImageId"],
            MinCount=1,
            MaxCount=1,
            KeyName="mine",
            UserData=USER_DATA,
            InstanceType="m1.small",
        )
        self.id = run["Instances"][0]["InstanceId"]

    def state(self) -> str:
        shown = self.ec2.describe_instances(InstanceIds=[self.id])["Reservations"][0]["Instances"][0]
        return str(shown["State"]["Name"])

    def console(self) -> str:
        return str(self.ec2.get_console_output(InstanceId=self.id).get("Output", ""))

    def reach(self, state: str, within_s: float = PATIENCE_S) -> None:
        eventually(lambda: self.state() == state, within_s, every_s=0.5)

    def reach_boot(self, number: int) -> None:
        """Wait for the login of the boot that the guest counts as `number` on its own disk."""
        booted = re.compile(rf"boot count {number}\b.*login ready", re.DOTALL)
        eventually(lambda: booted.search(self.console()), BOOT_S, every_s=0.5)


def test_a_real_guest_is_launched_rebooted_stopped_started_and_terminated(
    cloud: ServedCloud, private_libvirtd: PrivateHost
) -> None:
    ec2 = ec2_client(cloud.credentials())
    guest = Guest(ec2)
    guest.reach("running")
    guest.reach_boot(1)
    said = guest.console()
    assert "Linux version" in said
    assert f"instance {guest.id}, told by the seed disk /dev/vdd" in said
    assert "public key installed" in said
    assert "user data ended with 7" in said
    assert "swap on /dev/vdc" in said
    assert "ephemeral disk /dev/vdb on /mnt" in said
    ec2.reboot_instances(InstanceIds=[guest.id])
    guest.reach_boot(2)
    ec2.stop_instances(InstanceIds=[guest.id])
    guest.reach("stopped", STOP_S)
    assert private_libvirtd.processes() == []
    ec2.start_instances(InstanceIds=[guest.id])
    guest.reach("running")
    guest.reach_boot(3)
    assert "user data ended" not in guest.console()  # as cloud-init does: once in an instance's life
    ec2.terminate_instances(InstanceIds=[guest.id])
    guest.reach("terminated", STOP_S)
    assert private_libvirtd.domains() == []
    assert private_libvirtd.processes() == []
    left = [file.name for file in private_libvirtd.instance_path.iterdir() if guest.id in file.name]
    assert left == []
