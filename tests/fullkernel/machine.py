"""A machine with Debian's kernel and the files of this one, read only, in which one command is run.

What it writes is lost but for the directory that is shared, which it sees as `SHARED`. It has no network card and is
always emulated, so that it is the same everywhere. The trap: one that hangs says nothing, so it is ended at a deadline.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shlex import join

from app.storage.guest_image import FAST_CMDLINE
from tests.fullkernel.kernel import Kernel

SHARED = "/run/shared"
MEMORY_MIB = 1024
CPU = "Nehalem"  # newer ones have wide vectors, whose emulation takes half as long again
DEADLINE_S = 600.0
_QEMU = "qemu-system-x86_64"


def missing() -> str:
    """Say what such a machine lacks here; empty: nothing."""
    programs = {_QEMU: "qemu-system-x86", "apt-get": "apt", "dpkg-deb": "dpkg", "wg": "wireguard-tools"}
    absent = [package for program, package in programs.items() if shutil.which(program) is None]
    return f"needs packages {' '.join(absent)}" if absent else ""


def run(kernel: Kernel, command: Sequence[str], folder: Path, shared: Path) -> str:
    """Run a command in `folder`; return what it and the machine said last, for whoever misses its results."""
    (shared / "command").write_text(f"cd {join([str(folder)])} && exec {join(command)}\n")
    console = shared / "console"
    with console.open("wb") as said:
        try:
            subprocess.run(
                _line(kernel, shared),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            said.write(f"ended after {DEADLINE_S:.0f} s\n".encode())
    told = [file.read_text(errors="replace") for file in (shared / "said", console) if file.exists()]
    return "\n".join(text[-1500:] for text in told)


def _line(kernel: Kernel, shared: Path) -> list[str]:
    return [
        _QEMU,
        *("-M", "pc", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", CPU, "-smp", "2", "-m", str(MEMORY_MIB)),
        *("-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"),
        *("-kernel", str(kernel.image), "-initrd", str(kernel.ramdisk)),
        *("-append", f"console=ttyS0 quiet panic=-1 {FAST_CMDLINE}"),
        *("-fsdev", "local,id=outside,path=/,security_model=none,readonly=on,multidevs=remap"),
        *("-device", "virtio-9p-pci,fsdev=outside,mount_tag=outside"),
        *("-fsdev", f"local,id=shared,path={shared},security_model=none"),
        *("-device", "virtio-9p-pci,fsdev=shared,mount_tag=shared"),
        *("-device", "virtio-rng-pci"),
    ]
