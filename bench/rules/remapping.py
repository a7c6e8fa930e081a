"""How long a plan takes that empties hosts, how near it comes to the fewest hosts that could do, and how much moves."""

import time
from collections.abc import Iterator
from random import Random

import numpy as np

from app.rules.fleet import Fleet
from app.rules.plan import Memory
from app.rules.remap import State, remap
from app.rules.tree import Phase
from bench.rules.bound import fewest
from bench.rules.clouds import CORES, MEMORY, NOW, hosts, machines, policy
from bench.table import Goal, Row

SIZES = ((5_000, 800, 2.0), (30_000, 5_000, 20.0))


def rows() -> Iterator[Row]:
    for count, size, most_s in SIZES:
        yield from planned(count, size, most_s)


def planned(count: int, size: int, most_s: float) -> Iterator[Row]:
    """Spread machines by chance, let one round empty hosts, and count."""
    table = hosts(size)
    vms = machines(table, count, Random(1))
    ready = policy(Phase.REMAP)
    began, began_s = time.process_time(), time.perf_counter()
    plan = remap(State(table=table, vms=vms), ready, Memory(), NOW)
    cost, gone = time.process_time() - began, time.perf_counter() - began_s
    at = {str(vm.values["vm.id"]): table.hosts[vm.row] for vm in vms} | {move.vm: move.target for move in plan.moves}
    fleet = Fleet(table, vms)
    needs = np.stack([fleet.amounts("vm.vcpus"), fleet.amounts("vm.mem")], axis=1)
    used, bound = len(set(at.values())), fewest(needs, np.tile([CORES, MEMORY], (size, 1)))
    name = f"{count} machines on {size} hosts"
    yield Row(figure=f"plan for {name}", measured=cost, unit="s", goal=Goal.at_most(most_s, "s"),
              beside=f"on the wall {gone:.1f} s")  # fmt: skip
    yield Row(figure=f"{name}: hosts over the bound", measured=100 * (used / bound - 1), unit="%",
              goal=Goal.at_most(3, "%"), beside=f"{used} hosts, bound {bound}")  # fmt: skip
    yield Row(figure=f"{name}: moves", measured=100 * len(plan.moves) / count, unit="%", goal=Goal.at_most(40, "%"),
              beside=f"{len(plan.moves)} moves")  # fmt: skip
