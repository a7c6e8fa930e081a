"""Which kernel modules the ramdisk carries, and in what order they must be loaded.

Debian's cloud kernel has ext4 and Xen built in, but the disks and network cards of QEMU and Xen, the power button
and packet sockets as modules. A module names what it needs in its own `depends=`; the trap: module names have
`_` where file names may have `-`.
"""

import lzma
import re
from collections.abc import Callable, Mapping, Sequence, Set

from app.domain.errors import Broken

_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


def module_name(path: str) -> str:
    """Return the module's name from its file's path."""
    return path.rpartition("/")[2].partition(".ko")[0].replace("-", "_")


def load_order(
    wanted: Sequence[str], files: Mapping[str, str], built_in: Set[str], read: Callable[[str], bytes]
) -> dict[str, bytes]:
    """Return modules by name with all they need, each after what it needs; `files` maps names to paths.

    Built-in ones need no loading. Broken if the kernel has one neither built in nor as a file.
    """
    loaded: dict[str, bytes] = {}

    def add(name: str, needed_by: str) -> None:
        if name in loaded or name in built_in:
            return
        if name not in files:
            raise Broken("guest image", f"the kernel package has no module {name} (needed by {needed_by})")
        content = _plain(files[name], read(files[name]))
        for need in _needs(content):
            add(need, name)
        loaded[name] = content

    for name in wanted:
        add(name, "the guest")
    return loaded


def _needs(content: bytes) -> list[str]:
    found = _DEPENDS.search(content)
    return [name.replace("-", "_") for name in found[1].decode().split(",") if name] if found else []


def _plain(path: str, content: bytes) -> bytes:
    return lzma.decompress(content) if path.endswith(".xz") else content
