"""A real Linux launched by boto3 gets its address, name, key and user data from us, and lets its user in.

Server, libvirtd, guests and the test itself are in one network namespace that the test makes: the machine's own network
is not touched.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.storage.guest_image import BuiltImage
from tests.deadline import eventually
from tests.guest.private_host import PrivateHost
from tests.guest.qemu_cloud import a_qemu_cloud
from tests.net.namespaces import Namespace, addresses, links
from tests.net.namespaces import missing as missing_for_namespaces
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.guest
BOOT_S = 180.0
STOP_S = 90.0
FIRST, SECOND = "eucabr10", "eucabr11"
USER_DATA = "#!/bin/sh\necho made by user data > /tmp/proof\n"
CONFIG = """
VNET_MODE="MANAGED"
VNET_SUBNET="10.44.0.0"
VNET_NETMASK="255.255.0.0"
VNET_DNS="10.44.0.1"
"""


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    if why := missing_for_namespaces("ssh"):
        pytest.skip(why)
    with Namespace() as made, made.entered():
        yield made


@pytest.fixture
def cloud(
    namespace: Namespace, private_libvirtd: PrivateHost, guest_image: BuiltImage, tmp_path: Path
) -> Iterator[ServedCloud]:
    with a_qemu_cloud(private_libvirtd, guest_image, tmp_path, CONFIG) as cloud:
        yield cloud


class Guest:
    """One instance with a key of its own, as its user meets it."""

    def __init__(self, ec2: Any, folder: Path, name: str, *, imported: bool = False) -> None:
        self.ec2, self.key = ec2, folder / f"{name}.pem"
        if imported:
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True, timeout=60)
            ec2.import_key_pair(KeyName=name, PublicKeyMaterial=self.key.with_suffix(".pem.pub").read_bytes())
        else:
            self.key.touch(mode=0o600)
            self.key.write_text(ec2.create_key_pair(KeyName=name)["KeyMaterial"])
        image = next(image for image in ec2.describe_images()["Images"] if image["ImageType"] == "machine")
        ran = ec2.run_instances(
            ImageId=image["ImageId"], MinCount=1, MaxCount=1, KeyName=name, UserData=USER_DATA, InstanceType="m1.small"
        )
        self.id: str = ran["Instances"][0]["InstanceId"]
        self.address: str = ran["Instances"][0]["PrivateIpAddress"]

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[self.id])
        shown: dict[str, Any] = found["Reservations"][0]["Instances"][0]
        return shown

    def reach(self, state: str) -> None:
        eventually(lambda: self.shown()["State"]["Name"] == state, STOP_S, every_s=0.5)

    def ssh_command(self, command: str) -> list[str]:
        options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=10"]
        arguments = [word for option in options for word in ("-o", option)]
        return ["ssh", "-F", "none", "-i", str(self.key), *arguments, f"root@{self.address}", command]

    def ssh(self, command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self.ssh_command(command), capture_output=True, text=True, timeout=60, check=False)

    def reach_login(self, boot: int) -> None:
        """Wait until ssh lets us in during boot number `boot`."""
        try:
            eventually(lambda: self.ssh("cat /var/lib/boot-count").stdout.strip() == str(boot), BOOT_S, every_s=1.0)
        except AssertionError as late:
            console = self.ec2.get_console_output(InstanceId=self.id).get("Output", "")
            raise AssertionError(
                f"{late}; ssh said {self.ssh('true').stderr!r}; the guest said {console[-2000:]}"
            ) from late

    def metadata(self, path: str) -> str:
        return self.ssh(f"wget -q -O - http://169.254.169.254/latest/{path}").stdout


def metadata_with_a_token(guest: Guest, path: str) -> str:
    """Ask as IMDSv2 wants it; busybox has no PUT, so it is spoken by hand."""
    ask = r"""
    speak() { printf "$1" | nc 169.254.169.254 80 | sed '1,/^\r*$/d'; }
    host='Host: 169.254.169.254\r\nConnection: close\r\n'
    token=$(speak "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n$host\r\n")
    speak "GET /latest/%s HTTP/1.1\r\nX-aws-ec2-metadata-token: $token\r\n$host\r\n"
    """
    return guest.ssh(ask % path).stdout


def test_a_guest_lets_its_user_in_and_keeps_its_address_until_its_end(
    cloud: ServedCloud, private_libvirtd: PrivateHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    ec2 = ec2_client(cloud.credentials())
    guest = Guest(ec2, tmp_path, "mine")
    guest.reach("running")
    guest.reach_login(boot=1)
    name = guest.shown()["PrivateDnsName"]
    eventually(lambda: guest.ssh("cat /tmp/proof").stdout == "made by user data\n")
    assert guest.ssh("hostname; ip -4 -o addr show eth0").stdout.startswith(f"{name}\n")
    assert f" {guest.address}/27 " in guest.ssh("ip -4 -o addr show eth0").stdout
    assert guest.metadata("meta-data/instance-id") == guest.id
    assert metadata_with_a_token(guest, "meta-data/instance-id") == guest.id
    machine = guest.ssh("cd /sys/class/dmi/id; cat product_uuid product_serial").stdout.lower().split()
    assert machine[0].startswith("ec2")  # where cloud-init looks to know that it is asked for
    assert machine[0] == machine[1]
    assert guest.metadata("user-data") == USER_DATA
    assert json.loads(guest.metadata("dynamic/instance-identity/document"))["privateIp"] == guest.address
    assert guest.metadata("meta-data/public-keys/") == "0=mine"
    said = cloud.euca("ssh", "-i", str(guest.key), guest.id, "cat", "/run/cloud/instance-id").stdout
    assert said == f"{guest.id}\n"
    assert "login ready: boot=1" in cloud.euca("console-log", guest.id).stdout
    ec2.reboot_instances(InstanceIds=[guest.id])
    guest.reach_login(boot=2)
    guest.ssh("echo kept > /root/kept; sync")
    ec2.stop_instances(InstanceIds=[guest.id])
    guest.reach("stopped")
    ec2.start_instances(InstanceIds=[guest.id])
    guest.reach("running")
    guest.reach_login(boot=3)
    assert guest.ssh("cat /root/kept").stdout == "kept\n"
    assert addresses(FIRST) == ["10.44.1.1/27", "169.254.169.254/32"]
    ec2.terminate_instances(InstanceIds=[guest.id])
    guest.reach("terminated")
    assert private_libvirtd.domains() == []
    assert [file.name for file in private_libvirtd.instance_path.iterdir() if guest.id in file.name] == []
    eventually(lambda: FIRST not in links())


def test_two_guests_of_two_accounts_know_themselves_only_obey_their_own_key_and_meet_where_a_rule_lets_them(
    cloud: ServedCloud, private_libvirtd: PrivateHost, tmp_path: Path
) -> None:
    cloud.euca("account", "create", "strangers")
    cloud.euca("user", "create", "eve", "--account", "strangers")
    admin = cloud.credentials()
    eve = admin | cloud.credentials("--account", "strangers", "--user", "eve")
    mine, hers = Guest(ec2_client(admin), tmp_path, "mine"), Guest(ec2_client(eve), tmp_path, "hers", imported=True)
    assert mine.address != hers.address
    for guest, key in ((mine, "mine"), (hers, "hers")):
        guest.reach_login(boot=1)
        assert guest.metadata("meta-data/instance-id") == guest.id
        assert guest.metadata("meta-data/public-keys/") == f"0={key}"
    assert {FIRST, SECOND} <= links()
    ping = f"ping -c 1 -W 2 {hers.address}"
    assert mine.ssh(ping).returncode != 0
    an_echo = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": f"{mine.address}/32"}]}
    hers.ec2.authorize_security_group_ingress(GroupName="default", IpPermissions=[an_echo])
    eventually(lambda: mine.ssh(ping).returncode == 0)
    mine.key, hers.key = hers.key, mine.key
    assert "Permission denied" in mine.ssh("true").stderr
    assert "Permission denied" in hers.ssh("true").stderr
    for guest in (mine, hers):
        guest.ec2.terminate_instances(InstanceIds=[guest.id])
    for guest in (mine, hers):
        guest.reach("terminated")
    assert private_libvirtd.domains() == []
    eventually(lambda: not {FIRST, SECOND} & links())
