"""How few hosts rules need: machines of openb and generated ones, placed as they come, and packed anew after a spread.

openb's hosts are of 27 kinds; there its GPUs are left out, since 98 % of them are asked for and no two packings differ
much. With them, the same machines go to hosts that are alike (the most frequent kind: 96 cores, 384 GiB, 8 GPUs).
The trap: rules know no GPU, so GPUs stand in the column of the disk, one byte each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.rules.moment import Now, Vm
from app.rules.placing import NOBODY, place
from app.rules.plan import Memory
from app.rules.prepared import Prepared, prepare
from app.rules.reading import read
from app.rules.remap import State, remap
from app.rules.table import HostTable
from app.rules.tree import Phase
from app.simulate.requests import openb
from bench.rules.bound import Floats, fewest
from bench.rules.clouds import CORES, GIB, MEMORY, SIZES
from bench.table import Goal, Row

NOW = Now(at_s=100_000.0)
MIB = 2.0**20
HOUR_S = 3600.0
GPU_HOST = (96.0, 384 * GIB, 8.0)
PLENTY = 1.5  # hosts of the generated cloud and of those alike, over the fewest that could do
TEXT = """
rule capacity {
  require host.mem.free >= vm.mem && host.disk.free >= vm.disk
  require host.cpu.promised + vm.vcpus <= host.cpu.cores * host.cpu.ratio
}
rule pack "hosts in use, of these the largest, of these the fullest where cores and memory are used up evenly" {
  prefer host.vms > 0 ? 1 : 0  weight 100
  prefer host.cpu.cores        weight 10
  prefer -(LEFT_CORES * LEFT_CORES + LEFT_MEMORY * LEFT_MEMORY)
  prefer min(LEFT_CORES, LEFT_MEMORY) - max(LEFT_CORES, LEFT_MEMORY)  weight 2
  when host.vms > 0 && host.settled > 15min  evacuate host
}
policy pack { use capacity  use pack  remap every 60s }
""".replace("LEFT_CORES", "(1 - (host.cpu.promised + vm.vcpus) / host.cpu.cores)").replace(
    "LEFT_MEMORY", "((host.mem.free - vm.mem) / host.mem.total)"
)


@dataclass(frozen=True, slots=True)
class Load:
    """What machines need and hosts have: cores, bytes of memory, bytes of disk in the columns."""

    name: str
    needs: Floats
    hosts: Floats


def rows(traces: Path | None) -> Iterator[Row]:
    for load in loads(traces):
        used, held = placed_in_turn(load)
        yield _row(f"{load.name}: placed as they come", used, fewest(load.needs[held], load.hosts), 8.0)
        used, held, moves = packed_anew(load)
        yield _row(f"{load.name}: packed anew", used, fewest(load.needs[held], load.hosts), 3.0,
                   f"{moves} moves ({moves / len(held):.0%})")  # fmt: skip
    if traces is None:
        yield Row(figure="openb", measured=None, unit="%", beside="no traces: --traces DIR")


def loads(traces: Path | None) -> Iterator[Load]:
    drawn = np.random.default_rng(1).integers(0, len(SIZES), 5000)
    needs = np.array([(cores, gib * GIB, 10 * GIB) for cores, gib in SIZES])[drawn]
    yield Load("5000 generated machines", needs, _alike(needs, (CORES, MEMORY, 4096 * GIB)))
    if traces is not None:
        requests = openb(traces / "openb", None, stay=True)
        unit = np.array([1.0, MIB, 1.0])
        needs, hosts = requests.need * unit, requests.hosts * unit
        yield Load("openb, on hosts alike, with GPUs", needs, _alike(needs, GPU_HOST))
        yield Load("openb, on its own hosts", needs * [1, 1, 0], hosts * [1, 1, 0] + [0, 0, 1])


def placed_in_turn(load: Load) -> tuple[int, list[int]]:
    """Place machines one after another; return how many hosts are used, and who found one."""
    table, ready, held = _table(load.hosts), _policy(Phase.PLACE), []
    used: set[int] = set()
    for number, need in enumerate(load.needs):
        vm = _machine(number, need)
        row = place(table, vm, ready, NOW).row
        if row != NOBODY:
            table.add(vm, row)
            held.append(number)
            used.add(row)
    return len(used), held


def packed_anew(load: Load) -> tuple[int, list[int], int]:
    """Spread machines by chance and remap until it is quiet; return hosts used, who runs, and the number of moves."""
    table = _table(load.hosts)
    running = {str(vm.values["vm.id"]): vm for vm in _spread(load, table)}
    ready, memory, now, moves = _policy(Phase.REMAP), Memory(), NOW, 0
    while True:
        plan = remap(State(table=table, vms=[*running.values()]), ready, memory, now)
        if not plan.moves:
            return len({vm.row for vm in running.values()}), [int(name) for name in running], moves
        for move in plan.moves:
            vm, row = replace(running[move.vm], row=NOBODY), table.rows[move.target]
            table.remove(vm, table.rows[move.source])
            table.add(vm, row)
            running[move.vm] = replace(vm, row=row)
        moves, memory, now = moves + len(plan.moves), plan.memory, replace(now, at_s=now.at_s + HOUR_S)


def _spread(load: Load, table: HostTable) -> Iterator[Vm]:
    chance, free = np.random.default_rng(1), load.hosts.copy()
    for number, need in enumerate(load.needs):
        fitting = np.flatnonzero((free >= need).all(axis=1))
        if len(fitting):
            row = int(chance.choice(fitting))
            free[row] -= need
            vm = _machine(number, need)
            table.add(vm, row)
            yield replace(vm, row=row)


def _row(figure: str, used: int, bound: int, most: float, beside: str = "") -> Row:
    words = f"{used} hosts, bound {bound}" + (f"; {beside}" if beside else "")
    return Row(figure=figure, measured=100 * (used / bound - 1), unit="%", goal=Goal.at_most(most, "%"), beside=words)


def _alike(needs: Floats, host: tuple[float, float, float]) -> Floats:
    least = int((needs.sum(axis=0) / host).max() * PLENTY)
    return np.tile(host, (least, 1))


def _machine(number: int, need: Floats) -> Vm:
    cores, memory, disk = (float(amount) for amount in need)
    return Vm(values={"vm.id": str(number), "vm.vcpus": cores, "vm.mem": memory, "vm.disk": disk})


def _table(hosts: Floats) -> HostTable:
    table = HostTable([f"n{row}" for row in range(len(hosts))])
    zeros, ones = np.zeros(len(hosts)), np.ones(len(hosts))
    cores, memory, disk = hosts.T
    for name, cells in {
        "host.index": np.arange(len(hosts)),
        "host.vms": zeros,
        "host.settled": zeros,
        "host.cpu.cores": cores,
        "host.cpu.ratio": ones,
        "host.cpu.promised": zeros,
        "host.mem.total": memory,
        "host.mem.free": memory,
        "host.disk.free": disk,
    }.items():
        table.fill(name, cells)
    for row in range(len(hosts)):
        table.put(row, "host.state", "up")
        table.put(row, "host.power", "on")
    return table


def _policy(phase: Phase) -> Prepared:
    outcome = read(TEXT, "pack.rules")
    assert outcome.sound, [str(fault) for fault in outcome.faults]
    return prepare(outcome.ruleset, "pack", phase)
