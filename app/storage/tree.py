"""A file tree in memory, from which the ramdisk's archive and the root's file system are written.

All belongs to root and no file has a time of its own, so that the same content gives the same bytes wherever and
by whomever it is built. Paths are relative, with `/`; a directory stands before what it holds.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass

BUILT_AT = 1_700_000_000  # seconds since the epoch: every time stamp in the images


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One directory, regular file, symbolic link (content: its target) or character device; `mode` has the kind."""

    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


class Tree:
    """Nodes by path; parent directories come into being by themselves."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return iter(sorted(self._nodes.items()))

    def directory(self, path: str, permissions: int = 0o755) -> None:
        self._put(path, Node(mode=stat.S_IFDIR | permissions))

    def file(self, path: str, content: bytes, permissions: int = 0o644) -> None:
        self._put(path, Node(mode=stat.S_IFREG | permissions, content=content))

    def link(self, path: str, target: str) -> None:
        self._put(path, Node(mode=stat.S_IFLNK | 0o777, content=target.encode()))

    def character_device(self, path: str, major: int, minor: int) -> None:
        self._put(path, Node(mode=stat.S_IFCHR | 0o600, device=(major, minor)))

    def _put(self, path: str, node: Node) -> None:
        parent, slash, _ = path.rpartition("/")
        if slash and parent not in self._nodes:
            self.directory(parent)
        self._nodes[path] = node
