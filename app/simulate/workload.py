"""What the machines of an experiment ask for over a day: PlanetLab days from a trace directory, or a generated one.

The trap: the order of the rows decides the type of each machine, and the published results move by some percent with
it. Rows are kept in the byte order of the trace files' names.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile

from app.simulate.fleet import Floats, Guests, guests_of

INTERVAL_S = 300.0
SAMPLES = 288
DAY_S = INTERVAL_S * SAMPLES
GENERATED = "generated"


class WorkloadError(Exception):
    """The traces are not there, or the day is not in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One day: `use` is each machine's share of its own capacity (0..1) at each sample, the last sample twice."""

    day: str
    guests: Guests
    use: Floats

    @property
    def ends_s(self) -> float:
        """The end of the last interval."""
        return float((self.use.shape[1] - 1) * INTERVAL_S)

    def until(self, hours: float) -> "Workload":
        """Give the part up to so many hours, in whole intervals and at least one."""
        intervals = max(1, round(hours * 3600 / INTERVAL_S))
        return replace(self, use=self.use[:, : intervals + 1])

    def use_at(self, now_s: float) -> Floats:
        """Give each machine's use at a moment, linear between two samples."""
        if now_s % INTERVAL_S == 0:
            return self.use[:, int(now_s // INTERVAL_S)]
        step = int(now_s // INTERVAL_S)
        before = self.use[:, step]
        slope = (self.use[:, step + 1] - before) / INTERVAL_S
        return np.asarray(before + slope * (now_s - step * INTERVAL_S))

    def demand_mips_s(self) -> float:
        """Give the work that the whole day asks for."""
        return float(np.trapezoid(self.use * self.guests.mips[:, None], dx=INTERVAL_S, axis=1).sum())


def workload_of(day: str, percent: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Workload:
    """Build a day from whole percents, one row a machine."""
    use = percent / 100.0
    return Workload(day=day, guests=guests_of(len(percent)), use=np.concatenate([use, use[:, -1:]], axis=1))


def days(traces: Path) -> list[str]:
    """Name the PlanetLab days of a trace directory; WorkloadError when there are none."""
    with _archive(traces) as archive:
        return sorted(name.removeprefix("cpu_") for name in archive.files if name.startswith("cpu_"))


def planetlab(traces: Path, day: str) -> Workload:
    """Read one PlanetLab day; WorkloadError when it is not there."""
    with _archive(traces) as archive:
        if f"cpu_{day}" not in archive.files:
            raise WorkloadError(f"there is no day {day} in {traces}")
        names = [bytes(str(name), "utf-8") for name in archive[f"vm_{day}"]]
        percent = archive[f"cpu_{day}"]
    order = sorted(range(len(names)), key=names.__getitem__)
    return workload_of(day, percent[order])


def _archive(traces: Path) -> "NpzFile[Any]":
    path = traces / "planetlab" / "planetlab-2011.npz"
    if not path.is_file():
        raise WorkloadError(f"there are no PlanetLab traces at {path}")
    archive: NpzFile[Any] = np.load(path, allow_pickle=False)
    return archive


def generated(machines: int, seed: int) -> Workload:
    """Make a day of bursty load: quiet machines with a daily swing, and now and then a busy hour."""
    rng = np.random.default_rng(seed)
    level = rng.beta(1.2, 8.0, size=(machines, 1))
    hours = np.linspace(0, 2 * np.pi, SAMPLES)
    swing = 1 + 0.5 * np.sin(hours + rng.uniform(0, 2 * np.pi, size=(machines, 1)))
    burst = np.repeat(rng.random((machines, SAMPLES // 12)) < 0.06, 12, axis=1) * rng.uniform(0.3, 0.8, (machines, 1))
    noise = rng.gamma(2.0, 0.5, size=(machines, SAMPLES))
    percent = np.clip(np.rint(100 * (level * swing * noise + burst)), 0, 100)
    return workload_of(GENERATED, percent.astype(np.uint8))
