"""The figures of runs as rows, and as files that say how they were made.

The trap: numbers in files are written in full. Whoever compares two runs to the last digit reads these, not the table.
"""

import csv
import platform
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from app import __version__
from app.simulate.engine import Sample
from app.simulate.experiment import Run

HEADINGS = (
    "POLICY",
    "DAY",
    "MODE",
    "KWH",
    "MIGRATIONS",
    "SLATAH %",
    "PDM %",
    "SLAV",
    "ESV",
    "HOSTS ON",
    "DECISION S",
    "WALL S",
)


def facts(run: Run) -> dict[str, Any]:
    """Give the figures of a run by name, without the time series."""
    return {item.name: getattr(run, item.name) for item in fields(Run) if item.name != "series"}


def row(run: Run) -> list[str]:
    """Give the cells of the table, rounded for people."""
    return [
        run.policy,
        run.day,
        run.mode,
        f"{run.energy_kwh:.2f}",
        str(run.migrations),
        f"{100 * run.slatah:.2f}",
        f"{100 * run.pdm:.3f}",
        f"{run.slav:.3e}",
        f"{run.esv:.3e}",
        f"{run.hosts_on_mean:.1f}",
        f"{run.decision_s:.2f}",
        f"{run.wall_s:.2f}",
    ]


def write(folder: Path, runs: Sequence[Run], command: Sequence[str]) -> None:
    """Write metrics, one time series a run, and the command with the versions that made them."""
    folder.mkdir(parents=True, exist_ok=True)
    _table(folder / "metrics.csv", [facts(run) for run in runs])
    for run in runs:
        _table(folder / f"series-{run.day}-{run.policy}.csv", [asdict(sample) for sample in run.series])
    versions = f"eucalyptus {__version__}, Python {platform.python_version()}, numpy {np.__version__}"
    (folder / "command.txt").write_text(f"{shlex.join(command)}\n# {versions}, {platform.platform()}\n")


def _table(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    names = list(rows[0]) if rows else [item.name for item in fields(Sample)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
