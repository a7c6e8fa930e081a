"""The entry for a policy: what it is told, what it answers. The published baselines are written against it as well.

A policy of your own is a class with the two methods of `Policy`; hand it to `app.simulate.experiment.run`:

    class Stay:
        def place(self, state):            # at the beginning: a host for each, -1 for none
            return [vm % len(state.fleet) for vm in state.waiting]
        def replan(self, state):           # every 300 s: the moves to start now
            return []

    run(generated(60, seed=1), "stay", Stay(), hosts=40)

The trap: all arrays belong to the simulator. Copy before you change one. Moves of one answer start at the same moment,
and for the length of its move a machine is charged to both hosts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from app.simulate.fleet import Fleet, Floats, Guests, Ints

HISTORY = 30


class Move(NamedTuple):
    """Take this machine to that host, now."""

    vm: int
    host: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What can be seen at one moment.

    `demand` is what each machine asks for in MIPS, `load` what each host was measured to give, `home` the host of each
    machine (-1: none), `residents` the machines of each host in order of arrival, `history` each machine's use (0..1)
    at the last 30 rounds, the newest first (0 before the first of the `rounds` so far), `up` the hosts that can be
    used, `on` those that are switched on, `settled_s` when a machine last moved to or from each host (long ago at the
    beginning), `waiting` the machines that need a host.
    """

    now_s: float
    fleet: Fleet
    guests: Guests
    demand: Floats
    load: Floats
    home: Ints
    residents: Sequence[Sequence[int]]
    history: Floats
    rounds: int
    up: NDArray[np.bool_]
    on: NDArray[np.bool_]
    settled_s: Floats
    waiting: Sequence[int]


class Policy(Protocol):
    """Decides where machines run.

    Empty hosts are off, and come up as soon as a machine is put there. A policy with an attribute `on`, a flag for each
    host, keeps those on that it flags, although nothing runs there.
    """

    def place(self, state: State) -> Sequence[int]:
        """Give a host for each of the `waiting` machines, in that order; -1 leaves it without.

        Asked at the beginning for all machines, and after a host failed for those that stood on it.
        """
        ...

    def replan(self, state: State) -> Sequence[Move]:
        """Give the moves that start now."""
        ...
