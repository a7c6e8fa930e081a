"""Debian's kernel and a ramdisk with those of its modules that tests want, built once for their versions and kept.

It has what small kernels lack, such as VLAN and WireGuard. The trap: nothing can load a module later, so what is not
listed here is not there.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from app.storage.cpio import archive
from app.storage.debs import Deb, fetch, look_up, opened, real_package
from app.storage.modules import load_order, module_name
from app.storage.tree import Tree
from tests.kept_builds import cache_of, kept

INIT = Path(__file__).with_name("ramdisk-init.sh")
MODULES = (
    *("virtio_pci", "virtio_rng", "crc32c_generic", "9pnet_virtio", "9p", "overlay"),
    *("af_packet", "veth", "bridge", "vxlan", "8021q", "wireguard", "dummy", "tun"),
    *("nf_tables", "nf_conntrack", "nf_nat", "nft_chain_nat", "nft_ct", "nft_nat", "nft_masq", "nft_redir"),
    *("nft_reject", "nft_reject_inet", "nft_fib_inet", "nft_hash", "nft_limit", "nft_log", "nft_objref"),
    *("nf_conntrack_netlink", "sch_ingress", "cls_flower", "act_gact"),
)  # fmt: skip
_APPLETS = "sh mount mkdir insmod ip chroot sync poweroff echo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    image: Path
    ramdisk: Path


def full_kernel() -> Kernel:
    """Build the two files unless they are there; Broken says what of Debian can not be had."""
    cache = cache_of("fullkernel")
    debs = look_up([real_package("linux-image-amd64"), "busybox-static"])
    home = kept(cache, _fingerprint(debs), lambda aside: _build(aside, debs, cache))
    return Kernel(image=home / "vmlinuz", ramdisk=home / "ramdisk")


def _fingerprint(debs: list[Deb]) -> str:
    parts = [*(deb.sha256.encode() for deb in debs), INIT.read_bytes(), Path(__file__).read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _build(home: Path, debs: list[Deb], cache: Path) -> None:
    fetch(debs, cache, print)
    busybox, linux = sorted(debs, key=lambda deb: deb.name)
    tree = Tree()
    with opened(busybox, cache) as contents:
        tree.file("bin/busybox", contents.read("bin/busybox"), 0o755)
    for applet in _APPLETS.split():
        tree.link(f"bin/{applet}", "busybox")
    for place in ("dev", "proc", "sys"):
        tree.directory(place)
    tree.character_device("dev/console", 5, 1)
    tree.file("init", INIT.read_bytes(), 0o755)
    with opened(linux, cache) as contents:
        paths = contents.paths()
        files = {module_name(path): path for path in paths if path.endswith(".ko")}
        names = next(path for path in paths if path.endswith("/modules.builtin"))
        built_in = {module_name(path) for path in contents.read(names).decode().split()}
        modules = load_order(MODULES, files, built_in, contents.read)
        (home / "vmlinuz").write_bytes(contents.read(next(path for path in paths if path.startswith("boot/vmlinuz-"))))
    tree.file("etc/modules", "".join(f"{name}\n" for name in modules).encode())
    for name, content in modules.items():
        tree.file(f"lib/modules/{name}.ko", content)
    (home / "ramdisk").write_bytes(archive(tree))
