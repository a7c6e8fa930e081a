"""Placement without any consolidation: the first host with room for everything a machine was promised.

The trap: promised means full MIPS, memory and bandwidth, because nothing is known of a machine's use before it runs.
"""

from collections.abc import Sequence

import numpy as np

from app.simulate.fleet import Floats
from app.simulate.policy import Move, State
from app.simulate.residence import NOWHERE


class Promises:
    """What is left of each host when every machine is counted with all it was promised."""

    def __init__(self, state: State) -> None:
        fleet, guests = state.fleet, state.guests
        self._core, self._guests, self._up = fleet.core_mips, guests, state.up
        self.mips: Floats = fleet.capacity.copy()
        self._memory, self._bandwidth = fleet.memory_mb.copy(), fleet.bandwidth_kbit.copy()
        for vm in np.flatnonzero(state.home != NOWHERE).tolist():
            self.take(vm, int(state.home[vm]))

    def room(self, vm: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Say of each host whether the machine fits."""
        mips, memory, bandwidth = self._wants(vm)
        fits: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            self._up
            & (self._core >= mips)
            & (self.mips >= mips)
            & (self._memory >= memory)
            & (self._bandwidth >= bandwidth)
        )
        return fits

    def take(self, vm: int, host: int) -> None:
        """Count the machine on the host."""
        mips, memory, bandwidth = self._wants(vm)
        self.mips[host] -= mips
        self._memory[host] -= memory
        self._bandwidth[host] -= bandwidth

    def _wants(self, vm: int) -> tuple[float, float, float]:
        guests = self._guests
        return float(guests.mips[vm]), float(guests.memory_mb[vm]), float(guests.bandwidth_kbit[vm])


class FirstFit:
    """Each machine goes to the first host with room and stays."""

    def place(self, state: State) -> Sequence[int]:
        promises = Promises(state)
        placement = []
        for vm in state.waiting:
            fitting = np.flatnonzero(promises.room(vm))
            host = int(fitting[0]) if len(fitting) else NOWHERE
            if host != NOWHERE:
                promises.take(vm, host)
            placement.append(host)
        return placement

    def replan(self, state: State) -> Sequence[Move]:
        return []
