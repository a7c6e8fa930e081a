"""What is free on each host while requests come and go, and the entry for a policy that places them.

The trap: a policy sees the room as it is, not a copy. It answers hosts and changes nothing; the simulator books.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from app.simulate.fleet import Floats, Ints

HOSTS_PER_RACK = 16


class Room:
    """Free cores, memory and GPUs (one column each) and running machines of every host; racks of 16 hosts."""

    def __init__(self, hosts: Floats, watts: tuple[float, float] | None = None) -> None:
        self.total, self.watts = hosts, watts
        self.now_s = 0.0
        self.free: Floats = hosts.copy()
        self.running: Ints = np.zeros(len(hosts), dtype=np.int64)
        self.rack: Ints = np.arange(len(hosts)) // HOSTS_PER_RACK

    def fits(self, need: Floats) -> Ints:
        """Give for each host how many machines of this kind it could still take."""
        asked = need > 0
        times = np.floor((self.free[:, asked] + 1e-9) / need[asked])
        return np.asarray(np.maximum(times.min(axis=1), 0).astype(np.int64))

    def book(self, hosts: Ints, counts: Ints, need: Floats) -> None:
        """Put so many machines on these hosts, each host named once; a negative count takes them away."""
        self.free[hosts] -= counts[:, None] * need
        self.running[hosts] += counts


class Chooser(Protocol):
    """Decides where the machines of a request run."""

    def choose(self, room: Room, machines: int, need: Floats) -> Sequence[int] | None:
        """Give a host for each of the machines, or None if they do not all fit."""
        ...


def in_order(order: Ints, fits: Ints, machines: int) -> list[int] | None:
    """Fill the hosts one after another in this order."""
    upto = np.cumsum(fits[order])
    last = int(np.searchsorted(upto, machines))
    if last >= len(order):
        return None
    counts = fits[order[: last + 1]].copy()
    counts[-1] -= upto[last] - machines
    return np.repeat(order[: last + 1], counts).tolist()


def in_turn(order: Ints, fits: Ints, machines: int) -> list[int] | None:
    """Give each host in this order one machine, then each a second one, and so on."""
    if fits.sum() < machines:
        return None
    chosen: list[int] = []
    left = fits.copy()
    while len(chosen) < machines:
        turn = order[left[order] > 0][: machines - len(chosen)]
        left[turn] -= 1
        chosen += turn.tolist()
    return chosen
