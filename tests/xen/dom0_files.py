"""What a dom0 is made of: hypervisor, kernel, modules and root file system, from Debian's packages and `files/`.

Kernel and hypervisor are unpacked here, since QEMU loads them itself: no GRUB, and nothing is decompressed in
emulation. The trap: emulated processors lack a feature (VME) that every x86 model in libvirt's catalogue lists, and
libvirt's Xen driver does not start on a processor that it can name no model of; so the catalogue is made to ask less.
"""

import gzip
import lzma
import re
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path

from app.domain.errors import Broken
from app.storage.cpio import archive
from app.storage.debs import Contents, Deb, look_up, real_package
from app.storage.modules import load_order, module_name
from app.storage.programs import run
from app.storage.tree import Tree

FILES = Path(__file__).with_name("files")
ROOT_MIB = 40 * 1024  # as an instance type counts; only what is written takes room
XZ = b"\xfd7zXZ\0"
PACKAGES = (
    "busybox-static", "grub-xen-host", "iproute2", "libvirt-clients", "libvirt-daemon", "libvirt-daemon-driver-xen",
    "mount", "openssh-server", "procps", "qemu-system-xen", "qemu-utils", "xenstore-utils",
)  # fmt: skip
FOR_DISK = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
FOR_REST = (
    "virtio_net", "bridge", "xenfs", "xen_privcmd", "xen_evtchn", "xen_gntdev", "xen_gntalloc", "xen_netback",
    "xen_blkback", "loop", "tun",
)  # fmt: skip
PLACES = {
    "inittab": "etc/inittab",
    "begin": "etc/begin",
    "libvirtd.conf": "etc/libvirt/libvirtd.conf",
    "libxl.conf": "etc/libvirt/libxl.conf",
    "sshd.conf": "etc/ssh/sshd_config.d/lab.conf",
    "vif-bridge": "etc/xen/scripts/vif-bridge",
    "block": "etc/xen/scripts/block",
}
IDLE_GUEST = "/usr/lib/idle-guest"
PROGRAMS = frozenset({"begin", "vif-bridge", "block"})


def boot_packages() -> list[Deb]:
    """Look up the packages of hypervisor and kernel."""
    return look_up([real_package("xen-system-amd64"), real_package("linux-image-amd64")])


def write_hypervisor(contents: Contents, to: Path) -> None:
    """Unpack the hypervisor, a multiboot program that QEMU loads."""
    [path] = [path for path in contents.paths() if re.fullmatch(r"boot/xen-[\d.]+-amd64\.gz", path)]
    to.write_bytes(gzip.decompress(contents.read(path)))


def write_kernel(contents: Contents, to: Path) -> None:
    """Unpack the kernel from its boot sector's offsets; Broken if it is no longer packed with xz."""
    packed = contents.read(next(path for path in contents.paths() if path.startswith("boot/vmlinuz-")))
    sectors = packed[0x1F1] + 1
    offset, length = struct.unpack_from("<II", packed, 0x248)
    payload = packed[sectors * 512 + offset :][:length]
    if not payload.startswith(XZ):
        raise Broken("xen lab", f"Debian's kernel is packed in another way: {payload[:6]!r}")
    to.write_bytes(lzma.LZMADecompressor().decompress(payload))


def modules(contents: Contents, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Return kernel modules with all they need, in the order of loading."""
    paths = contents.paths()
    files = {module_name(path): path for path in paths if ".ko" in path.rpartition("/")[2]}
    names = contents.read(next(path for path in paths if path.endswith("/modules.builtin"))).decode().split()
    return load_order(wanted, files, {module_name(name) for name in names}, contents.read)


def write_ramdisk(by_name: Mapping[str, bytes], to: Path) -> None:
    """Write what mounts the root file system."""
    tree = Tree()
    for folder in ("dev", "proc", "root", "sys"):
        tree.directory(folder)
    tree.file("bin/busybox", Path("/bin/busybox").read_bytes(), 0o755)
    tree.file("init", (FILES / "ramdisk-init").read_bytes(), 0o755)
    tree.file("etc/modules", _lines(by_name))
    for name, content in by_name.items():
        tree.file(f"lib/modules/{name}.ko", content)
    to.write_bytes(archive(tree))


def install(to: Path) -> None:
    """Install dom0's packages into a folder that only the archive `to` keeps; needs root.

    What is mounted there meanwhile is mounted for that program alone, and gone with it however it ends.
    """
    options = [f"--dpkgopt=path-exclude=/usr/share/{what}/*" for what in ("man", "doc", "locale")]
    include = ",".join((*PACKAGES, _tools()))
    shape = ["--mode=root", "--variant=apt", "--format=tar", '--aptopt=Apt::Install-Recommends "false"']
    words = ["mmdebstrap", "--quiet", *shape, *options, f"--include={include}", "bookworm", str(to)]
    run(["unshare", "--mount", *words], deadline_s=1200)


def write_idle_guest(root: Path) -> None:
    """Compile the kernel of a guest that does next to nothing."""
    alone = "-ffreestanding -nostdlib -static -no-pie -fno-pic -fno-stack-protector -fcf-protection=none"
    plain = "-O1 -mno-red-zone -mgeneral-regs-only -fno-asynchronous-unwind-tables"
    layout = f"-Wl,--build-id=none,--no-warn-rwx-segments,-T,{FILES / 'idle.ld'}"
    to = root / IDLE_GUEST.removeprefix("/")
    run(["gcc", *alone.split(), *plain.split(), layout, "-o", str(to), str(FILES / "idle.c")], deadline_s=60)


def settle(root: Path, by_name: Mapping[str, bytes], public_key: str) -> None:
    """Turn an installed folder into a dom0."""
    for name, place in PLACES.items():
        target = root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FILES / name, target)
        target.chmod(0o755 if name in PROGRAMS else 0o644)
    init = root / "sbin" / "init"
    init.unlink(missing_ok=True)
    init.symlink_to("/bin/busybox")
    keys = root / "root" / ".ssh" / "authorized_keys"
    keys.parent.mkdir(0o700, exist_ok=True)
    keys.write_text(public_key)
    for folder in ("xen/console", "libvirt/libxl"):
        (root / "var/log" / folder).mkdir(parents=True, exist_ok=True)
    (root / "etc/modules").write_bytes(_lines(by_name))
    for name, content in by_name.items():
        module = root / "lib" / "modules" / f"{name}.ko"
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_bytes(content)
    _ask_less(root / "usr/share/libvirt/cpu_map")
    # libvirtd does not start without the user that the QEMU driver wants, and only another package makes it.
    for driver in root.rglob("libvirt_driver_qemu.so"):
        driver.unlink()
    for left in ("var/lib/apt/lists", "var/cache/apt"):
        shutil.rmtree(root / left, ignore_errors=True)


def write_disk(root: Path, to: Path) -> None:
    """Write the folder as a file system that takes no more room than it fills."""
    raw = to.with_suffix(".raw")
    shape = ["-t", "ext4", "-m", "0", "-J", "size=16", "-E", "lazy_itable_init=1,lazy_journal_init=1"]
    run(["mke2fs", "-q", "-F", *shape, "-d", str(root), str(raw), f"{ROOT_MIB}M"], deadline_s=300)
    run(["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", str(raw), str(to)], deadline_s=300)
    raw.unlink()


def _tools() -> str:
    """Name the tools of the hypervisor's own version."""
    return real_package("xen-system-amd64").replace("hypervisor", "utils").removesuffix("-amd64")


def _lines(names: Mapping[str, bytes]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _ask_less(catalogue: Path) -> None:
    for model in catalogue.glob("x86_*.xml"):
        if model.name != "x86_features.xml":
            kept = [line for line in model.read_text().splitlines(keepends=True) if "<feature name='vme'" not in line]
            model.write_text("".join(kept))
