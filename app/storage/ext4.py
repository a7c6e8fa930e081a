"""An ext4 file system in a file, without root and without mounting, the same bytes each time.

`mke2fs -d` would copy the builder's user ids and change times, so an empty file system is filled by debugfs
instead, inode by inode. Traps: debugfs ends with 0 even if a command failed (its complaints are read), and
defaults differ between releases of e2fsprogs (a configuration of our own is given).
"""

import stat
from collections.abc import Iterator
from pathlib import Path

from app.domain.errors import Broken
from app.storage.programs import run
from app.storage.tree import BUILT_AT, Node, Tree

_UUID = "e0ca1001-0000-4000-8000-000000000001"
_HASH_SEED = "e0ca1001-0000-4000-8000-000000000002"
_CONFIGURATION = """
[defaults]
base_features = sparse_super,large_file,filetype,dir_index,ext_attr
blocksize = 1024
inode_size = 256
inode_ratio = 8192
[fs_types]
ext4 = {
  features = has_journal,extent,huge_file,flex_bg,dir_nlink,extra_isize
}
"""
_NOW = f"@{BUILT_AT}"


def write_ext4(image: Path, tree: Tree, *, label: str, size_mib: int, workplace: Path) -> None:
    """Write a sparse image file of `size_mib` MiB that holds the tree, all owned by root.

    `workplace` is an empty directory for the time of the call. Broken if the tree does not fit.
    """
    configuration = workplace / "mke2fs.conf"
    configuration.write_text(_CONFIGURATION)
    environment = {
        "MKE2FS_CONFIG": str(configuration),
        "E2FSPROGS_FAKE_TIME": str(BUILT_AT),
        "DEBUGFS_PAGER": "__none__",
    }
    options = f"hash_seed={_HASH_SEED},root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    shape = ["-t", "ext4", "-L", label, "-U", _UUID, "-E", options, "-J", "size=4", "-m", "0"]
    run(
        ["mke2fs", "-q", "-F", *shape, str(image), f"{size_mib}M"],
        deadline_s=60,
        environment=environment,
    )
    commands = workplace / "commands"
    commands.write_text("\n".join(_commands(tree, workplace)) + "\n")
    printed = run(
        ["debugfs", "-w", "-f", "commands", str(image)],
        deadline_s=120,
        directory=workplace,
        environment=environment,
    )
    _refuse(printed.complaints)


def _commands(tree: Tree, workplace: Path) -> Iterator[str]:
    yield f"set_current_time {_NOW}"
    for number, (path, node) in enumerate(tree):
        yield _creation(path, node, number, workplace)
        fields = {"mode": f"0{node.mode:o}", "uid": "0", "gid": "0"}
        times = dict.fromkeys(("atime", "ctime", "mtime", "crtime"), _NOW)
        for field, value in {**fields, **times}.items():
            yield f"set_inode_field {path} {field} {value}"


def _creation(path: str, node: Node, number: int, workplace: Path) -> str:
    assert not set(path) & set(' "\n'), "debugfs splits words"
    if stat.S_ISDIR(node.mode):
        return f"mkdir {path}"
    if stat.S_ISLNK(node.mode):
        return f"symlink {path} {node.content.decode()}"
    source = f"file{number}"
    (workplace / source).write_bytes(node.content)
    return f"write {source} {path}"


def _refuse(complaints: str) -> None:
    serious = [line for line in complaints.splitlines() if line.strip() and not line.startswith("debugfs ")]
    if serious:
        raise Broken("guest image", f"the root file system could not be filled: {serious[0]}")
