"""The simulation itself: it replays exactly, in any process, and finds bugs that were planted on purpose."""

import os
import subprocess
import sys

import pytest

from tests.simulation.planted import PLANTS

SEARCHED = 20


def simtest(*arguments: str, hash_seed: str = "0") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.simulation
def test_a_seed_leaves_the_same_trace_in_every_process() -> None:
    first, second = (simtest("--seed", "59", "--days", "0.06", hash_seed=each).stdout for each in ("1", "2"))
    assert "digest " in first
    assert first == second


@pytest.mark.simulation
def test_another_seed_leaves_another_trace() -> None:
    first, second = (simtest("--seed", each, "--days", "0.01").stdout.split()[-1] for each in ("1", "2"))
    assert first != second


@pytest.mark.simulation
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found(name: str) -> None:
    first = PLANTS[name].found_by
    seeds = f"{first}-{first + SEARCHED}"
    still = () if PLANTS[name].moves else ("--no-moves",)
    found = simtest("--plant", name, "--seeds", seeds, "--days", "0.06", "--tail", "0", "--workers", "1", *still)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "violated: " in found.stdout, found.stdout + found.stderr
