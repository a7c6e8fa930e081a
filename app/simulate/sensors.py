"""What rules read of a simulated day: one host table, kept up to date from the simulation, and the machines.

The trap: hosts differ in speed, and rules count cores. So a core here is one of the fastest kind, whatever host it is
on. As in the published protocol a machine is booked with all it was promised when it is placed and with what it asks
for afterwards, and memory binds at the beginning of the day only.
"""

from collections import Counter

import numpy as np

from app.rules.moment import Now, Value, Vm
from app.rules.placing import NOBODY
from app.rules.plan import Memory, Plan
from app.rules.power import PowerModel
from app.rules.table import Flags, HostTable
from app.simulate.fleet import Fleet, Floats, Guests, Ints
from app.simulate.policy import State
from app.simulate.residence import NOWHERE
from app.simulate.room import HOSTS_PER_RACK
from app.simulate.workload import INTERVAL_S

MIB = 2.0**20
Periods = frozenset[tuple[str, float]]
LOAD, USED = "host.cpu.load", "vm.cpu.used"
PLENTY = 2.0**43
CLUSTER = "one"


class Sensors:
    """Shows one state after the other in the same table."""

    def __init__(self, fleet: Fleet, guests: Guests, averaged: Periods = frozenset()) -> None:
        self._averaged = frozenset(seconds for name, seconds in averaged if name in {LOAD, USED})
        self._means: dict[float, list[float]] = {}
        self._rounds = 0
        self.core_mips = float(fleet.core_mips.max())
        self.cores: Floats = fleet.capacity / self.core_mips
        self.table = _table(fleet, self.cores)
        self.table.fill("cluster.vm_max_vcpus", np.full(len(fleet), guests.mips.max() / self.core_mips))
        self._rack = np.arange(len(fleet)) // HOSTS_PER_RACK
        self._promised = [_promised(guests, vm, self.core_mips) for vm in range(len(guests))]
        self._up: Flags = np.zeros(len(fleet), dtype=np.bool_)
        self._on: Flags = np.zeros(len(fleet), dtype=np.bool_)
        self._used: list[float] = []
        self._moved: Counter[str] = Counter()

    def show(self, state: State, memory: Memory) -> None:
        """Bring the table up to date."""
        table, size = self.table, len(self.table)
        for row in np.flatnonzero(state.up != self._up).tolist():
            table.put(row, "host.state", "up" if state.up[row] else "down")
        self._up = state.up.copy()
        for row in np.flatnonzero(state.on != self._on).tolist():
            self.switch(row, on=bool(state.on[row]), now_s=state.now_s)
        running = np.flatnonzero(state.home != NOWHERE)
        rows, used = state.home[running], state.demand / self.core_mips
        load: Floats = np.bincount(rows, used[running], size).astype(np.float64)
        for name, values in {
            "host.vms": np.bincount(rows, minlength=size).astype(np.float64),
            "host.mem.free": np.full(size, PLENTY) if len(running) else state.fleet.memory_mb * MIB,
            "host.settled": state.settled_s,
            "host.cpu.promised": load,
            "rack.vms": np.bincount(self._rack[rows], minlength=size)[self._rack].astype(np.float64),
            "cluster.pending": np.full(size, float(len(state.waiting))),
        }.items():
            table.fill(name, values)
        assert table.power is not None
        self._count_free(load)
        table.fill("host.cpu.load", load, state.now_s)
        table.fill("host.power_watts", np.where(state.on, table.power.watts(load / self.cores), 0.0), state.now_s)
        self._used = used.tolist()
        self._average(state, running, rows)
        self._moved = Counter(moved.vm for moved in memory.moved)

    def _average(self, state: State, running: Ints, rows: Ints) -> None:
        """Show means: of a host, what its machines used on average, wherever they were."""
        for seconds in self._averaged:
            rounds = max(1, min(int(seconds / INTERVAL_S), state.rounds))
            means = state.history[:, :rounds].mean(axis=1) * state.guests.mips / self.core_mips
            self.table.averages[LOAD, seconds] = np.bincount(rows, means[running], len(self.table)).astype(np.float64)
            self._means[seconds] = means.tolist()

    def switch(self, row: int, *, on: bool, now_s: float) -> None:
        """Show that a host was switched."""
        self._on[row] = on
        self.table.put(row, "host.power", "on" if on else "asleep")
        self.table.put(row, "host.uptime", now_s)

    def carry_out(self, plan: Plan, home: dict[int, int], now_s: float) -> None:
        """Show what a plan does; `home` is changed with it."""
        for name, host in plan.steps:
            vm, row = int(name), self.table.rows[host]
            machine = self.running(vm)
            self.table.remove(machine, home[vm])
            self.table.add(machine, row)
            for end in (home[vm], row):
                self.table.put(end, "host.settled", now_s)
            home[vm] = row
        for power in plan.powers:
            self.switch(self.table.rows[power.host], on=power.on, now_s=now_s)
        rows = np.fromiter(home.values(), dtype=np.int64, count=len(home))
        used = np.fromiter((self._used[vm] for vm in home), dtype=np.float64, count=len(home))
        self._count_free(np.bincount(rows, used, len(self.table)).astype(np.float64))

    def _count_free(self, load: Floats) -> None:
        idle = float(np.maximum(self.cores - load, 0.0)[self._on].sum())
        self.table.fill("cluster.cpu.free", np.full(len(self.table), idle))

    @property
    def on(self) -> Flags:
        """The hosts that are on."""
        return self._on.copy()

    def new(self, vm: int) -> Vm:
        """Return a machine that is to be placed."""
        return Vm(values=self._promised[vm])

    def running(self, vm: int, row: int = NOBODY) -> Vm:
        """Return a machine that runs on the host of a row."""
        values, used = self._promised[vm], self._used[vm]
        now = {"vm.vcpus": used, "vm.cpu.used": used, "vm.migrations_1h": float(self._moved[str(vm)])}
        means = {(USED, seconds): found[vm] for seconds, found in self._means.items()}
        return Vm(values={**values, **now}, averages=means, row=row)


def moment(now_s: float) -> Now:
    """Return the time of a day that began at midnight."""
    return Now(at_s=now_s, hour=int(now_s // 3600 % 24))


def _promised(guests: Guests, vm: int, core_mips: float) -> dict[str, Value]:
    cores = float(guests.mips[vm]) / core_mips
    return {
        "vm.id": str(vm),
        "vm.user": "",
        "vm.account": "",
        "vm.group": "",
        "vm.type": "",
        "vm.image": "",
        "vm.tags": frozenset(),
        "vm.age": 0.0,
        "vm.vcpus": cores,
        "vm.cpu.used": cores,
        "vm.mem": float(guests.memory_mb[vm]) * MIB,
        "vm.disk": 0.0,
        "vm.group_spread": 1.0,
        "vm.migrations_1h": 0.0,
    }


def _table(fleet: Fleet, cores: Floats) -> HostTable:
    size = len(fleet)
    table = HostTable([f"h{row}" for row in range(size)])
    for row, host in enumerate(table.hosts):
        rack = f"r{row // HOSTS_PER_RACK}"
        for name, text in (
            ("name", host),
            ("state", "down"),
            ("power", "asleep"),
            ("cluster", CLUSTER),
            ("rack", rack),
        ):
            table.put(row, f"host.{name}", text)
        table.put(row, "host.tags", frozenset())
        table.put(row, "rack.name", rack)
        table.put(row, "cluster.name", CLUSTER)
    for sensor, values in {
        "host.index": np.arange(size, dtype=np.float64),
        "host.uptime": np.zeros(size),
        "host.maintenance": np.zeros(size),
        "host.mem.total": fleet.memory_mb * MIB,
        "host.disk.total": np.full(size, PLENTY),
        "host.disk.free": np.full(size, PLENTY),
        "host.cpu.cores": cores,
        "host.cpu.ratio": np.ones(size),
        "host.cpu.mips": fleet.capacity,
        "rack.hosts": np.minimum(HOSTS_PER_RACK, size - np.arange(size) // HOSTS_PER_RACK * HOSTS_PER_RACK),
        "cluster.hosts": np.full(size, float(size)),
        "cluster.next_index": np.zeros(size),
    }.items():
        table.fill(sensor, values)
    table.power = PowerModel(fleet.watts)
    return table
