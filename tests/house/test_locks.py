"""Lock files are plain, complete and agree with one another and with pyproject.toml."""

import json
import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
BESIDE = sorted(
    str(path.relative_to(ROOT)) for path in [*ROOT.glob("bench/*.lock"), *ROOT.glob("tests/clients/locks/*")]
)
PLAIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+")


def locked(name: str) -> dict[str, str]:
    pairs = (line.split("==") for line in (ROOT / name).read_text().splitlines())
    return {canonicalize_name(package): version for package, version in pairs}


def asked(name: str) -> set[str]:
    """Name the packages that a `.in` file asks for."""
    lines = (ROOT / name).read_text().splitlines()
    return {canonicalize_name(Requirement(line).name) for line in lines if line and not line.startswith(("-", "#"))}


@pytest.mark.parametrize("lock", [*LOCKS, *BESIDE])
def test_a_lock_file_has_plain_lines_in_order(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    assert [line for line in lines if not PLAIN.fullmatch(line)] == []
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0].lower())


def test_the_lock_of_node_packages_names_no_place_to_get_them_from() -> None:
    lock = json.loads((ROOT / "tests" / "clients" / "node" / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_running_and_testing_use_the_same_versions() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_everything_asked_for_is_locked() -> None:
    assert asked("requirements.in") <= locked("requirements.lock").keys()
    assert asked("requirements-dev.in") <= locked("requirements-dev.lock").keys()


def test_the_project_declares_what_it_locks() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {canonicalize_name(Requirement(line).name) for line in declared} == asked("requirements.in") - {"setuptools"}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_satisfies_every_package_in_it(lock: str) -> None:
    versions = locked(lock) | {"pip": metadata.version("pip")}  # every virtual environment brings its own
    unmet = []
    for package in locked(lock):
        for line in metadata.requires(package) or ():
            need = Requirement(line)
            if need.marker and not need.marker.evaluate({"extra": ""}):
                continue
            version = versions.get(canonicalize_name(need.name))
            if version is None or not need.specifier.contains(version, prereleases=True):
                unmet.append(f"{package} needs {need}, locked is {version}")
    assert unmet == []
