"""Skips count as failures in CI; expected failures stay expected."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPING = """
import pytest

def test_passes(): pass

@pytest.mark.skip(reason="Needs: a lathe")
def test_needs_a_lathe(): pass

@pytest.mark.xfail(reason="known")
def test_known_bug(): raise AssertionError
"""
SKIPPING_MODULE = 'import pytest\npytest.skip("Needs: a press", allow_module_level=True)\n'


def run(folder: Path, ci: str) -> str:
    """Run the tests of `folder` in a pytest of their own; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.house.strict_skips", "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env=environment | {"CI": ci, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(("ci", "summary"), [("true", "1 passed, 1 xfailed, 1 error"), ("", "1 passed, 1 skipped")])
def test_a_skipped_test_fails_in_ci_only(tmp_path: Path, ci: str, summary: str) -> None:
    (tmp_path / "test_tools.py").write_text(SKIPPING)
    printed = run(tmp_path, ci)
    assert summary in printed
    assert ("Needs: a lathe" in printed) == (ci == "true")


def test_a_module_that_skips_itself_fails_in_ci(tmp_path: Path) -> None:
    (tmp_path / "test_press.py").write_text(SKIPPING_MODULE)
    printed = run(tmp_path, "true")
    assert "1 error" in printed
    assert "Needs: a press" in printed
