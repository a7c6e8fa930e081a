"""How long a placement by rules takes: 16 active clauses, one of them anti-affinity, one machine after another.

`python -m bench.components.place_rules [HOSTS] [MACHINES]`; the goals for 10,000 hosts are 1 ms in the middle, 5 ms for
99 of 100, and 1,000 a second with each placement written into the table.
"""

import sys
from random import Random
from time import perf_counter

import numpy as np

from app.rules.placing import NOBODY, place
from app.rules.reservation import settle
from app.rules.tree import Phase
from bench.components.remap_plan import GIB, NOW, SIZES, hosts, machine, policy


def main(size: int, count: int) -> None:
    table, ready, chance = hosts(size), policy(Phase.PLACE), Random(1)
    took, settled = [], []
    for number in range(count):
        cores, gib = chance.choice(SIZES)
        vm = machine(number, cores, gib * GIB)
        began = perf_counter()
        placed = place(table, vm, ready, NOW)
        chosen = perf_counter()
        if placed.row != NOBODY:
            settle(table, vm, placed.row)
        took.append(chosen - began)
        settled.append(perf_counter() - began)
    middle, most = np.percentile(took, [50, 99]) * 1000
    print(
        f"{size} hosts, {len(ready.gates) + sum(len(part.wishes) for part in ready.parts)} clauses: "
        f"median {middle:.2f} ms, p99 {most:.2f} ms, {count / sum(settled):.0f} placements a second"
    )


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [10_000, 2000][len(given) :]))
