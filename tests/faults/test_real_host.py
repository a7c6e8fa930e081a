"""Bad days of a real host: QEMU on a libvirtd of the test's own, as users of EC2 see them."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import libvirt
import pytest

from tests.contract.libvirtd import Libvirtd
from tests.deadline import eventually
from tests.faults.conftest import NUMBERS, POOL, Zone
from tests.guest.private_host import missing
from tests.served import ServedCloud

pytestmark = [pytest.mark.faults, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture(scope="module")
def daemon() -> Iterator[Libvirtd]:
    daemon = Libvirtd()
    (daemon.folder / "lib" / "eucalyptus").mkdir()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def unbootable(cloud: ServedCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image that no firmware can boot."""
    root = tmp_path_factory.mktemp("unbootable") / "root.img"
    root.write_bytes(bytes(1 << 20))
    return cloud.euca("image", "install", str(root), "--name", "unbootable").stdout.strip()


@pytest.fixture(scope="module")
def zone(daemon: Libvirtd, environment: dict[str, str], unbootable: str) -> Zone:
    return Zone(f"real{next(NUMBERS)}", daemon.qemu_uri, environment, unbootable)


def guest_process(daemon: Libvirtd, instance_id: str) -> int:
    return int((daemon.folder / "run" / "qemu" / f"{instance_id}.pid").read_text())


def pool_of(daemon: Libvirtd) -> Path:
    return daemon.folder / "lib" / "eucalyptus"


def mount(daemon: Libvirtd, *options: str) -> None:
    """Mount a small disk of its own under the daemon's pool; it goes with the daemon."""
    subprocess.run(daemon.enter("mount", "-t", "tmpfs", *options, "tmpfs", POOL), check=True, timeout=20)


def ends(zone: Zone, daemon: Libvirtd, instance_id: str) -> None:
    zone.ec2.terminate_instances(InstanceIds=[instance_id])
    zone.becomes("terminated", instance_id)
    with closing(libvirt.open(daemon.qemu_uri)) as back_door:
        assert back_door.listAllDomains() == []


def test_a_guest_that_never_boots_runs_in_silence_and_can_be_ended(zone: Zone, daemon: Libvirtd) -> None:
    instance_id = zone.running()
    assert zone.ec2.get_console_output(InstanceId=instance_id).get("Output", "") == ""
    assert zone.shown(instance_id)["State"]["Name"] == "running"
    ends(zone, daemon, instance_id)
    assert [path.name for path in pool_of(daemon).iterdir() if path.name.startswith("i-")] == []


def test_a_restarted_libvirtd_finds_its_guests_running_and_they_are_still_ours(zone: Zone, daemon: Libvirtd) -> None:
    instance_id = zone.running()
    process = guest_process(daemon, instance_id)
    daemon.restart()
    eventually(lambda: zone.host()["state"] == "up" and zone.status(instance_id) == "ok")
    assert zone.shown(instance_id)["State"]["Name"] == "running"
    assert guest_process(daemon, instance_id) == process
    second = zone.running()
    zone.ec2.terminate_instances(InstanceIds=[second])
    zone.becomes("terminated", second)
    ends(zone, daemon, instance_id)


def test_a_host_that_lost_domain_and_disks_stops_the_instance_and_says_so(zone: Zone, daemon: Libvirtd) -> None:
    instance_id = zone.running()
    with closing(libvirt.open(daemon.qemu_uri)) as back_door:
        for path in pool_of(daemon).iterdir():
            path.unlink()
        domain = back_door.lookupByName(instance_id)
        domain.undefine()
        domain.destroy()
    stopped = zone.becomes("stopped", instance_id)
    assert "the host lost the instance's domain and disks" in stopped["StateReason"]["Message"]
    ends(zone, daemon, instance_id)


def test_a_full_pool_ends_the_launch_with_the_reason_and_takes_the_next_when_there_is_room(
    zone: Zone, daemon: Libvirtd
) -> None:
    mount(daemon, "-o", "size=40g,nr_inodes=2")  # a full one that is large: a small one would not be chosen
    ended = zone.becomes("terminated", zone.run())
    assert ended["StateReason"]["Code"] == "Server.InternalError"
    assert "No space left on device" in ended["StateReason"]["Message"]
    mount(daemon, "-o", "remount,nr_inodes=1000")
    ends(zone, daemon, zone.running())
