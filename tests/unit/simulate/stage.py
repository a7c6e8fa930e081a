"""Small stages for the simulator: hosts of two cores of 1000 MIPS, machines of even load, scripted policies.

The trap: watts are 100 at no load and 200 at full load, straight in between, so that expected energies can be worked
out by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from app.simulate.fleet import Fleet, Guests, HostModel, fleet_of
from app.simulate.policy import Move, State
from app.simulate.workload import SAMPLES, Workload

PLAIN = HostModel(
    name="plain",
    cores=2,
    core_mips=1000,
    memory_mb=4096,
    bandwidth_kbit=1_000_000,
    watts=tuple(100.0 + 10 * step for step in range(11)),
)


def plain_fleet(hosts: int) -> Fleet:
    return fleet_of(hosts, (PLAIN,))


def guests(mips: Sequence[float], memory_mb: Sequence[float] | None = None) -> Guests:
    return Guests(
        mips=np.array(mips, dtype=np.float64),
        memory_mb=np.array(memory_mb or [625.0] * len(mips)),
        bandwidth_kbit=np.full(len(mips), 1000.0),
    )


def even(use: Sequence[float], mips: Sequence[float], memory_mb: Sequence[float] | None = None) -> Workload:
    """A day on which every machine keeps its use."""
    return Workload(day="even", guests=guests(mips, memory_mb), use=np.repeat(np.array([use]).T, SAMPLES + 1, axis=1))


def state(
    demand: Sequence[float], residents: Sequence[Sequence[int]], memory_mb: Sequence[float] | None = None
) -> State:
    """What a policy sees: machines of 1000 MIPS on plain hosts that were measured with just this demand."""
    home = np.full(len(demand), -1)
    for host, vms in enumerate(residents):
        home[list(vms)] = host
    return State(
        now_s=300.0,
        fleet=plain_fleet(len(residents)),
        guests=guests([1000.0] * len(demand), memory_mb),
        demand=np.array(demand, dtype=np.float64),
        load=np.array([sum(demand[vm] for vm in vms) for vms in residents], dtype=np.float64),
        home=home,
        residents=residents,
        history=np.zeros((len(demand), 30)),
        rounds=1,
        up=np.ones(len(residents), dtype=np.bool_),
        on=np.array([bool(vms) for vms in residents]),
        settled_s=np.zeros(len(residents)),
        waiting=np.flatnonzero(home == -1).tolist(),
    )


def steep(seen: State, host: int) -> State:
    """Let the watts of one host grow twice as fast with its load."""
    watts = seen.fleet.watts.copy()
    watts[host] = 100 + 20 * np.arange(11)
    return replace(seen, fleet=replace(seen.fleet, watts=watts))


class Scripted:
    """Places as told, and starts the named moves in the named rounds (the first is 0)."""

    def __init__(self, placement: Sequence[int], script: Mapping[int, Sequence[Move]] | None = None) -> None:
        self.seen: list[State] = []
        self._placement, self._script = placement, script or {}

    def place(self, state: State) -> Sequence[int]:
        return [self._placement[vm] for vm in state.waiting]

    def replan(self, state: State) -> Sequence[Move]:
        self.seen.append(replace(state, home=state.home.copy(), residents=[list(vms) for vms in state.residents]))
        return self._script.get(len(self.seen) - 1, [])
