"""The published consolidation: relieve overloaded hosts, then empty the least loaded ones, one after another.

Placement is by least growth of watts, largest machine first ("power-aware best fit decreasing"); from an overloaded
host the machines with the least memory go first ("minimum migration time").

The trap: a host that has just been chosen to relieve another may be emptied in the same round. Its new machine is then
moved twice, and both moves start.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from app.simulate.bookings import Bookings, by_demand, excluding, least_growth
from app.simulate.firstfit import Promises
from app.simulate.fleet import Floats, Ints
from app.simulate.overload import Overload
from app.simulate.policy import Move, State
from app.simulate.residence import NOWHERE

GLANCE = 16  # hosts tested for overload at a time, the best first: the first will mostly do, and one call tests many


class Consolidation:
    """One of the published baselines; they differ in the test for overload."""

    def __init__(self, overload: Overload) -> None:
        self._overload = overload

    def place(self, state: State) -> Sequence[int]:
        """Give every machine the host whose watts grow least if it used all it was promised."""
        promises = Promises(state)
        idle_w = state.fleet.power_w(np.zeros(len(state.fleet)))
        placement = []
        for vm in state.waiting:
            hosts = np.flatnonzero(promises.room(vm))
            after = (state.fleet.capacity - promises.mips + state.guests.mips[vm])[hosts] / state.fleet.capacity[hosts]
            growth = state.fleet.power_w(after, hosts) - idle_w[hosts]
            host = int(hosts[np.argmin(growth)]) if len(hosts) else NOWHERE
            if host != NOWHERE:
                promises.take(vm, host)
            placement.append(host)
        return placement

    def replan(self, state: State) -> Sequence[Move]:
        """Relieve, then empty."""
        return _Round(state, self._overload).moves()


class _Round:
    def __init__(self, state: State, overload: Overload) -> None:
        self._state, self._overload = state, overload
        self._bookings = Bookings(state)
        self._load: Floats = state.load / state.fleet.capacity
        self._drawn: Floats = state.fleet.power_w(np.minimum(self._load, 1.0))

    def moves(self) -> list[Move]:
        hosts = np.arange(len(self._state.fleet))
        overloaded = hosts[self._overload(self._bookings, hosts)].tolist()
        leaving = [vm for host in overloaded for vm in self._relieve(host)]
        relief = self._place(leaving, self._state.up & excluding(len(hosts), overloaded), whole=False)
        return relief + self._empty(overloaded)

    def _relieve(self, host: int) -> Iterable[int]:
        memory = self._state.guests.memory_mb
        here = np.array([host])
        while vms := self._bookings.residents[host]:
            vm = min(vms, key=memory.__getitem__)
            self._bookings.drop(vm, host)
            yield vm
            if not self._overload(self._bookings, here)[0]:
                break

    def _empty(self, overloaded: Sequence[int]) -> list[Move]:
        targets = excluding(len(self._load), overloaded) & (self._load > 0)
        tried = ~targets
        moves: list[Move] = []
        for host in np.argsort(self._load, kind="stable").tolist():
            if tried[host] or self._load[host] >= 1 or not self._bookings.residents[host]:
                continue
            targets[host] = False
            found = self._place(self._bookings.residents[host], targets, whole=True)
            tried[[move.host for move in found]] = True
            moves += found
        return moves

    def _place(self, vms: Sequence[int], allowed: NDArray[np.bool_], *, whole: bool) -> list[Move]:
        moves: list[Move] = []
        hosts = np.flatnonzero(allowed)
        for vm in by_demand(self._state, vms):
            host = self._best(vm, hosts)
            if host != NOWHERE:
                self._bookings.add(vm, host)
                moves.append(Move(vm, host))
            elif whole:
                for move in moves:
                    self._bookings.drop(move.vm, move.host)
                return []
        return moves

    def _best(self, vm: int, hosts: Ints) -> int:
        fitting, growth = least_growth(self._bookings, vm, hosts, self._drawn)
        order = np.argsort(growth, kind="stable")
        for start in range(0, len(order), GLANCE):
            near = fitting[order[start : start + GLANCE]]
            fine = (self._bookings.booked[near] == 0) | ~self._overload(self._bookings, near, vm)
            if fine.any():
                return int(near[np.argmax(fine)])
        return NOWHERE
