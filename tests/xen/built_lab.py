"""The lab's files, built once for a set of package versions and kept from run to run, also for runs side by side.

What lasts (installing dom0's packages) is kept apart from what is made of it in seconds, so that a change of a file of
ours costs little. The key that opens the dom0 is made with the image and is worth nothing elsewhere.
"""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from app.storage.debs import fetch, look_up, opened
from app.storage.programs import run
from tests.kept_builds import cache_of, kept
from tests.xen import dom0_files

PROGRAMS = {
    "apt-get": "apt", "busybox": "busybox-static", "dpkg-deb": "dpkg", "gcc": "gcc", "mke2fs": "e2fsprogs",
    "mmdebstrap": "mmdebstrap", "qemu-img": "qemu-utils", "qemu-system-x86_64": "qemu-system-x86",
    "setpriv": "util-linux", "ssh": "openssh-client", "ssh-keygen": "openssh-client", "tar": "tar",
    "unshare": "util-linux", "virsh": "libvirt-clients",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BuiltLab:
    """Where the files of a built lab are."""

    folder: Path

    @property
    def hypervisor(self) -> Path:
        return self.folder / "xen"

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinux"

    @property
    def ramdisk(self) -> Path:
        return self.folder / "initrd.gz"

    @property
    def disk(self) -> Path:
        return self.folder / "dom0.qcow2"

    @property
    def key(self) -> Path:
        return self.folder / "key"


def missing() -> str:
    """Say what the lab lacks on this machine; empty: nothing."""
    if os.geteuid() != 0:
        return "needs root"
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
    absent = sorted({package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None})
    return f"needs packages {' '.join(absent)}" if absent else ""


def built_lab() -> BuiltLab:
    """Build the lab unless it is there."""
    cache = cache_of("xen")
    versions = sorted(deb.sha256 for deb in (*look_up(dom0_files.PACKAGES), *dom0_files.boot_packages()))
    code = (Path(__file__), Path(dom0_files.__file__))
    ours = [path.read_bytes() for path in (*code, *sorted(dom0_files.FILES.iterdir()))]
    name = f"root-{_digest(*(each.encode() for each in versions))}"
    root = kept(cache, name, lambda aside: dom0_files.install(aside / "root.tar"))
    name = f"lab-{_digest(root.name.encode(), *ours)}"
    return BuiltLab(kept(cache, name, lambda aside: _build(aside, cache, root / "root.tar")))


def _build(aside: Path, cache: Path, tar: Path) -> None:
    debs = dom0_files.boot_packages()
    fetch(debs, cache, print)
    [kernel] = [deb for deb in debs if deb.name.startswith("linux-image-")]
    [hypervisor] = [deb for deb in debs if deb.name.startswith("xen-hypervisor-")]
    lab = BuiltLab(aside)
    with opened(hypervisor, cache) as contents:
        dom0_files.write_hypervisor(contents, lab.hypervisor)
    with opened(kernel, cache) as contents:
        dom0_files.write_kernel(contents, lab.kernel)
        dom0_files.write_ramdisk(dom0_files.modules(contents, dom0_files.FOR_DISK), lab.ramdisk)
        rest = dom0_files.modules(contents, dom0_files.FOR_REST)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "xen lab", "-f", str(lab.key)], deadline_s=60)
    root = aside / "root"
    root.mkdir()
    run(["tar", "-C", str(root), "-xpf", str(tar)], deadline_s=300)
    dom0_files.write_idle_guest(root)
    dom0_files.settle(root, rest, lab.key.with_suffix(".pub").read_text())
    dom0_files.write_disk(root, lab.disk)
    shutil.rmtree(root)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
