"""Hosts and guests of an experiment as columns, with the measured watts of the two published servers.

The trap: watts are known at 0, 10, … 100 % of load only. Between them the published experiments interpolate, so the
growth of watts with load is a staircase, and ties between equal hosts are the rule, not the exception.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostModel:
    """A kind of server; `watts` at 0, 10, … 100 % load (SPECpower_ssj2008)."""

    name: str
    cores: int
    core_mips: float
    memory_mb: float
    bandwidth_kbit: float
    watts: tuple[float, ...]


G4 = HostModel(
    name="hp-ml110-g4-xeon3040",
    cores=2,
    core_mips=1860,
    memory_mb=4096,
    bandwidth_kbit=1_000_000,
    watts=(86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117),
)
G5 = HostModel(
    name="hp-ml110-g5-xeon3075",
    cores=2,
    core_mips=2660,
    memory_mb=4096,
    bandwidth_kbit=1_000_000,
    watts=(93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestType:
    """A kind of virtual machine with one virtual core."""

    mips: float
    memory_mb: float
    bandwidth_kbit: float = 100_000


GUEST_TYPES = (
    GuestType(mips=2500, memory_mb=870),
    GuestType(mips=2000, memory_mb=1740),
    GuestType(mips=1000, memory_mb=1740),
    GuestType(mips=500, memory_mb=613),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The hosts, one entry a host in each column."""

    core_mips: Floats
    capacity: Floats
    memory_mb: Floats
    bandwidth_kbit: Floats
    watts: Floats

    def __len__(self) -> int:
        return len(self.capacity)

    def power_w(self, load: Floats, hosts: Ints | None = None) -> Floats:
        """Give the watts at these loads (0..1) of the named hosts, or of all."""
        tenths = load * 10
        low = np.floor(tenths)
        rows = np.arange(len(self)) if hosts is None else hosts
        below = self.watts[rows, low.astype(np.int64)]
        above = self.watts[rows, np.ceil(tenths).astype(np.int64)]
        return np.asarray(below + (above - below) / 10 * (load - low / 10) * 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """The virtual machines, one entry a machine in each column."""

    mips: Floats
    memory_mb: Floats
    bandwidth_kbit: Floats

    def __len__(self) -> int:
        return len(self.mips)


def fleet_of(count: int, models: tuple[HostModel, ...] = (G4, G5)) -> Fleet:
    """Build `count` hosts, the models taking turns."""
    chosen = [models[index % len(models)] for index in range(count)]
    return Fleet(
        core_mips=np.array([model.core_mips for model in chosen], dtype=np.float64),
        capacity=np.array([model.core_mips * model.cores for model in chosen], dtype=np.float64),
        memory_mb=np.array([model.memory_mb for model in chosen], dtype=np.float64),
        bandwidth_kbit=np.array([model.bandwidth_kbit for model in chosen], dtype=np.float64),
        watts=np.array([model.watts for model in chosen], dtype=np.float64),
    )


def guests_of(count: int) -> Guests:
    """Build `count` machines: the first quarter of the first type, the second of the second, and so on."""
    quarter = -(-count // len(GUEST_TYPES))
    chosen = [GUEST_TYPES[index // quarter] for index in range(count)]
    return Guests(
        mips=np.array([kind.mips for kind in chosen], dtype=np.float64),
        memory_mb=np.array([kind.memory_mb for kind in chosen], dtype=np.float64),
        bandwidth_kbit=np.array([kind.bandwidth_kbit for kind in chosen], dtype=np.float64),
    )
