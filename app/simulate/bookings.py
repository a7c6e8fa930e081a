"""A policy's notebook for one round: what each host would look like with the changes noted so far.

The trap: the watts a host draws *now* come from the last measurement and do not follow the notes. So a machine placed
a moment ago makes its host look worse for the next one, and load spreads. That is how the published rule works.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.simulate.fleet import Floats, Ints
from app.simulate.policy import State


class Bookings:
    """Residents, asked and booked MIPS, free MIPS and load history of every host."""

    def __init__(self, state: State) -> None:
        self.state, self.fleet = state, state.fleet
        self.residents = [list(vms) for vms in state.residents]
        self.demand: list[float] = state.demand.tolist()
        self._core: list[float] = self.fleet.core_mips.tolist()
        self._capacity: list[float] = self.fleet.capacity.tolist()
        self._past: Floats = state.history * state.guests.mips[:, None]
        hosts = len(self.fleet)
        self.asked: Floats = np.zeros(hosts)
        self.booked: Floats = np.zeros(hosts)
        self.free: Floats = self.fleet.capacity.copy()
        self.past: Floats = np.zeros((hosts, state.history.shape[1]))
        for host in range(hosts):
            if self.residents[host]:
                self._count(host)

    def add(self, vm: int, host: int) -> None:
        """Note a machine on a host that has room for it."""
        self.residents[host].append(vm)
        mips = min(self.demand[vm], self._core[host])
        self.asked[host] += self.demand[vm]
        self.booked[host] += mips
        self.free[host] -= mips
        self.past[host] += self._past[vm] / self._capacity[host]

    def drop(self, vm: int, host: int) -> None:
        """Note a machine away from a host."""
        self.residents[host].remove(vm)
        self._count(host)

    def past_with(self, vm: int, hosts: Ints) -> Floats:
        """Give the load history of these hosts as if the machine had always been there."""
        return np.asarray(self.past[hosts] + self._past[vm] / self.fleet.capacity[hosts, None])

    def _count(self, host: int) -> None:
        vms = self.residents[host]
        capacity, core = self._capacity[host], self._core[host]
        demands = [self.demand[vm] for vm in vms]
        capped = [min(mips, core) for mips in demands]
        wanted = sum(capped)
        self.asked[host] = sum(demands)
        if wanted > capacity:
            self.booked[host] = sum(mips * (capacity / wanted) // 1 for mips in capped)
            self.free[host] = 0.0
        else:
            self.booked[host] = wanted
            self.free[host] = capacity - wanted
        self.past[host] = (self._past[vms] / capacity).sum(axis=0) if vms else 0.0


def least_growth(bookings: Bookings, vm: int, hosts: Ints, drawn: Floats) -> tuple[Ints, Floats]:
    """Name those of the hosts that have room for the machine, and by how many watts each would grow."""
    mips = bookings.demand[vm]
    room = (bookings.fleet.core_mips[hosts] >= mips) & (bookings.free[hosts] >= mips)
    fitting = hosts[room]
    after = (bookings.booked[fitting] + mips) / bookings.fleet.capacity[fitting]
    return fitting, bookings.fleet.power_w(np.minimum(after, 1.0), fitting) - drawn[fitting]


def by_demand(state: State, vms: Iterable[int]) -> list[int]:
    """Order machines by what they ask for, the largest first, equal ones as they came."""
    return sorted(vms, key=lambda vm: -state.demand[vm])


def excluding(hosts: int, excluded: Iterable[int]) -> NDArray[np.bool_]:
    """Mark all hosts but the excluded ones."""
    mark = np.ones(hosts, dtype=np.bool_)
    mark[list(excluded)] = False
    return mark
