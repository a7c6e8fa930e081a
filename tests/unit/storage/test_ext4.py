"""File systems written without root are sound, belong to root, and come out the same each time."""

import os
import re
import time
from pathlib import Path

import pytest

from app.domain.errors import Broken
from app.storage.ext4 import write_ext4
from app.storage.programs import run
from app.storage.tree import Tree
from tests.deadline import eventually


@pytest.fixture
def tree() -> Tree:
    tree = Tree()
    tree.file("bin/busybox", bytes(range(256)) * 5000, 0o755)
    tree.link("bin/sh", "/bin/busybox")
    tree.directory("root", 0o700)
    tree.file("etc/shadow", b"root:*:19000::::::\n", 0o600)
    return tree


def written(directory: Path, tree: Tree, size_mib: int = 16) -> Path:
    workplace = directory / "workplace"
    workplace.mkdir(parents=True)
    write_ext4(directory / "image", tree, label="test", size_mib=size_mib, workplace=workplace)
    return directory / "image"


def ask(image: Path, question: str) -> str:
    return run(["debugfs", "-R", question, str(image)], deadline_s=30).answer


def test_the_file_system_is_sound_and_holds_the_tree(tree: Tree, tmp_path: Path) -> None:
    image = written(tmp_path, tree)
    run(["e2fsck", "-f", "-n", str(image)], deadline_s=30)
    run(["debugfs", "-R", f"dump bin/busybox {tmp_path}/copy", str(image)], deadline_s=30)
    assert (tmp_path / "copy").read_bytes() == bytes(range(256)) * 5000
    assert 'Fast link dest: "/bin/busybox"' in ask(image, "stat bin/sh")


@pytest.mark.parametrize(
    ("path", "mode"), [("bin/busybox", "0755"), ("root", "0700"), ("etc/shadow", "0600"), ("etc", "0755")]
)
def test_all_belongs_to_root_with_the_mode_given(tree: Tree, tmp_path: Path, path: str, mode: str) -> None:
    facts = ask(written(tmp_path, tree), f"stat {path}")
    assert re.search(r"Mode:\s+(\d+)", facts)[1] == mode  # type: ignore[index]
    assert re.search(r"User:\s+0\s+Group:\s+0\s", facts)


def test_the_same_tree_gives_the_same_bytes_whenever_and_by_whomever(tree: Tree, tmp_path: Path) -> None:
    first = written(tmp_path / "first", tree)
    before = os.umask(0o077)
    second_of_first = int(time.time())
    try:
        eventually(lambda: int(time.time()) != second_of_first)
        second = written(tmp_path / "second", tree)
    finally:
        os.umask(before)
    assert first.read_bytes() == second.read_bytes()


def test_a_tree_that_does_not_fit_is_refused(tree: Tree, tmp_path: Path) -> None:
    tree.file("big", os.urandom(12 << 20))
    with pytest.raises(Broken, match="could not be filled"):
        written(tmp_path, tree)
