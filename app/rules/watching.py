"""Which conditions over time have held long enough: `when … for …` asked of every host, or of every machine.

What is unknown does not hold, and its time begins anew. A condition that was acted on goes on until its `until`: there
is the hysteresis in value, as `for` is that in time. The trap: a pair of rule and host that rests keeps its time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.rules.catalogue import SENSORS
from app.rules.fleet import NO_VM, Fleet, Pairs, View
from app.rules.kernels import Hosts, Kernel, Scene
from app.rules.moment import Now
from app.rules.placing import Rows, concerned_in
from app.rules.plan import Key, Memory
from app.rules.prepared import Part, Watch
from app.rules.table import TAKES, Flags, HostTable
from app.rules.terms import Average, Crowd, Expr, Reading, parts
from app.rules.tree import Deed, Subject


@dataclass(frozen=True, slots=True)
class Due:
    """A condition that has held for its time: of which host, or which machine (`who`, else None) on which host."""

    part: Part
    watch: Watch
    key: Key
    row: int
    who: int | None


@dataclass(frozen=True, slots=True)
class Watched:
    """What is to be done in this round, and since when everything that holds has held."""

    due: tuple[Due, ...]
    since: dict[Key, float]
    underway: frozenset[Key]


class Lookout:
    """Asks conditions of the hosts and machines as a draft has them."""

    def __init__(self, table: HostTable, fleet: Fleet, now: Now) -> None:
        self.table, self.fleet, self.now = table, fleet, now
        self.everyone: Rows = np.arange(len(fleet))

    def holds(self, part: Part, watch: Watch, view: Hosts | None = None) -> Flags:
        """Tell of each host, or each machine, whether a condition is known to hold; a rule that is not about it: no."""
        return np.equal(self._answer(part, watch, watch.test, view), 1)

    def enough(self, part: Part, watch: Watch, view: Hosts | None = None) -> Flags:
        """Tell where `until` is reached, or unknown: what is unknown is no reason to go on."""
        assert watch.until is not None
        return np.not_equal(self._answer(part, watch, watch.until, view), 0)

    def later(self, shifts: dict[str, float]) -> View:
        """Return the hosts as they would be with something more on each, long after anything came or went."""
        return View(self.table, np.arange(len(self.table)), shifts, later=True)

    def with_machine(self, who: int) -> dict[str, float]:
        """Return what a machine adds to its host."""
        values = self.fleet.vms[who].values
        shifts = {host: sign * float(values.get(taken, 0.0)) for host, (taken, sign) in TAKES.items()}  # type: ignore[arg-type]
        return {**shifts, "host.vms": 1.0}

    def of_machines(self, part: Part, who: Rows) -> Flags:
        """Tell which machines a rule is about."""
        with np.errstate(all="ignore"):
            about = concerned_in(Pairs(self.table, self.fleet, who, self.now), part, if_unknown=False)
        return np.broadcast_to(np.asarray(about, np.bool_), len(who))

    def first(self, kernel: Kernel, who: Rows) -> list[int]:
        """Order machines by a number, the greatest first; where it is unknown the machine is left out."""
        with np.errstate(all="ignore"):
            cells, unknown = kernel(Pairs(self.table, self.fleet, who, self.now))
        values = np.where(unknown, np.nan, np.broadcast_to(cells, len(who)))
        order = np.argsort(-values, kind="stable")
        return [int(who[at]) for at in order if not np.isnan(values[at])]

    def _answer(self, part: Part, watch: Watch, kernel: Kernel, view: Hosts | None) -> Rows:
        """Return 1 where a condition holds, 0 where it does not, -1 where that is unknown."""
        of_hosts = watch.clause.subject is Subject.HOST
        size = len(self.table) if of_hosts else len(self.fleet)
        asked = (
            Scene(self.table, NO_VM, self.now, view)
            if of_hosts
            else Pairs(self.table, self.fleet, self.everyone, self.now)
        )
        with np.errstate(all="ignore"):
            cells, unknown = kernel(asked)
            about = True if of_hosts and _of_machines(part) else concerned_in(asked, part, if_unknown=False)
        answer = np.where(unknown, -1, np.asarray(cells, np.intp))
        return np.broadcast_to(np.where(about, answer, -1), size)


def watched(parts: tuple[Part, ...], lookout: Lookout, memory: Memory) -> Watched:
    """Ask every condition of a policy once."""
    since: dict[Key, float] = {}
    underway: set[Key] = set()
    due: list[Due] = []
    for part in parts:
        for watch in part.watches:
            for key, row, who in _held(part, watch, lookout, memory):
                since[key] = memory.since.get(key, lookout.now.at_s)
                if key in memory.underway:
                    underway.add(key)
                if lookout.now.at_s - since[key] >= watch.clause.hold_s or key in memory.underway:
                    due.append(Due(part, watch, key, row, who))
    awake = [each for each in due if not _rests(each, lookout, memory)]
    return Watched(tuple(awake), since, frozenset(underway))


def foreseen(term: Expr) -> bool:
    """Tell whether a plan knows how a condition changes by moves; a temperature shows only afterwards."""
    return any(
        isinstance(each, Crowd) or (isinstance(each, Reading) and each.sensor.name in {*TAKES, "host.vms"})
        for each in parts(term)
    )


def measured(term: Expr) -> bool:
    """Tell whether a condition of a host depends on a reading that a plan cannot foresee."""
    return any(
        isinstance(each, Reading | Average)
        and each.sensor.scope != "vm"
        and each.sensor.max_age_s < SENSORS["host.vms"].max_age_s
        and not (isinstance(each, Reading) and each.sensor.name in TAKES)
        for each in parts(term)
    )


def _of_machines(part: Part) -> bool:
    return part.rule.applies is not None and part.rule.applies.subject is Subject.VM


def _held(part: Part, watch: Watch, lookout: Lookout, memory: Memory) -> Iterator[tuple[Key, int, int | None]]:
    """Yield where a condition holds, or held before and is not enough yet."""
    of_hosts = watch.clause.subject is Subject.HOST
    names = lookout.table.hosts if of_hosts else lookout.fleet.ids
    held = lookout.holds(part, watch)
    going_on = ~lookout.enough(part, watch) if watch.until is not None else np.zeros_like(held)
    for number in np.flatnonzero(held | going_on).tolist():
        key = (part.rule.name, watch.clause.text, names[number])
        if held[number] or key in memory.underway:
            yield (key, number, None) if of_hosts else (key, int(lookout.fleet.rows[number]), number)


def _rests(due: Due, lookout: Lookout, memory: Memory) -> bool:
    pair = due.part.rule.name, lookout.table.hosts[due.row]
    told = due.watch.clause.deed is Deed.ALERT and due.key in memory.underway and not due.part.rule.cooldown_s
    return told or memory.rests_until_s.get(pair, lookout.now.at_s) > lookout.now.at_s
