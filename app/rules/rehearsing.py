"""What a policy would do right now, with every condition taken to have held long enough; nothing is carried out.

The trap: a real round would wait for what `for` says, and its plan is made anew from what the sensors show then.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from app.rules.catalogue import SENSORS
from app.rules.matching import unmatched
from app.rules.moment import Now
from app.rules.plan import Alert, Memory, Move, Plan, Power, Restart
from app.rules.prepared import Prepared
from app.rules.remap import State, remap
from app.rules.table import Flags, Floats, HostTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleetwide:
    """All hosts summed up: how many are on, and what they draw by the power model, None where there is none.

    `hottest` is the busiest of those whose load is known ("": of none it is), `busy` the share of its cores.
    """

    hosts_on: int
    watts: float | None
    hottest: str = ""
    busy: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    plan: Plan
    before: Fleetwide
    after: Fleetwide
    unmatched: tuple[str, ...] = ()


class _Ever(dict[Any, float]):
    """Says of every condition that it has held since the beginning of time."""

    def get(self, key: Any, default: Any = None) -> float:
        return -inf


def rehearse(state: State, policy: Prepared, now: Now) -> Rehearsal:
    """Plan one round as if nothing had to be waited for."""
    plan = remap(state, policy, Memory(since=_Ever()), now)
    (load, known), on = _loads(state.table, now), _on(state.table, now)
    before = _summed(state.table, load, known, on)
    row_of = state.table.rows
    used = {str(vm.values["vm.id"]): float(vm.values.get("vm.cpu.used", 0.0)) for vm in state.vms}  # type: ignore[arg-type]
    for move in plan.moves:
        load[row_of[move.source]] -= used[move.vm]
        load[row_of[move.target]] += used[move.vm]
    for power in plan.powers:
        on[row_of[power.host]] = power.on
    after = _summed(state.table, load, known, on)
    return Rehearsal(plan=plan, before=before, after=after, unmatched=unmatched(state, policy, now))


def by_rule(plan: Plan) -> Mapping[str, int]:
    """Count by rule what a plan does; a reason begins with the rule's name."""
    deeds: tuple[Restart | Move | Power | Alert, ...] = (*plan.restarts, *plan.moves, *plan.powers, *plan.alerts)
    return Counter(each.why.partition(":")[0] for each in deeds)


def _loads(table: HostTable, now: Now) -> tuple[Floats, Flags]:
    """Return busy cores by host, 0 where nobody measured them, and where somebody did."""
    cells, unknown = table.column(SENSORS["host.cpu.load"], now.at_s)
    known = np.broadcast_to(np.logical_not(unknown), len(table))
    return np.where(known, cells, 0.0).astype(np.float64), known


def _on(table: HostTable, now: Now) -> Any:
    cells, unknown = table.column(SENSORS["host.power"], now.at_s)
    return (cells == table.code("on")) & np.logical_not(unknown)


def _summed(table: HostTable, load: Floats, known: Flags, on: Any) -> Fleetwide:
    cores, _ = table.column(SENSORS["host.cpu.cores"], 0.0)
    busy = load / np.maximum(cores, 1.0)
    measured = np.where(known & on, busy, -1.0)
    row = int(measured.argmax()) if (measured >= 0).any() else None
    return Fleetwide(
        hosts_on=int(on.sum()),
        watts=None if table.power is None else float(table.power.watts(busy)[on].sum()),
        hottest="" if row is None else table.hosts[row],
        busy=0.0 if row is None else float(busy[row]),
    )
