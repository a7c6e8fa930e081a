"""The wheel carries the program, its command and every file the program reads from its package."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files

BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel from a copy, so that the checkout stays as it is."""
    copy = tmp_path_factory.mktemp("source")
    target = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "app", copy / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data" / "rules", copy / "data" / "rules")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(target)], cwd=copy, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(target.glob("*.whl")))


def test_the_wheel_carries_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    expected = {path.relative_to(ROOT).as_posix() for path in files(ROOT / "app")}
    assert expected - set(wheel.namelist()) == set()


def test_the_wheel_brings_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    names = {Path(name).name: name for name in wheel.namelist()}
    assert "euca = app.cli:main" in wheel.read(names["entry_points.txt"]).decode()
    assert "LICENSE" in names


def test_the_wheel_brings_the_rules_that_are_shipped(wheel: zipfile.ZipFile) -> None:
    brought = {name.rpartition("/")[2] for name in wheel.namelist() if "/data/share/eucalyptus/rules/" in name}
    assert brought == {path.name for path in (ROOT / "data" / "rules").glob("*.rules")}
