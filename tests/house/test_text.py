"""Nothing in the tree depends on one machine, on a package index, or on a forgotten note."""

import re

import pytest

from tests.house.tree import files, shown

# Joined from parts, so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile("|".join([r"(?<![\w.}])/wor" + r"k/", "/home/" + r"(?!user)[a-z]+/", "/opt/wh" + "eels"]))
INDEX_ADDRESSES = re.compile(
    "|".join([r"\bpy" + r"pi\b", "--(extra-)?ind" + "ex-url", "--find" + "-links", "/sim" + "ple/"])
)
MERGE_MARKS = re.compile(r"^(<{7} |>{7} |={7}$)", re.MULTILINE)
TEXT = frozenset({".py", ".md", ".toml", ".in", ".lock", ".yaml", ".txt", ".tcss", ".conf", ".example", ".service", ""})


@pytest.mark.parametrize(
    "pattern", [MACHINE_PATHS, INDEX_ADDRESSES, MERGE_MARKS], ids=["machine paths", "index addresses", "merge marks"]
)
def test_no_file_contains(pattern: re.Pattern[str]) -> None:
    found = [
        f"{shown(path)}: {match.group()}"
        for path in files()
        if path.suffix in TEXT and (match := pattern.search(path.read_text(errors="replace")))
    ]
    assert found == []
