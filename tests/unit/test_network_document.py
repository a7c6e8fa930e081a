"""The settings shown in docs/network.md: each block is read as the file that it stands for.

A block that begins with a file's name belongs to those of its section that do so, too; one without is an
eucalyptus.conf by itself, or a part of one.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import settings

PAGE = Path(__file__).parents[2] / "docs/network.md"
MAIN = "eucalyptus.conf"
NEEDED = 'VNET_MODE="MANAGED"\nVNET_SUBNET="10.1.0.0"\nVNET_NETMASK="255.255.0.0"\n'
_BLOCK = re.compile(r"^```\n((?:# \S+\.conf\n)?(?:[A-Z_]+=\"[^\"\n]*\"\n)+)```$", re.MULTILINE)


def shown() -> Iterator[tuple[str, dict[str, str]]]:
    """List the sections with the files that each shows."""
    for section in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        title, files = section.partition("\n")[0], {}
        for number, text in enumerate(_BLOCK.findall(section)):
            if text.startswith("# "):
                files[text.split()[1]] = text
            else:
                yield f"{title} {number}", {MAIN: text}
        if files:
            yield title, files


def test_every_mode_is_shown_with_its_settings() -> None:
    modes = {mode for _, files in shown() for mode in re.findall('VNET_MODE="(.*)"', "".join(files.values()))}
    assert modes == {"SYSTEM", "STATIC", "MANAGED-NOVLAN", "MANAGED"}


@pytest.mark.parametrize("files", [pytest.param(files, id=title) for title, files in shown()])
def test_what_the_page_shows_is_read_without_a_complaint(files: dict[str, str], tmp_path: Path) -> None:
    whole = "VNET_MODE" in files[MAIN] or "VNET_CLUSTERS" in files[MAIN]
    for file, text in (files if whole else {MAIN: NEEDED + files[MAIN]}).items():
        (tmp_path / file).write_text(text)
    read = settings.load({"config": str(tmp_path / MAIN)}, {})
    assert [str(problem) for problem in read.idle] == []
