"""One move of a round: whether a machine may go, where to, and whether that is worth it.

Why a policy comes to rest when the load does: a repair leaves fewer broken rules, an evacuation fewer hosts that ask
for one, a gain a better score; and none of them undoes what those before it are about. So a machine that breaks no rule
leaves no host, and goes to none, that would ask to be emptied by that, however long after.
"""

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
from app.rules.watching import Due, Lookout


@dataclass(frozen=True, slots=True)
class Terms:
    """What moves are subject to besides the policy: who may not move, who stands still meanwhile, and how fast."""

    pinned: frozenset[str]
    standing: frozenset[str]
    link_bps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Why a machine should move.

    Its host is `emptied`; it must gain `over` so much; only `to` one host; `lenient`: as good as it is now is enough.
    """

    why: str
    emptied: bool = False
    over: float | None = None
    to: int | None = None
    lenient: bool = False


class Moving:
    """Collects moves on a draft, step by step the same; what was refused is kept with the reason."""

    def __init__(self, draft: Draft, lookout: Lookout, budget: Budget, terms: Terms) -> None:
        self.draft, self.lookout, self.budget, self.terms = draft, lookout, budget, terms
        self.fleet, self.table = draft.fleet, draft.table
        self.moves: list[Move] = []
        self.refused: list[Refused] = []
        self.rested: list[tuple[str, str]] = []
        self.emptied: list[int] = []
        self._begun: dict[Key, Due] = {}
        self._running = draft.running()
        self._drains = triggered(draft.policy, Deed.EVACUATE)

    def attempt(self, who: int, ask: Ask) -> str:
        """Move one machine, or say why not."""
        name, source, downtime = self.fleet.ids[who], int(self.fleet.rows[who]), self._downtime(who)
        if refused := self.bound(who) or self.budget.refuses(name, source, downtime, ask.emptied):
            return refused
        calm = not self.draft.broken[:, who].any()
        restless = self.restless()
        placed = self.draft.move(who, self._open(who, ask, restless | (not calm)), lenient=ask.lenient)
        if placed.row == NOBODY:
            return nowhere(placed)
        gained = None
        if ask.over is not None and calm:
            gained = self._gain(who)
            upset = self._restless({})[source] and not restless[source]
            if upset or not gained > ask.over:
                self.draft.undo(len(self.draft.steps) - 1)
                return f"{placed.host} would be best, and the gain is {gained:.3g}, not above {ask.over:g}"
        self.budget.spend(name, source, placed.row, downtime, ask.emptied)
        host = self.table.hosts[source]
        self.moves.append(
            Move(
                vm=name,
                source=host,
                target=placed.host,
                why=ask.why,
                points=placed.points,
                downtime_s=downtime,
                gain=gained,
            )
        )
        return ""

    def take_back(self, mark: int) -> None:
        """Forget all moves but the first `mark`."""
        self.draft.undo(mark)
        self.budget.refund(len(self.moves) - mark)
        del self.moves[mark:]

    def refuse(self, what: str, why: str) -> None:
        """Keep what is not done, and why."""
        self.refused.append(Refused(what=what, why=why))

    def acted(self, due: Due) -> None:
        """Note that something was done: rule and host rest from now on."""
        self.rested.append((due.part.rule.name, self.table.hosts[due.row]))
        self._begun[due.key] = due

    def underway(self) -> frozenset[Key]:
        """Name what was begun in this round and is to go on, or not to be said again."""
        deeds = {Deed.ALERT, Deed.MIGRATE}
        return frozenset(key for key, due in self._begun.items() if due.watch.clause.deed in deeds)

    def because(self, due: Due) -> str:
        """Say which condition holds, and the values behind it."""
        vm = NO_VM if due.who is None else self.fleet.vms[due.who]
        return because(str(due.watch), due.watch.clause.test, Pair(self.table, due.row, vm, self.lookout.now))

    def restless(self) -> Flags:
        """Tell which hosts with machines would ask to be emptied, long after the last move."""
        return self._restless({}) & (np.bincount(self.fleet.rows, minlength=len(self.table)) > 0)

    def bound(self, who: int) -> str:
        """Say why a machine cannot move at all; empty: it can."""
        if self.fleet.ids[who] in self.terms.pinned:
            return "it is pinned"
        source = self.fleet.rows[who]
        return "" if self._running[source] else f"{self.table.hosts[source]} is not up and on"

    def by_memory(self, who: list[int]) -> list[int]:
        """Order machines, those first that are moved fastest."""
        memory = self.fleet.amounts("vm.mem")
        return sorted(who, key=lambda each: memory[each])

    def _open(self, who: int, ask: Ask, restless: Flags) -> Flags:
        """Tell which hosts a machine may come to, as far as no rule has a say in it."""
        among = self._running & self._same_cluster(int(self.fleet.rows[who]))
        among[self.emptied] = False
        self.budget.close(among, int(self.fleet.rows[who]))
        if self._drains:
            among &= restless | ~self._restless(self.lookout.with_machine(who))
        if ask.to is not None:
            among &= np.arange(len(among)) == ask.to
        return among

    def _same_cluster(self, row: int) -> Flags:
        """Tell which hosts are in a host's cluster: a machine never leaves the zone that its user asked for."""
        found = np.zeros(len(self.table), np.bool_)
        found[self.table.cluster(row)] = True
        return found

    def _gain(self, who: int) -> float:
        """Return by how much the score has grown by the last move."""
        draft, step = self.draft, self.draft.steps[-1]
        near = draft.touched(who, step.source, step.placed.row)
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

    def _downtime(self, who: int) -> float:
        vm = self.fleet.vms[who]
        memory, dirty = (vm.value(SENSORS[name], self.lookout.now.at_s) for name in ("vm.mem", "vm.mem.dirty_rate"))
        if self.fleet.ids[who] in self.terms.standing:
            whole = sum(float(self.fleet.amounts(name)[who]) for name in ("vm.mem", "vm.disk"))
            return whole / self.terms.link_bps
        return downtime_s(float(memory or 0.0), None if dirty is None else float(dirty), self.terms.link_bps)  # type: ignore[arg-type]
