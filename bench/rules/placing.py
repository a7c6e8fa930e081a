"""How long a placement by rules takes: 16 active clauses, one of them anti-affinity, one machine after another.

Judged is the processor's time, which is what a decision costs; the clock on the wall stands beside it, since on a busy
machine the slowest of 100 tells what else runs there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from time import perf_counter, thread_time

import numpy as np

from app.rules.placing import NOBODY, place
from app.rules.reservation import settle
from app.rules.tree import Phase
from bench.rules.clouds import GIB, NOW, SIZES, hosts, machine, policy
from bench.table import Goal, Row

MACHINES = 2000


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of the processor for each decision, those on the wall, and decisions written down a second."""

    cost_ms: list[float]
    wall_ms: list[float]
    rate: float
    wall_rate: float

    def row(self, figure: str, part: float, goal_ms: float) -> Row:
        """Tell below what this part of the decisions stays."""
        wall = float(np.percentile(self.wall_ms, part))
        cost = float(np.percentile(self.cost_ms, part))
        goal = Goal.at_most(goal_ms, "ms")
        return Row(figure=figure, measured=cost, unit="ms", goal=goal, beside=f"on the wall {wall:.2f} ms")

    def each_second(self, figure: str, least: float) -> Row:
        """Tell how many are placed and written down in a second."""
        beside = f"on the wall {self.wall_rate:.0f} /s"
        return Row(figure=figure, measured=self.rate, unit="/s", goal=Goal.at_least(least, "/s"), beside=beside)


def rows() -> Iterator[Row]:
    yield placed(500).row("place on 500 hosts, median", 50, 0.2)
    yield placed(1000).each_second("placed and written down, 1000 hosts", 3000)
    many = placed(10_000)
    yield many.row("place on 10000 hosts, median", 50, 1.0)
    yield many.row("place on 10000 hosts, p99", 99, 5.0)
    yield many.each_second("placed and written down, 10000 hosts", 1000)


def placed(size: int, count: int = MACHINES) -> Timed:
    """Place machines one after another, each counted before the next."""
    table, ready, chance = hosts(size), policy(Phase.PLACE), Random(1)
    cost, wall, spent, gone = [], [], 0.0, 0.0
    for number in range(count):
        cores, gib = chance.choice(SIZES)
        vm = machine(number, cores, gib * GIB)
        began, began_s = thread_time(), perf_counter()
        found = place(table, vm, ready, NOW)
        cost.append(1000 * (thread_time() - began))
        wall.append(1000 * (perf_counter() - began_s))
        if found.row != NOBODY:
            settle(table, vm, found.row)
        spent += thread_time() - began
        gone += perf_counter() - began_s
    return Timed(cost, wall, count / spent, count / gone)
