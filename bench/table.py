"""The one table: every figure with its goal, its verdict and what stood beside it in the same run.

A figure without a verdict is missing, never passed: what could not be measured says why.
"""

import os
import platform
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

WIDTHS = (55, 14, 14, 8)
HEADINGS = ("figure", "measured", "goal", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """`at_least` or `at_most` this; the number may come from a peer measured in the same run."""

    words: str
    holds: Callable[[float], bool]

    @classmethod
    def at_least(cls, least: float, unit: str) -> "Goal":
        return cls(words=f">= {shown(least)} {unit}", holds=lambda measured: measured >= least)

    @classmethod
    def at_most(cls, most: float, unit: str) -> "Goal":
        return cls(words=f"<= {shown(most)} {unit}", holds=lambda measured: measured <= most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure, without a goal only to compare with. `measured` None: `beside` says why it could not be had."""

    figure: str
    measured: float | None
    unit: str
    goal: Goal | None = None
    beside: str = ""

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "missing"
        if self.goal is None:
            return ""
        return "ok" if self.goal.holds(self.measured) else "MISSED"

    def line(self) -> str:
        measured = "-" if self.measured is None else f"{shown(self.measured)} {self.unit}"
        return _line((self.figure, measured, self.goal.words if self.goal else "", self.verdict), self.beside)


def head(versions: Sequence[str] = ()) -> str:
    """Say where, when and how busy: a figure without its machine is worth nothing."""
    load = " ".join(f"{part:.2f}" for part in os.getloadavg())
    return "\n".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({_processor()}), load average {load}",
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.system()} "
            + platform.release()
            + "".join(f", {version}" for version in versions),
            "",
            _line(HEADINGS, "beside it in the same run"),
            _line(tuple("-" * width for width in WIDTHS), "-" * 30),
        ]
    )


def summary(rows: Sequence[Row]) -> str:
    """Count the verdicts and name the goals that do not hold."""
    judged = [row for row in rows if row.goal is not None]
    bad = [row.figure for row in judged if row.verdict != "ok"]
    return f"{len(judged) - len(bad)} of {len(judged)} goals hold" + "".join(f"\n  not: {figure}" for figure in bad)


def shown(number: float) -> str:
    """Write a number with three digits that matter."""
    if abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def _line(cells: Sequence[str], beside: str) -> str:
    return " ".join([*(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)), beside]).rstrip()


def _processor() -> str:
    models = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    return next(models, ":unknown processor").partition(":")[2].strip()
