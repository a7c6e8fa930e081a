"""Ramdisk archives, read back by a reader that knows only the kernel's description of the format."""

import gzip
import stat

from hypothesis import given
from hypothesis import strategies as st

from app.storage.cpio import archive
from app.storage.tree import Tree

names = st.text(alphabet="abc-.é", min_size=1, max_size=5).filter(lambda name: name not in {".", ".."})


def read_back(packed: bytes) -> dict[str, tuple[int, int, bytes]]:
    data, at = gzip.decompress(packed), 0
    found: dict[str, tuple[int, int, bytes]] = {}
    while True:
        assert data[at : at + 6] == b"070701"
        numbers = [int(data[at + 6 + 8 * field : at + 14 + 8 * field], 16) for field in range(13)]
        mode, owner, size, name_size = numbers[1], numbers[2] + numbers[3], numbers[6], numbers[11]
        name = data[at + 110 : at + 109 + name_size].decode()
        start = (at + 110 + name_size + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, owner, data[start : start + size])
        at = (start + size + 3) & ~3


@given(files=st.dictionaries(names, st.binary(max_size=50)), directory=names)
def test_every_file_is_read_back_and_its_directory_stands_before_it(files: dict[str, bytes], directory: str) -> None:
    tree = Tree()
    for name, content in files.items():
        tree.file(f"{directory}/{name}", content, 0o755)
    found = read_back(archive(tree))
    assert {name: entry[2] for name, entry in found.items() if stat.S_ISREG(entry[0])} == {
        f"{directory}/{name}": content for name, content in files.items()
    }
    assert not files or next(iter(found)) == directory
    assert all(owner == 0 for _, owner, _ in found.values())


def test_links_and_devices_keep_their_kind() -> None:
    tree = Tree()
    tree.link("bin/sh", "/bin/busybox")
    tree.character_device("dev/console", 5, 1)
    found = read_back(archive(tree))
    assert found["bin/sh"] == (stat.S_IFLNK | 0o777, 0, b"/bin/busybox")
    assert found["dev/console"][0] == stat.S_IFCHR | 0o600
    assert found["dev"][0] == stat.S_IFDIR | 0o755


def test_the_order_in_which_a_tree_was_filled_does_not_show() -> None:
    first, second = Tree(), Tree()
    for tree, order in ((first, "ab"), (second, "ba")):
        for name in order:
            tree.file(f"etc/{name}", name.encode())
    assert archive(first) == archive(second)
