"""The ramdisk's archive: cpio in the "newc" form, gzipped, as the kernel unpacks it (initramfs buffer format)."""

import gzip
from collections.abc import Iterator

from app.storage.tree import BUILT_AT, Node, Tree

_MAGIC = "070701"
_LAST = "TRAILER!!!"


def archive(tree: Tree) -> bytes:
    """Return the tree as a compressed archive; the same tree gives the same bytes."""
    return gzip.compress(b"".join(_records(tree)), compresslevel=6, mtime=0)


def _records(tree: Tree) -> Iterator[bytes]:
    for inode, (path, node) in enumerate(tree, start=1):
        yield _record(path, node, inode, BUILT_AT)
    yield _record(_LAST, Node(mode=0), 0, 0)


def _record(path: str, node: Node, inode: int, mtime: int) -> bytes:
    name = path.encode() + b"\0"
    owner = (0, 0)
    links, medium, checksum = 1, (0, 0), 0
    numbers = (inode, node.mode, *owner, links, mtime, len(node.content), *medium, *node.device, len(name), checksum)
    header = _MAGIC + "".join(f"{number:08X}" for number in numbers)
    return _aligned(header.encode() + name) + _aligned(node.content)


def _aligned(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
