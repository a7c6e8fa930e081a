"""What else hangs on the guest: swap and ephemeral disks are put to use, a volume with data is left alone."""

import subprocess
from pathlib import Path

import pytest

from app.storage.guest_image import FAST_CMDLINE, BuiltImage
from tests.deadline import eventually

pytestmark = pytest.mark.guest

BOOT_DEADLINE_S = 120.0


def test_blank_disks_get_their_role_by_serial_and_others_are_only_named(
    guest_image: BuiltImage, tmp_path: Path
) -> None:
    volume = tmp_path / "vol-1"
    volume.write_bytes(b"data of a user".ljust(1 << 20, b"\0"))
    before = volume.read_bytes()
    disks = [f"-drive file={guest_image.root},format=raw,if=none,snapshot=on,id=root -device virtio-blk-pci,drive=root"]
    for serial in ("swap", "ephemeral0", "vol-1"):
        if serial != "vol-1":
            with (tmp_path / serial).open("wb") as blank:
                blank.truncate(64 << 20)
        disks.append(
            f"-drive file={tmp_path / serial},format=raw,if=none,id={serial} "
            f"-device virtio-blk-pci,drive={serial},serial={serial}"
        )
    log = tmp_path / "console.log"
    command = f"""qemu-system-x86_64 -accel tcg -m 128 -nodefaults -display none -device virtio-rng-pci
        -serial file:{log} -kernel {guest_image.kernel} -initrd {guest_image.ramdisk}
        {" ".join(disks)} -append""".split()
    with subprocess.Popen([*command, f"root=/dev/vda console=ttyS0 {FAST_CMDLINE}"]) as guest:
        try:
            eventually(lambda: log.exists() and b"login ready" in log.read_bytes(), BOOT_DEADLINE_S)
        finally:
            guest.kill()
    said = log.read_text(errors="replace")
    assert "swap on /dev/vdb" in said
    assert "ephemeral disk /dev/vdc on /mnt" in said
    assert "disk /dev/vdd, 2048 sectors, serial vol-1" in said
    assert volume.read_bytes() == before
