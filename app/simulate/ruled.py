"""Requests placed by a file of mapping rules: the engine of the cloud itself, fed with the hosts of a simulation.

The trap: the rules see what a cloud would know. A host is on while something runs there; every core that is promised is
taken to be busy; all machines of one request are one placement group, and nothing else is grouped. Rules know nothing
of GPUs: hosts with too few are shown as in maintenance.
"""

from collections.abc import Sequence

import numpy as np

from app.rules.moment import Now, Vm
from app.rules.placing import NOBODY
from app.rules.power import PowerModel
from app.rules.prepared import Prepared
from app.rules.reservation import reserve
from app.rules.table import Flags, HostTable
from app.simulate.fleet import Floats
from app.simulate.requests import CORES, GPUS, MEMORY
from app.simulate.room import Room

MIB = 2.0**20
CORE_MIPS = 2933.0
PLENTY = 2.0**49


class Ruled:
    """Places each machine of a request where the rules want it, one after another."""

    def __init__(self, policy: Prepared) -> None:
        self._policy = policy
        self._table: HostTable | None = None
        self._on: Flags | None = None
        self._requests = 0

    def choose(self, room: Room, machines: int, need: Floats) -> Sequence[int] | None:
        if self._table is None:
            self._table = _table(room)
        self._show(self._table, room)
        self._table.fill("host.maintenance", room.free[:, GPUS] < need[GPUS])
        self._requests += 1
        vms = [_machine(self._requests, need)] * machines
        placed = reserve(self._table, vms, self._policy, Now(at_s=room.now_s, hour=int(room.now_s // 3600 % 24)))
        if placed[-1].row == NOBODY:
            return None
        self._table.turn(placed[-1].row)
        return [each.row for each in placed]

    def _show(self, table: HostTable, room: Room) -> None:
        taken = room.total[:, CORES] - room.free[:, CORES]
        table.fill("host.vms", room.running.astype(np.float64))
        table.fill("host.mem.free", room.free[:, MEMORY] * MIB)
        table.fill("host.cpu.promised", taken)
        table.fill("host.cpu.load", taken, read_at_s=room.now_s)
        on = room.running > 0
        for row in np.flatnonzero(on != self._on) if self._on is not None else range(len(on)):
            table.put(int(row), "host.power", "on" if on[row] else "off")
        self._on = on


def _machine(request: int, need: Floats) -> Vm:
    return Vm(
        values={
            "vm.id": "i",
            "vm.user": "",
            "vm.account": "",
            "vm.group": f"g{request}",
            "vm.type": "",
            "vm.image": "",
            "vm.tags": frozenset(),
            "vm.vcpus": float(need[CORES]),
            "vm.mem": float(need[MEMORY]) * MIB,
            "vm.disk": 0.0,
            "vm.cpu.used": float(need[CORES]),
        }
    )


def _table(room: Room) -> HostTable:
    table = HostTable([f"h{row}" for row in range(len(room.free))])
    for row, host in enumerate(table.hosts):
        for name, text in (("name", host), ("state", "up"), ("cluster", "one"), ("rack", f"r{room.rack[row]}")):
            table.put(row, f"host.{name}", text)
        table.put(row, "host.tags", frozenset())
    cores = room.total[:, CORES]
    for name, values in {
        "host.index": np.arange(len(table), dtype=np.float64),
        "host.settled": np.zeros(len(table)),
        "host.mem.total": room.total[:, MEMORY] * MIB,
        "host.disk.free": np.full(len(table), PLENTY),
        "host.cpu.cores": cores,
        "host.cpu.ratio": np.ones(len(table)),
        "host.cpu.mips": cores * CORE_MIPS,
        "cluster.hosts": np.full(len(table), float(len(table))),
        "cluster.next_index": np.zeros(len(table)),
    }.items():
        table.fill(name, values)
    if room.watts is not None:
        table.power = PowerModel.linear(*(np.full(len(table), watts) for watts in room.watts))
    return table
