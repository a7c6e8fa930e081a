"""The figures of runs as rows, and as files that say how they were made.

The trap: numbers in files are written in full. Whoever compares two runs to the last digit reads these, not the table.
"""

import csv
import platform
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from app import __version__
from app.simulate.admission import Admission
from app.simulate.experiment import Run

DAY_COLUMNS: tuple[tuple[str, Callable[[Run], str]], ...] = (
    ("POLICY", lambda run: run.policy),
    ("DAY", lambda run: run.day),
    ("MODE", lambda run: run.mode),
    ("KWH", lambda run: f"{run.energy_kwh:.2f}"),
    ("MIGRATIONS", lambda run: str(run.migrations)),
    ("SLATAH %", lambda run: f"{100 * run.slatah:.2f}"),
    ("PDM %", lambda run: f"{100 * run.pdm:.3f}"),
    ("SLAV", lambda run: f"{run.slav:.3e}"),
    ("ESV", lambda run: f"{run.esv:.3e}"),
    ("HOSTS ON", lambda run: f"{run.hosts_on_mean:.1f}"),
    ("DECISION S", lambda run: f"{run.decision_s:.2f}"),
    ("WALL S", lambda run: f"{run.wall_s:.2f}"),
)
REQUEST_COLUMNS: tuple[tuple[str, Callable[[Admission], str]], ...] = (
    ("POLICY", lambda run: run.policy),
    ("REQUESTS", lambda run: run.requests),
    ("KWH", lambda run: "-" if run.energy_kwh is None else f"{run.energy_kwh:.1f}"),
    ("HOSTS ON", lambda run: f"{run.hosts_on_mean:.1f}"),
    ("BOUND", lambda run: f"{run.hosts_bound_mean:.1f}"),
    ("REFUSED", lambda run: str(run.refused)),
    ("WAIT S", lambda run: f"{run.wait_s_mean:.0f}"),
    ("SLOWDOWN", lambda run: f"{run.slowdown_mean:.2f}"),
    ("ONE HOST %", lambda run: f"{100 * run.groups_on_one_host:.1f}"),
    ("ONE RACK %", lambda run: f"{100 * run.groups_on_one_rack:.1f}"),
    ("DECISION S", lambda run: f"{run.decision_s:.2f}"),
    ("WALL S", lambda run: f"{run.wall_s:.2f}"),
)


def facts(run: Run | Admission) -> dict[str, Any]:
    """Give the figures of a run by name, without the time series."""
    return {item.name: getattr(run, item.name) for item in fields(run) if item.name != "series"}


def rows(runs: Sequence[Run] | Sequence[Admission]) -> list[list[str]]:
    """Give a heading and a line for each run, rounded for people; all runs are of one kind."""
    days = [run for run in runs if isinstance(run, Run)]
    if days:
        return [[name for name, _ in DAY_COLUMNS], *([cell(run) for _, cell in DAY_COLUMNS] for run in days)]
    admissions = [run for run in runs if isinstance(run, Admission)]
    return [[name for name, _ in REQUEST_COLUMNS], *([cell(run) for _, cell in REQUEST_COLUMNS] for run in admissions)]


def write(folder: Path, runs: Sequence[Run] | Sequence[Admission], command: Sequence[str]) -> None:
    """Write metrics, one time series a day, and the command with the versions that made them."""
    folder.mkdir(parents=True, exist_ok=True)
    _table(folder / "metrics.csv", [facts(run) for run in runs])
    for run in (run for run in runs if isinstance(run, Run)):
        _table(folder / f"series-{run.day}-{run.policy}.csv", [asdict(sample) for sample in run.series])
    versions = f"eucalyptus {__version__}, Python {platform.python_version()}, numpy {np.__version__}"
    (folder / "command.txt").write_text(f"{shlex.join(command)}\n# {versions}, {platform.platform()}\n")


def _table(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
