"""Build the tiny Linux guest: kernel, ramdisk and root image, out of Debian packages, without root and without booting.

The same three files boot under QEMU (virtio, ttyS0) and as a Xen guest (hvc0). They need 96 MiB, 128 are comfortable.
The same package versions give the same bytes: `fingerprint` names them before anything is built.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from app.domain.errors import Broken
from app.storage.cpio import archive
from app.storage.debs import Contents, Deb, fetch, look_up, opened, real_package
from app.storage.ext4 import write_ext4
from app.storage.modules import load_order, module_name
from app.storage.tree import Tree

FAST_CMDLINE = "nokaslr mitigations=off random.trust_cpu=on no_timer_check cryptomgr.notests edd=off tsc=reliable"
"""Kernel words that save a third of the CPU time of a boot in pure emulation; add root= and console= in front."""

MEMORY_MIB = 96
MEMORY_FILE = "memory-mib"
"""Stands beside the three files and says how much memory they need, so that `euca image install` can tell."""

ROOT_LABEL = "euroot"
ROOT_SIZE_MIB = 32

_KERNEL = "linux-image-cloud-amd64"
_USER_LAND = (
    "busybox-static", "dropbear-bin", "libc6", "libcrypt1", "libgmp10", "libtomcrypt1", "libtommath1", "zlib1g",
)  # fmt: skip
_VIRTIO = ("virtio_pci", "virtio_mmio", "virtio_blk", "virtio_scsi", "sd_mod", "virtio_net", "virtio_rng")
_XEN = ("xen_blkfront", "xen_netfront")
_ALWAYS = ("button", "evdev", "af_packet", "isofs")
_LIBRARIES = ("libc.so.6", "libcrypt.so.1", "libtomcrypt.so.1", "libtommath.so.1", "libz.so.1", "libgmp.so.10")
_APPLETS_IN_SBIN = (
    "acpid getty halt init insmod ip mke2fs mkswap modprobe poweroff reboot route swapoff swapon switch_root udhcpc"
)
_APPLETS = """
[ ash awk basename blockdev cat chmod chown clear cmp cp cut date dd df diff dirname dmesg du echo env expr false find
findfs free grep gunzip gzip head hexdump hostname id ifconfig kill ln login ls lsmod md5sum mkdir mknod mkswap mktemp
more mount mv nc netstat nproc nslookup od pgrep pidof ping printf ps pwd readlink realpath rm rmdir sed seq setsid sh
sha256sum sleep sort stat stty sync tail tar tee test time timeout top touch tr true truncate tty umount uname uniq
uptime usleep vi wc wget which whoami xargs yes
"""
_EMPTY_DIRECTORIES = ("dev", "etc/dropbear", "mnt", "proc", "run", "sys", "tmp", "var/lib", "var/log")
_ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "shadow": "root:*:19000:0:99999:7:::\n",
    "group": "root:x:0:\n",
    "shells": "/bin/sh\n",
    "nsswitch.conf": "passwd: files\nshadow: files\ngroup: files\nhosts: files dns\n",
    "hosts": "127.0.0.1 localhost\n",
}
_SCRIPTS = ("become", "boot", "console", "disks", "lease", "metadata", "network", "say", "seed", "ssh", "stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """The three files of a guest image; `version` is the kernel's release."""

    kernel: Path
    ramdisk: Path
    root: Path
    version: str


def fingerprint() -> str:
    """Return a short name of what `build` would make now: 16 hex digits over package versions and our own files."""
    here = Path(__file__).parent
    ours = sorted([*here.glob("*.py"), *(here / "guest").iterdir()])
    parts = [deb.sha256.encode() for deb in _packages()] + [path.read_bytes() for path in ours]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def build(out: Path, cache: Path, progress: Callable[[str], None]) -> BuiltImage:
    """Write `vmlinuz`, `initrd.img` and `root.img` into `out`; packages are kept in `cache`.

    Broken says what is missing on this machine and how to get it. A file has its name only when it is whole.
    """
    debs = _packages()
    fetch(debs, cache, progress)
    by_name = {deb.name: deb for deb in debs}
    kernel_deb = next(deb for deb in debs if deb.name.startswith("linux-image-"))
    out.mkdir(parents=True, exist_ok=True)
    progress(f"reading {kernel_deb.name}")
    with opened(kernel_deb, cache) as contents:
        version, kernel, modules = _kernel(contents)
    programs = _user_land(by_name, cache)
    progress("writing ramdisk and root file system")
    with tempfile.TemporaryDirectory(dir=out, prefix="build-") as name:
        aside = Path(name)
        (aside / "vmlinuz").write_bytes(kernel)
        (aside / "initrd.img").write_bytes(archive(_ramdisk(programs, modules)))
        workplace = aside / "workplace"
        workplace.mkdir()
        root = _root(programs)
        write_ext4(aside / "root.img", root, label=ROOT_LABEL, size_mib=ROOT_SIZE_MIB, workplace=workplace)
        (aside / MEMORY_FILE).write_text(f"{MEMORY_MIB}\n")
        for file in ("vmlinuz", "initrd.img", "root.img", MEMORY_FILE):
            (aside / file).replace(out / file)
    progress(f"built {version}")
    return built(out, version)


def built(out: Path, version: str = "") -> BuiltImage:
    """Name the files of an image that `build` wrote into `out`."""
    return BuiltImage(kernel=out / "vmlinuz", ramdisk=out / "initrd.img", root=out / "root.img", version=version)


def _packages() -> list[Deb]:
    return look_up([*_USER_LAND, real_package(_KERNEL)])


def _kernel(contents: Contents) -> tuple[str, bytes, dict[str, dict[str, bytes]]]:
    paths = contents.paths()
    image = next((path for path in paths if path.startswith("boot/vmlinuz-")), None)
    if image is None:
        raise Broken("guest image", "the kernel package holds no kernel")
    files = {module_name(path): path for path in paths if ".ko" in path.rpartition("/")[2]}
    version = image.removeprefix("boot/vmlinuz-")
    names = next(path for path in paths if path.endswith("/modules.builtin"))
    built_in = {module_name(path) for path in contents.read(names).decode().split()}
    modules = {
        bus: load_order([*drivers, *_ALWAYS], files, built_in, contents.read)
        for bus, drivers in (("virtio", _VIRTIO), ("xen", _XEN))
    }
    return version, contents.read(image), modules


def _user_land(debs: Mapping[str, Deb], cache: Path) -> dict[str, bytes]:
    """Return programs and libraries by file name."""
    wanted = {"busybox", "dropbear", "dropbearkey", "ld-linux-x86-64.so.2", *_LIBRARIES}
    found: dict[str, bytes] = {}
    for package in _USER_LAND:
        with opened(debs[package], cache) as contents:
            for path in contents.paths():
                name = path.rpartition("/")[2]
                if name in wanted and name not in found and "/share/" not in path:
                    found[name] = contents.read(path)
    absent = wanted - found.keys()
    if absent:
        raise Broken("guest image", f"Debian's packages no longer hold: {', '.join(sorted(absent))}")
    return found


def _ramdisk(programs: Mapping[str, bytes], modules: Mapping[str, Mapping[str, bytes]]) -> Tree:
    tree = Tree()
    _add_busybox(tree, programs["busybox"])
    _add_directories(tree, ("dev", "mnt", "proc", "sys"))
    tree.character_device("dev/console", 5, 1)
    tree.file("init", _script("ramdisk-init.sh"), 0o755)
    for bus, by_name in modules.items():
        tree.file(f"etc/{bus}.modules", "".join(f"{name}\n" for name in by_name).encode())
        for name, content in by_name.items():
            tree.file(f"lib/modules/{name}.ko", content)
    return tree


def _root(programs: Mapping[str, bytes]) -> Tree:
    tree = Tree()
    _add_busybox(tree, programs["busybox"])
    _add_directories(tree, _EMPTY_DIRECTORIES)
    tree.directory("root", 0o700)
    for name in ("dropbear", "dropbearkey"):
        tree.file(f"usr/bin/{name}", programs[name], 0o755)
    for name in _LIBRARIES:
        tree.file(f"lib/x86_64-linux-gnu/{name}", programs[name])
    tree.file("lib64/ld-linux-x86-64.so.2", programs["ld-linux-x86-64.so.2"], 0o755)
    for name, text in _ETC.items():
        tree.file(f"etc/{name}", text.encode(), 0o600 if name == "shadow" else 0o644)
    tree.link("etc/resolv.conf", "/run/resolv.conf")
    tree.file("etc/inittab", _script("inittab"))
    for name in _SCRIPTS:
        tree.file(f"etc/guest/{name}", _script(f"{name}.sh"), 0o755)
    tree.file("etc/acpi/PWRF/00000080", _script("power-button.sh"), 0o755)
    return tree


def _add_busybox(tree: Tree, busybox: bytes) -> None:
    tree.file("bin/busybox", busybox, 0o755)
    for directory, applets in (("bin", _APPLETS), ("sbin", _APPLETS_IN_SBIN)):
        for applet in applets.split():
            tree.link(f"{directory}/{applet}", "/bin/busybox")


def _add_directories(tree: Tree, paths: Iterable[str]) -> None:
    for path in paths:
        tree.directory(path)


def _script(name: str) -> bytes:
    return resources.files("app.storage").joinpath("guest", name).read_bytes()
