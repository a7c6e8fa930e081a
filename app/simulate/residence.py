"""Where each machine stands, and the moves under way.

The trap: the order of arrival on a host is part of the published protocol (the first of several equal machines leaves
first), so a machine that ends a move goes to the end of its new host's list.
"""

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from app.simulate.fleet import Ints
from app.simulate.policy import Move
from app.simulate.shares import Tenancy

NOWHERE = -1


class PolicyError(Exception):
    """A policy answered something that cannot be done."""


class Residence:
    """The placement of an experiment as it changes."""

    def __init__(self, hosts: int, machines: int) -> None:
        self.home: Ints = np.full(machines, NOWHERE)
        self.moving: NDArray[np.bool_] = np.zeros(machines, dtype=np.bool_)
        self.residents: list[list[int]] = [[] for _ in range(hosts)]
        self.up: NDArray[np.bool_] = np.ones(hosts, dtype=np.bool_)

    def put(self, vm: int, host: int) -> None:
        """Set a machine that has no home on a host, NOWHERE leaves it; PolicyError when the host cannot be used."""
        if host == NOWHERE:
            return
        if not 0 <= host < len(self.residents) or not self.up[host]:
            raise PolicyError(f"machine {vm} was placed on host {host}, which is not there")
        self.home[vm] = host
        self.residents[host].append(vm)

    def fail(self, host: int) -> list[int]:
        """Take a host away; name the machines that stood on it, which now stand nowhere, and forget moves to it."""
        lost = [vm for vm in self.residents[host] if self.home[vm] == host]
        self.residents[host] = []
        self.up[host] = False
        for vm in lost:
            for vms in self.residents:
                if vm in vms:
                    vms.remove(vm)
        self.home[lost] = NOWHERE
        return lost

    def tenancy(self) -> Tenancy:
        """Give every pair of machine and host, both ends of a move included."""
        counts = np.fromiter(map(len, self.residents), dtype=np.int64, count=len(self.residents))
        vm = np.fromiter(chain.from_iterable(self.residents), dtype=np.int64, count=int(counts.sum()))
        host = np.repeat(np.arange(len(counts)), counts)
        arriving = self.home[vm] != host
        return Tenancy(vm=vm, host=host, arriving=arriving, leaving=self.moving[vm] & ~arriving)

    def start(self, move: Move) -> None:
        """Begin a move; PolicyError when the machine or the host cannot take part in it."""
        home = self.home[move.vm]
        there = 0 <= move.host < len(self.residents) and self.up[move.host]
        if home == NOWHERE or not there or move.vm in self.residents[move.host]:
            raise PolicyError(f"machine {move.vm} on host {home} cannot be moved to host {move.host}")
        self.moving[move.vm] = True
        self.residents[move.host].append(move.vm)

    def finish(self, move: Move) -> None:
        """End a move: the machine stands on its target only."""
        self.residents[self.home[move.vm]].remove(move.vm)
        self.residents[move.host].remove(move.vm)
        self.residents[move.host].append(move.vm)
        self.home[move.vm] = move.host
        self.moving[move.vm] = False

    def leave(self, vm: int) -> None:
        """Take a machine away for good."""
        self.residents[self.home[vm]].remove(vm)
        self.home[vm] = NOWHERE
