"""Which hosts are switched on and off in a round, after its moves.

What is on its way counts: a host that wakes up has its cores free already and takes one of the machines that wait, so
that no more are woken than are needed. And no host is switched off that would be woken again at once, or while another
one of its cluster wakes up.
"""

from collections.abc import Sequence

import numpy as np

from app.rules.catalogue import SENSORS
from app.rules.explaining import because
from app.rules.fleet import NO_VM
from app.rules.kernels import Kernel, Scene
from app.rules.plan import Power, Refused
from app.rules.prepared import Part, Watch
from app.rules.table import Flags
from app.rules.walk import Pair
from app.rules.watching import Due, Lookout


class Switching:
    """Collects what is switched; `lookout` sees the hosts as the moves leave them."""

    def __init__(self, lookout: Lookout, tiebreak: Kernel | None = None) -> None:
        self.lookout, self.table = lookout, lookout.table
        self._tiebreak = tiebreak
        self.powers: list[Power] = []
        self.refused: list[Refused] = []
        self.rested: list[tuple[str, str]] = []
        for row in np.flatnonzero(self._powered("waking")):
            self._awake(int(row))

    def switch_on(self, due: Sequence[Due]) -> None:
        """Wake hosts in the policy's order, as many as it takes; conditions are asked anew only after a change."""
        asleep = self._powered("off") | self._powered("asleep")
        held: dict[int, Flags] = {}
        for each in self._in_order(due):
            if asleep[each.row] and id(each.watch) not in held:
                held[id(each.watch)] = self.lookout.holds(each.part, each.watch)
            if asleep[each.row] and held[id(each.watch)][each.row]:
                asleep[each.row] = False
                held.clear()
                self._switch(each, on=True)
                self.table.put(each.row, "host.power", "waking")
                self._awake(each.row)

    def switch_off(self, due: Sequence[Due], waking: Sequence[tuple[Part, Watch]]) -> None:
        """Switch empty hosts off, the last to have joined first; `waking` are the conditions that wake hosts."""
        on = self._powered("on")
        for each in reversed(self._in_order(due)):
            if not on[each.row] or self._used(each.row) or not self.lookout.holds(each.part, each.watch)[each.row]:
                continue
            if self._wakes_near(each.row):
                self._refuse(each, "another host of its cluster wakes up")
                continue
            self.table.put(each.row, "host.power", "off")
            self._count(each.row, -1)
            again = next((watch for part, watch in waking if self.lookout.holds(part, watch)[each.row]), None)
            if again is None:
                self._switch(each, on=False)
            else:
                self.table.put(each.row, "host.power", "on")
                self._count(each.row, 1)
                self._refuse(each, f"{again} would wake it again")

    def _in_order(self, due: Sequence[Due]) -> list[Due]:
        """Order hosts as the policy does where all else is equal, then as they have joined."""
        index, _ = self.table.column(SENSORS["host.index"], self.lookout.now.at_s)
        worth = np.zeros(len(self.table))
        if self._tiebreak:
            with np.errstate(all="ignore"):
                cells, unknown = self._tiebreak(Scene(self.table, NO_VM, self.lookout.now))
            worth = np.where(unknown, np.inf, np.broadcast_to(cells, len(self.table)))
        return sorted(due, key=lambda each: (worth[each.row], index[each.row]))

    def _used(self, row: int) -> bool:
        return bool(len(self.lookout.fleet.on(row)) or self._number("host.vms", row))

    def _refuse(self, due: Due, why: str) -> None:
        self.refused.append(Refused(what=f"power off {self.table.hosts[due.row]}", why=why))

    def _wakes_near(self, row: int) -> bool:
        clusters, _ = self.table.column(SENSORS["host.cluster"], self.lookout.now.at_s)
        return bool(np.any(self._powered("waking") & (clusters == clusters[row])))

    def _switch(self, due: Due, *, on: bool) -> None:
        host = self.table.hosts[due.row]
        pair = Pair(self.table, due.row, NO_VM, self.lookout.now)
        self.powers.append(Power(host=host, on=on, why=because(str(due.watch), due.watch.clause.test, pair)))
        self.rested.append((due.part.rule.name, host))

    def _awake(self, row: int) -> None:
        """Count a host that wakes up as if it were on, and a machine that waits as if it were there."""
        self._count(row, 1)
        self._add(row, "cluster.pending", -1)

    def _count(self, row: int, by: int) -> None:
        """Count in or out of its cluster's free cores what can still be promised on a host."""
        cores, ratio, promised = (self._number(f"host.cpu.{name}", row) for name in ("cores", "ratio", "promised"))
        self._add(row, "cluster.cpu.free", by * max(0.0, cores * (ratio or 1.0) - promised))

    def _add(self, row: int, name: str, amount: float) -> None:
        """Change what all hosts of a cluster show, not below 0."""
        self.table.shift(name, self.table.cluster(row), amount)

    def _number(self, name: str, row: int) -> float:
        return float(self.table.cell(SENSORS[name], row, self.lookout.now.at_s) or 0.0)  # type: ignore[arg-type]

    def _powered(self, word: str) -> Flags:
        cells, unknown = self.table.column(SENSORS["host.power"], self.lookout.now.at_s)
        found: Flags = (cells == self.table.code(word)) & np.logical_not(unknown)
        return found
