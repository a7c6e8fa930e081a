"""A plan in the making: the hosts and machines as they will be after the moves so far, each of which can be undone.

No move breaks a hard rule that holds, of whichever machine: neither that of its new or old neighbours, nor of those
that it has a group or an image in common with. `broken` is kept by hard clause and machine. The trap: unknown refuses a
target, but it does not break a rule for a machine that is there already.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.rules.apart import Apart
from app.rules.catalogue import SENSORS
from app.rules.explaining import why_not
from app.rules.fleet import Fleet, Pairs
from app.rules.moment import Now, Vm
from app.rules.placing import NOBODY, Placed, Rows, concerned_in, place
from app.rules.prepared import Prepared, strict
from app.rules.table import Flags, HostTable
from app.rules.terms import Crowd, Expr, Reading, parts
from app.rules.walk import Pair

TRIES = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One move that was made, with what it takes to undo it."""

    who: int
    source: int
    placed: Placed
    near: Rows
    before: Flags


class Draft:
    """Changes the table and the fleet that it is given: hand it copies. `apart` keeps what no rule knows of."""

    def __init__(self, table: HostTable, fleet: Fleet, policy: Prepared, now: Now, apart: Apart) -> None:
        self.table, self._apart = table, apart
        self.fleet, self.policy, self.now = fleet, policy, now
        self.strict = strict(policy)
        self.steps: list[Step] = []
        self._tied = _traits(gate.clause.test for part in policy.parts for gate in part.gates)
        self._racks = any(_reads_racks(gate.clause.test) for part in policy.parts for gate in part.gates)
        self._wished = _traits(wish.clause.term for part in policy.parts for wish in part.wishes)
        self.broken = self._broken(np.arange(len(fleet)))

    def running(self) -> Flags:
        """Tell which hosts a machine can leave or come to: those that are up and on."""
        return self._is("host.state", "up") & self.powered("on")

    def tied(self, who: int, *rows: int) -> Rows:
        """Name the machines whose hard rules a machine touches on some hosts."""
        if self._racks:
            rows = tuple(np.concatenate([self.table.rack(row) for row in rows]))
        return self._near(who, rows, self._tied)

    def touched(self, who: int, *rows: int) -> Rows:
        """Name the machines whose preferences a machine touches on some hosts."""
        return self._near(who, rows, self._wished)

    def move(self, who: int, among: Flags, *, lenient: bool = False) -> Placed:
        """Move a machine to the best of some hosts where no rule breaks by it; `row` is NOBODY if there is none.

        A lenient one may also go where it breaks the rules that it breaks already.
        """
        policy = strict(self._less_strict(who)) if lenient else self.strict
        among = among.copy()
        among[self.fleet.rows[who]] = False
        among[self._apart.closed(who)] = False
        for _ in range(TRIES):
            placed = self._found(who, among, policy)
            if placed.row == NOBODY or self.go(who, placed):
                return placed
            among[placed.row] = False
        return self._found(who, np.zeros_like(among), policy)

    def asleep(self) -> Flags:
        """Tell which hosts could be woken."""
        return self._is("host.state", "up") & (self.powered("off") | self.powered("asleep"))

    def powered(self, word: str) -> Flags:
        """Tell which hosts are on, off, asleep or waking."""
        return self._is("host.power", word)

    def go(self, who: int, placed: Placed) -> bool:
        """Put a machine where it was placed, unless a rule of another one would break."""
        source = int(self.fleet.rows[who])
        near = self.tied(who, source, placed.row)
        before = self.broken[:, near]
        self._carry(who, placed.row)
        after = self._broken(near)
        if np.any(after & ~before):
            self._carry(who, source)
            return False
        self.broken[:, near] = after
        self.steps.append(Step(who, source, placed, near, before))
        return True

    def undo(self, mark: int) -> None:
        """Take back all moves but the first `mark`."""
        while len(self.steps) > mark:
            step = self.steps.pop()
            self._carry(step.who, step.source)
            self.broken[:, step.near] = step.before

    def settle(self, mark: int) -> None:
        """Note on the hosts of all moves from `mark` on that a machine has just come or gone."""
        for step in self.steps[mark:]:
            for row in (step.source, step.placed.row):
                self.table.put(row, "host.settled", self.now.at_s)

    def broken_by(self, who: int) -> tuple[str, ...]:
        """Say which hard clauses a machine breaks where it is, with the values behind it."""
        vm, row = self.fleet.vms[who], int(self.fleet.rows[who])
        self.table.remove(vm, row)
        found = why_not(self.policy, Pair(self.table, row, vm, self.now))
        self.table.add(vm, row)
        broken = tuple(gate for gate, wrong in zip(self.policy.gates, self.broken[:, who], strict=True) if wrong)
        return tuple(each for each in found if each.startswith(broken))

    def _found(self, who: int, among: Flags, policy: Prepared) -> Placed:
        vm, source = self.fleet.vms[who], int(self.fleet.rows[who])
        self.table.remove(vm, source)
        placed = place(self.table, vm, policy, self.now, among)
        self.table.add(vm, source)
        return placed

    def _near(self, who: int, rows: Sequence[int], traits: Sequence[str]) -> Rows:
        """Name the machines on some hosts, and those that have one of some traits in common with a machine."""
        found = np.logical_or.reduce([self.fleet.rows == row for row in rows])
        for trait in traits:
            if self.fleet.vms[who].trait(trait):
                codes, unknown = self.fleet.column(SENSORS[trait], self.now.at_s)
                found |= (codes == codes[who]) & np.logical_not(unknown)
        found[who] = True
        return np.flatnonzero(found)

    def _less_strict(self, who: int) -> Prepared:
        held = iter(~self.broken[:, who])
        parts = tuple(
            replace(part, gates=tuple(gate for gate in part.gates if next(held))) for part in self.policy.parts
        )
        gates = tuple(str(gate) for part in parts for gate in part.gates)
        return replace(self.policy, parts=parts, gates=gates)

    def _carry(self, who: int, row: int) -> None:
        vm: Vm = self.fleet.vms[who]
        self.table.remove(vm, int(self.fleet.rows[who]))
        self.table.add(vm, row)
        self.fleet.rows[who] = row

    def _is(self, name: str, word: str) -> Flags:
        cells, unknown = self.table.column(SENSORS[name], self.now.at_s)
        found: Flags = (cells == self.table.code(word)) & np.logical_not(unknown)
        return found

    def broken_without(self, who: Rows, gone: Rows) -> Flags:
        """Tell which machines would still break a hard rule if another one had left their host."""
        return np.asarray(self._broken(who, gone).any(axis=0))

    def _broken(self, who: Rows, gone: Rows | None = None) -> Flags:
        """Tell by clause and machine where a hard rule is known to be broken."""
        scene = Pairs(self.table, self.fleet, who, self.now, gone)
        found = np.zeros((len(self.policy.gates), len(who)), np.bool_)
        number = 0
        with np.errstate(all="ignore"):
            for part in self.policy.parts:
                about = concerned_in(scene, part, if_unknown=False) if part.gates else False
                for gate in part.gates:
                    cells, unknown = gate.kernel(scene)
                    found[number] = (np.asarray(cells) != gate.clause.wanted) & np.logical_not(unknown) & about
                    number += 1
        return found


def _traits(terms: Iterable[Expr]) -> tuple[str, ...]:
    """Name what machines have in common that some term asks for."""
    return tuple(sorted({each.trait for term in terms for each in parts(term) if isinstance(each, Crowd)}))


def _reads_racks(term: Expr) -> bool:
    """Tell whether a move changes a term for machines of whole racks."""
    return any(isinstance(each, Reading) and each.sensor.name == "rack.vms" for each in parts(term))
