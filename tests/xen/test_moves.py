"""A guest of a real Xen goes to another host that shares nothing with its own, and an open session goes on with it.

The guests' network is the one that both hosts are on, with a DHCP server on the first; ssh goes through its dom0.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.deadline import eventually
from tests.guest.built_image import guest_image
from tests.guest.test_guest_moves import COUNT, Counter
from tests.served import ServedCloud
from tests.server.conftest import ec2_client
from tests.xen.test_instances import BOOT_S, Guest, a_key, ssh_command
from tests.xen.xen_host import XenHost

pytestmark = pytest.mark.xen
MOVED_S = 600.0
LEASES = """start 10.77.0.30
end 10.77.0.60
interface xenbr1
option subnet 255.255.255.0
lease_file /tmp/leases
pidfile /tmp/dhcp.pid
"""
CONFIG = """
REHEARSE="none"
VNET_MODE="SYSTEM"
VNET_BRIDGE="xenbr1"
"""


@pytest.fixture
def hosts(xen_host: XenHost, other_xen_host: XenHost) -> Iterator[dict[str, XenHost]]:
    xen_host.run(f"printf '{LEASES}' > /tmp/dhcp.conf; touch /tmp/leases; busybox udhcpd /tmp/dhcp.conf")
    yield {"xen1": xen_host, "xen2": other_xen_host}
    xen_host.run("kill $(cat /tmp/dhcp.pid)")


@pytest.fixture
def cloud(hosts: dict[str, XenHost], tmp_path: Path) -> Iterator[ServedCloud]:
    config = tmp_path / "eucalyptus.conf"
    config.write_text(CONFIG)
    image = guest_image()
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        cloud.euca("cluster", "add", "lab")
        for name, host in hosts.items():
            cloud.euca("host", "add", host.uri, "--name", name, "--cluster", "lab")
        files = ("--kernel", str(image.kernel), "--ramdisk", str(image.ramdisk))
        cloud.euca("image", "install", str(image.root), "--name", "tiny", *files)
        ec2 = ec2_client(cloud.credentials())
        eventually(lambda: ec2.describe_availability_zones()["AvailabilityZones"][0]["State"] == "available", 120)
        cloud.euca("host", "drain", "xen2")
        yield cloud


def test_a_guest_counts_on_in_an_open_session_while_it_goes_to_another_host_and_back(
    cloud: ServedCloud, hosts: dict[str, XenHost], tmp_path: Path
) -> None:
    def move(target: str) -> None:
        eventually(lambda: cloud.euca("instance", "move", guest.id, target, check=False).returncode == 0, MOVED_S)
        others = [host for name, host in hosts.items() if name != target]
        eventually(lambda: hosts[target].domains() == {guest.id: "running"}, MOVED_S, every_s=2.0)
        eventually(lambda: all(guest.id not in str(host.domains()) for host in others), MOVED_S, every_s=2.0)
        eventually(
            lambda: not any(guest.id in name for host in others for name in host.volumes()), MOVED_S, every_s=2.0
        )

    ec2 = ec2_client(cloud.credentials())
    key = a_key(ec2, tmp_path)
    guest = Guest(ec2, "tiny", KeyName=key.stem)
    guest.reach("running", BOOT_S)
    address = guest.reach_login(boot=1)
    cloud.euca("host", "undrain", "xen2")
    with closing(Counter(ssh_command(hosts["xen1"], key, address, COUNT))) as counter:
        assert counter.goes_on()
        move("xen2")
        assert counter.goes_on()
        print(f"the session was silent for {counter.pause_s:.0f} s at most")
        move("xen1")
        assert counter.goes_on()
    ec2.terminate_instances(InstanceIds=[guest.id])
    guest.reach("terminated")
    for host in hosts.values():
        assert host.domains() == {}
        assert [name for name in host.volumes() if guest.id in name] == []
