"""What a server that runs for years must not let grow: memory, open files, threads, its database.

The audit is kept for good on purpose, so its pages are told apart from the rest of the database.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at a server's process and its database."""

    rss_mib: float
    files: int
    threads: int
    database_mib: float
    audit_mib: float

    @classmethod
    def take(cls, pid: int, database: Path) -> "Reading":
        told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
        total, audit = _pages(database)
        return cls(
            rss_mib=int(told["VmRSS"].split()[0]) / 1024,
            files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
            threads=int(told["Threads"]),
            database_mib=(total - audit) / MIB,
            audit_mib=audit / MIB,
        )

    def __str__(self) -> str:
        return (
            f"rss {self.rss_mib:6.1f} MiB  files {self.files:3}  threads {self.threads:3}"
            f"  database {self.database_mib:5.1f} MiB  audit {self.audit_mib:5.1f} MiB"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much higher a gauge may stand at the end than in the middle: a part of it and so many more."""

    gauge: str
    part: float
    more: float


HANDLES = (Limit(gauge="files", part=0, more=8), Limit(gauge="threads", part=0, more=4))
FLAT = (*HANDLES, Limit(gauge="rss_mib", part=0.05, more=4), Limit(gauge="database_mib", part=0.15, more=1))


def risen(readings: Sequence[Reading], limits: Sequence[Limit] = FLAT) -> list[str]:
    """Name the gauges that rose from the second quarter of the readings to the last one; four of them at least."""
    quarter = len(readings) // 4
    said = []
    for limit in limits:
        values = [getattr(reading, limit.gauge) for reading in readings]
        middle, end = median(values[quarter : 2 * quarter]), median(values[-quarter:])
        if end > middle * (1 + limit.part) + limit.more:
            said.append(f"{limit.gauge} rose from {middle:.1f} to {end:.1f}")
    return said


def _pages(database: Path) -> tuple[int, int]:
    """Return the bytes of all pages in use, and of the audit's."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        sizes = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    audit = sum(size for name, size in sizes.items() if "audit" in name)
    return sum(sizes.values()), audit
