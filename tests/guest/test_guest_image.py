"""The built image is a real Linux: it boots, is switched off by its power button, and keeps what is on its disk."""

import subprocess
from pathlib import Path

import libvirt
import pytest

from app.storage.guest_image import FAST_CMDLINE, MEMORY_FILE, BuiltImage, build
from tests.deadline import eventually
from tests.guest.private_host import PrivateHost

pytestmark = pytest.mark.guest

BOOT_DEADLINE_S = 120.0
STOP_DEADLINE_S = 60.0


def text(log: Path) -> str:
    return log.read_text(errors="replace") if log.exists() else ""


def overlay(image: BuiltImage, directory: Path) -> Path:
    disk = directory / "disk.qcow2"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(image.root), "-F", "raw", str(disk)]
    subprocess.run(command, check=True, timeout=30)
    return disk


def domain_xml(image: BuiltImage, disk: Path, log: Path) -> str:
    return f"""<domain type='qemu'><name>guest</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='pc'>hvm</type><kernel>{image.kernel}</kernel><initrd>{image.ramdisk}</initrd>
      <cmdline>root=/dev/vda console=ttyS0 {FAST_CMDLINE}</cmdline></os><features><acpi/></features>
      <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
      <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>
      <target dev='vda' bus='virtio'/></disk>
      <serial type='pty'><log file='{log}' append='off'/><target port='0'/></serial>
      <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>"""


def test_it_boots_is_stopped_by_its_power_button_and_keeps_its_disk(
    guest_image: BuiltImage, private_libvirtd: PrivateHost
) -> None:
    log = private_libvirtd.instance_path / "console.log"
    disk = overlay(guest_image, private_libvirtd.instance_path)
    connection = libvirt.open(private_libvirtd.uri)
    try:
        domain = connection.defineXML(domain_xml(guest_image, disk, log))
        for boot in (1, 2):
            domain.create()
            eventually(lambda: "login ready" in text(log), BOOT_DEADLINE_S)
            assert f"boot count {boot}\n" in text(log).replace("\r", "")
            assert "Linux version" in text(log)
            assert "recovery" not in text(log), "the disk was left unclean"
            domain.shutdown()
            eventually(lambda: not domain.isActive(), STOP_DEADLINE_S)
            log.rename(log.with_suffix(f".{boot}"))
        assert private_libvirtd.domains() == ["guest"]
    finally:
        connection.close()


def test_a_guest_survives_the_crash_of_its_libvirtd_and_ends_with_the_fixture(
    guest_image: BuiltImage, private_libvirtd: PrivateHost
) -> None:
    log = private_libvirtd.instance_path / "console.log"
    disk = overlay(guest_image, private_libvirtd.instance_path)
    connection = libvirt.open(private_libvirtd.uri)
    connection.defineXML(domain_xml(guest_image, disk, log)).create()
    private_libvirtd.daemon.restart()
    connection = libvirt.open(private_libvirtd.uri)
    assert connection.lookupByName("guest").isActive()
    connection.close()
    assert len(private_libvirtd.processes()) == 1
    private_libvirtd.daemon.stop()
    eventually(lambda: not private_libvirtd.processes())
    assert not private_libvirtd.daemon.folder.exists()


def test_the_same_packages_give_the_same_bytes(guest_image: BuiltImage, package_cache: Path, tmp_path: Path) -> None:
    again = build(tmp_path, package_cache, print)
    assert again.kernel.read_bytes() == guest_image.kernel.read_bytes()
    assert again.ramdisk.read_bytes() == guest_image.ramdisk.read_bytes()
    assert again.root.read_bytes() == guest_image.root.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["initrd.img", MEMORY_FILE, "root.img", "vmlinuz"]
