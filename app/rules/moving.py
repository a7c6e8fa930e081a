"""The moves of a round: repairs, then evacuations, then gains, each a placing of one machine over all other hosts.

Why it comes to rest when the load does: a repair leaves fewer broken rules, an evacuation fewer hosts that ask for
one, a gain a better score; and none of them undoes what those before it are about. So a machine that breaks no rule
goes to no host that would ask to be emptied by that, however long after.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.rules.budget import Budget, downtime_s
from app.rules.catalogue import SENSORS
from app.rules.draft import Draft
from app.rules.explaining import because, nowhere
from app.rules.fleet import NO_VM
from app.rules.gain import score
from app.rules.placing import NOBODY
from app.rules.plan import Key, Move, Refused
from app.rules.prepared import triggered
from app.rules.table import Flags
from app.rules.tree import Deed
from app.rules.walk import Pair
from app.rules.watching import Due, Lookout, foreseen, measured


@dataclass(frozen=True, slots=True)
class Terms:
    """What moves are subject to besides the policy: machines that may not move, and how fast memory is sent."""

    pinned: frozenset[str]
    link_bps: float


class Moving:
    """Collects moves on a draft; what was refused is kept with the reason."""

    def __init__(self, draft: Draft, lookout: Lookout, budget: Budget, terms: Terms) -> None:
        self.draft, self.lookout, self.budget, self.terms = draft, lookout, budget, terms
        self.fleet, self.table = draft.fleet, draft.table
        self.moves: list[Move] = []
        self.refused: list[Refused] = []
        self.rested: list[tuple[str, str]] = []
        self._begun: dict[Key, Due] = {}
        self._running = draft.running()
        self._drains = triggered(draft.policy, Deed.EVACUATE)

    # ---- repairs

    def repair(self) -> None:
        """Move machines that break a hard rule where they are, those with the least memory first."""
        slow = np.array([measured(g.clause.test) for part in self.draft.policy.parts for g in part.gates], np.bool_)
        left: set[int] = set()
        for who in self._by_memory(np.flatnonzero(self.draft.broken.any(axis=0)).tolist()):
            broken, row = self.draft.broken[:, who], int(self.fleet.rows[who])
            if not broken.any() or (row in left and not (broken & ~slow).any()):
                continue
            why = "; ".join(self.draft.broken_by(who))
            forced = (broken & slow).any()
            if refused := self.attempt(who, why):
                self._refuse(f"move {self.fleet.ids[who]}", f"{refused} (it should leave: {why})")
                continue
            self.draft.settle(len(self.draft.steps) - 1)
            if forced:
                left.add(row)

    # ---- evacuations

    def evacuate(self, due: Sequence[Due]) -> None:
        """Empty hosts, those with the least to carry first; each wholly or not at all."""
        carried = np.bincount(self.fleet.rows, self.fleet.amounts("vm.vcpus"), len(self.table))
        for each in sorted(due, key=lambda each: carried[each.row]):
            who = self._by_memory(self.fleet.on(each.row).tolist())[::-1]
            if not who or not self.lookout.holds(each.part, each.watch)[each.row]:
                continue
            refused = self._uncounted(each.row, len(who)) or self._emptied(each, who)
            if refused:
                self._refuse(f"evacuate {self.table.hosts[each.row]}", refused)

    def _emptied(self, due: Due, who: Sequence[int]) -> str:
        mark, why = len(self.moves), self.because(due)
        for each in who:
            if refused := self.attempt(each, why, emptied=True):
                self._take_back(mark)
                return f"{self.fleet.ids[each]}: {refused}"
        self.acted(due)
        self.draft.settle(mark)
        return ""

    def _uncounted(self, row: int, known: int) -> str:
        """Refuse to empty a host that carries more machines than run: one that is starting cannot move."""
        counted = self.table.cell(SENSORS["host.vms"], row, self.lookout.now.at_s)
        return "" if counted is None or counted == known else "a machine on it is still starting or stopping"

    # ---- gains

    def improve(self, due: Sequence[Due]) -> None:
        """Move machines that triggers choose, as long as the mapping gets better by it."""
        of_machines: dict[int, list[Due]] = {}
        for each in due:
            if each.who is None:
                self._shed(each)
            else:
                of_machines.setdefault(id(each.watch), []).append(each)
        for alike in of_machines.values():
            self._drift(alike)

    def _shed(self, due: Due) -> None:
        """Let a host give away machines until it is enough: one, if only time can show whether it is."""
        part, watch = due.part, due.watch
        who = self.fleet.on(due.row)
        who = who[self.lookout.of_machines(part, who)]
        assert watch.by is not None
        for each in self.lookout.first(watch.by, who):
            if self._is_enough(due):
                break
            if self._gained(due, each) and not (watch.clause.until and foreseen(watch.clause.until)):
                break

    def _is_enough(self, due: Due) -> bool:
        if due.watch.until is not None and self.lookout.enough(due.part, due.watch)[due.row]:
            return True
        return due.watch.until is None and not self.lookout.holds(due.part, due.watch)[due.row]

    def _drift(self, alike: Sequence[Due]) -> None:
        """Let machines move that ask for themselves, one of a host in a round."""
        first = alike[0]
        assert first.watch.by is not None
        dues = {each.who: each for each in alike}
        for who in self.lookout.first(first.watch.by, np.array([each.who for each in alike], np.intp)):
            due = dues[who]
            resting = (due.part.rule.name, self.table.hosts[due.row]) in self.rested
            if not resting and not (first.watch.until and self.lookout.enough(first.part, first.watch)[who]):
                self._gained(due, who)

    def _gained(self, due: Due, who: int) -> bool:
        refused = self.attempt(who, self.because(due), over=self.draft.policy.policy.gain)
        if refused:
            self._refuse(f"move {self.fleet.ids[who]}", refused)
            return False
        self.acted(due)
        self.draft.settle(len(self.draft.steps) - 1)
        return True

    # ---- one move

    def attempt(self, who: int, why: str, *, emptied: bool = False, over: float | None = None) -> str:
        """Move one machine, or say why not; `over` asks for more gain than that unless it breaks a rule."""
        source = int(self.fleet.rows[who])
        downtime = self._downtime(who)
        if refused := self._bound(who, source) or self.budget.refuses(self.fleet.ids[who], source, downtime, emptied):
            return refused
        calm = not self.draft.broken[:, who].any()
        among = self._running.copy()
        self.budget.close(among, source)
        restless = self._restless({}) & (np.bincount(self.fleet.rows, minlength=len(self.table)) > 0)
        if calm and self._drains:
            among &= restless | ~self._restless(self.lookout.with_machine(who))
        placed = self.draft.move(who, among)
        if placed.row == NOBODY:
            return nowhere(placed)
        gained = None
        if over is not None and calm:
            gained = self._gain(who)
            if not gained > over or (not emptied and self._restless({})[source] and not restless[source]):
                self.draft.undo(len(self.draft.steps) - 1)
                return f"{placed.host} would be the best host, and the gain is {gained:.3g}, not above {over:g}"
        self.budget.spend(self.fleet.ids[who], source, placed.row, downtime, emptied)
        names = self.table.hosts[source], placed.host
        self.moves.append(
            Move(
                vm=self.fleet.ids[who],
                source=names[0],
                target=names[1],
                why=why,
                points=placed.points,
                downtime_s=downtime,
                gain=gained,
            )
        )
        return ""

    def because(self, due: Due) -> str:
        """Say which condition holds, and the values behind it."""
        vm = NO_VM if due.who is None else self.fleet.vms[due.who]
        return because(str(due.watch), due.watch.clause.test, Pair(self.table, due.row, vm, self.lookout.now))

    def _gain(self, who: int) -> float:
        """Return by how much the score has grown by the last move."""
        draft, step = self.draft, self.draft.steps[-1]
        near = draft.near(who, step.source, step.placed.row)
        after = score(self.table, self.fleet, near, draft.policy, self.lookout.now)
        draft.undo(len(draft.steps) - 1)
        before = score(self.table, self.fleet, near, draft.policy, self.lookout.now)
        draft.go(who, step.placed)
        return after - before

    def _restless(self, shifts: dict[str, float]) -> Flags:
        """Tell which hosts would ask to be emptied, long after the last move."""
        found = np.zeros(len(self.table), np.bool_)
        view = self.lookout.later(shifts)
        for part, watch in self._drains:
            found |= self.lookout.holds(part, watch, view)
        return found

    def _bound(self, who: int, source: int) -> str:
        if self.fleet.ids[who] in self.terms.pinned:
            return "it is pinned"
        return "" if self._running[source] else f"{self.table.hosts[source]} is not up and on"

    def _downtime(self, who: int) -> float:
        vm = self.fleet.vms[who]
        memory, dirty = (vm.value(SENSORS[name], self.lookout.now.at_s) for name in ("vm.mem", "vm.mem.dirty_rate"))
        return downtime_s(float(memory or 0.0), None if dirty is None else float(dirty), self.terms.link_bps)  # type: ignore[arg-type]

    def _by_memory(self, who: list[int]) -> list[int]:
        memory = self.fleet.amounts("vm.mem")
        return sorted(who, key=lambda each: memory[each])

    def _take_back(self, mark: int) -> None:
        self.draft.undo(mark)
        self.budget.refund(len(self.moves) - mark)
        del self.moves[mark:]

    def acted(self, due: Due) -> None:
        """Note that something was done: rule and host rest from now on."""
        self.rested.append((due.part.rule.name, self.table.hosts[due.row]))
        self._begun[due.key] = due

    def underway(self) -> frozenset[Key]:
        """Name what was begun in this round and is to go on, or not to be said again."""
        deeds = {Deed.ALERT, Deed.MIGRATE}
        return frozenset(key for key, due in self._begun.items() if due.watch.clause.deed in deeds)

    def _refuse(self, what: str, why: str) -> None:
        self.refused.append(Refused(what=what, why=why))
