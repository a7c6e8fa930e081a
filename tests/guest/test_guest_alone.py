"""The built image learns from DHCP and EC2's metadata service who it is, and lets in whoever has the key.

QEMU's user-mode network plays both here, without root: the metadata address stands inside its range and each
connection to it starts a small program.
"""

import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.guest_image import FAST_CMDLINE, BuiltImage
from tests.deadline import eventually

pytestmark = pytest.mark.guest

BOOT_DEADLINE_S = 120.0

METADATA = """
import sys
from pathlib import Path

path = sys.stdin.buffer.readline().split()[1].decode()
while sys.stdin.buffer.readline().strip():
    pass
answers = {
    "/latest/meta-data/instance-id": "i-0abc1234",
    "/latest/meta-data/local-hostname": "euca-10-1-2-3",
    "/latest/meta-data/public-keys/0/openssh-key": Path(sys.argv[1]).read_text(),
    "/latest/user-data": "#!/bin/sh\\necho made by user data > /tmp/proof\\n",
}
body = answers.get(path)
status = "404 Not Found" if body is None else "200 OK"
sys.stdout.write(f"HTTP/1.0 {status}\\r\\nContent-Length: {len(body or '')}\\r\\n\\r\\n{body or ''}")
"""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(path)], check=True, timeout=60)
    return path


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def console(guest_image: BuiltImage, key: Path, port: int, tmp_path: Path) -> Iterator[Path]:
    """The console log of a guest that runs for as long as the test."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("needs package qemu-system-x86")
    program = tmp_path / "metadata.py"
    program.write_text(METADATA)
    answer = shlex.join([sys.executable, str(program), f"{key}.pub"])
    network = "user,model=virtio-net-pci,restrict=on,net=169.254.169.0/24,dhcpstart=169.254.169.15,host=169.254.169.2"
    forward = f"hostfwd=tcp:127.0.0.1:{port}-:22,guestfwd=tcp:169.254.169.254:80-cmd:{answer}"
    log = tmp_path / "console.log"
    command = f"""qemu-system-x86_64 -accel tcg -m 128 -nodefaults -display none -snapshot -device virtio-rng-pci
        -kernel {guest_image.kernel} -initrd {guest_image.ramdisk} -drive file={guest_image.root},if=virtio,format=raw
        -append {shlex.quote(f"root=/dev/vda console=ttyS0 {FAST_CMDLINE}")}
        -nic {shlex.quote(f"{network},{forward}")} -serial file:{log}"""
    with subprocess.Popen(shlex.split(command), stdin=subprocess.DEVNULL) as guest:
        try:
            yield log
        finally:
            guest.kill()


def test_the_key_of_the_metadata_service_opens_the_guest(console: Path, key: Path, port: int) -> None:
    eventually(lambda: console.exists() and b"login ready" in console.read_bytes(), BOOT_DEADLINE_S)
    command = f"""ssh -F none -i {key} -p {port} -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=30
        -o UserKnownHostsFile=/dev/null root@127.0.0.1"""
    answer = subprocess.run(
        [*shlex.split(command), "hostname; cat /tmp/proof; cat /run/cloud/instance-id"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert answer.stdout.split("\n")[:3] == ["euca-10-1-2-3", "made by user data", "i-0abc1234"], answer.stderr
    said = console.read_text(errors="replace")
    assert "login ready: boot=1 instance=i-0abc1234 host=euca-10-1-2-3 ip=169.254.169.15" in said
    assert "SSH HOST KEY FINGERPRINTS" in said
