"""A policy of one's own, as an example: fill hosts, relieve them in time, empty those that are half used.

    euca simulate --policy lr-mmt-1.2,data/policies/packing.py:Packing

Each round, in this order:

1. A host above `full` of its capacity gives machines away until it is below: of those that are enough alone the one
   with the least memory (it is gone soonest), else those with little memory first, the busiest first.
2. Each goes to the fullest host that stays below `fill`, preferably one that is taking a machine already. If there is
   none, an empty host is woken.
3. A host that is below `empty`, takes nothing now and has taken nothing for `settle_s` is emptied, if all its machines
   find a place by rule 2 without waking anything.

`Spare`, `Brisk` and `Tight` are the same with other numbers: less disturbance, or less energy.
"""

import numpy as np

from app.simulate.firstfit import Promises
from app.simulate.policy import Move

NEVER = -1.0e9
SMALL_MB = 1000


class Packing:
    fill = 0.92
    full = 0.96
    empty = 0.80
    settle_s = 5400.0
    changed_s = None

    def place(self, state):
        """Largest hosts first; every machine is counted with all it was promised."""
        promises = Promises(state)
        largest_first = np.argsort(-state.fleet.capacity, kind="stable")
        placement = []
        for vm in state.waiting:
            fitting = largest_first[promises.room(vm)[largest_first]]
            host = int(fitting[0]) if len(fitting) else -1
            if host >= 0:
                promises.take(vm, host)
            placement.append(host)
        return placement

    def replan(self, state):
        self.state = state
        if self.changed_s is None:
            self.changed_s = np.full(len(state.fleet), NEVER)
        self.capacity = state.fleet.capacity
        self.asked = np.array([state.demand[list(vms)].sum() for vms in state.residents])
        self.machines = np.array([len(vms) for vms in state.residents])
        self.taking = np.zeros(len(state.fleet), dtype=bool)
        self.closed = (self.asked > self.full * self.capacity) | ~state.up
        self.moves = []
        leaving = [(vm, host) for host in np.flatnonzero(self.closed & state.up) for vm in self.surplus(host)]
        for vm, host in sorted(leaving, key=lambda pair: -state.demand[pair[0]]):
            self.move(vm, host, self.target(vm, wake=True))
        for host in np.argsort(self.asked / self.capacity, kind="stable"):
            if self.may_be_emptied(host):
                self.drain(host)
        self.changed_s[self.taking] = state.now_s
        return self.moves

    def surplus(self, host):
        """Name the machines that have to leave."""
        demand, memory_mb = self.state.demand, self.state.guests.memory_mb
        over = self.asked[host] - self.full * self.capacity[host]
        enough = [vm for vm in self.state.residents[host] if demand[vm] >= over]
        if enough:
            return [min(enough, key=lambda vm: (memory_mb[vm], demand[vm]))]
        chosen = []
        for vm in sorted(self.state.residents[host], key=lambda vm: (memory_mb[vm] > SMALL_MB, -demand[vm])):
            chosen.append(vm)
            if demand[chosen].sum() >= over:
                break
        return chosen

    def target(self, vm, wake):
        """Name the fullest host with room, an empty one if need be and allowed, or -1."""
        mips = self.state.demand[vm]
        open_ = ~self.closed & (self.state.fleet.core_mips >= mips)
        after = (self.asked + mips) / self.capacity
        fits = open_ & (after <= self.fill) & (self.machines > 0)
        if fits.any():
            large = self.capacity == self.capacity.max()
            return int(np.argmax(np.where(fits, after + self.taking + large, -1)))
        asleep = open_ & (self.machines == 0)
        return int(np.argmax(np.where(asleep, self.capacity, -1))) if wake and asleep.any() else -1

    def move(self, vm, source, target):
        if target >= 0:
            self.asked[source] -= self.state.demand[vm]
            self.asked[target] += self.state.demand[vm]
            self.machines[source] -= 1
            self.machines[target] += 1
            self.taking[target] = True
            self.moves.append(Move(int(vm), int(target)))

    def may_be_emptied(self, host):
        settled = self.state.now_s - self.changed_s[host] >= self.settle_s
        used = self.machines[host] > 0 and self.asked[host] < self.empty * self.capacity[host]
        return settled and used and not self.closed[host] and not self.taking[host]

    def drain(self, host):
        """Move all machines of a host, or none."""
        kept = self.asked.copy(), self.machines.copy(), self.taking.copy(), len(self.moves)
        self.closed[host] = True
        for vm in sorted(self.state.residents[host], key=lambda vm: -self.state.demand[vm]):
            target = self.target(vm, wake=False)
            if target < 0:
                self.asked, self.machines, self.taking = kept[:3]
                del self.moves[kept[3] :]
                self.closed[host] = False
                return
            self.move(vm, host, target)


class Spare(Packing):
    fill = 0.85
    settle_s = 14400.0


class Brisk(Packing):
    fill = 0.90
    full = 0.97
    empty = 0.70
    settle_s = 3600.0


class Tight(Brisk):
    fill = 0.95
