"""Machines that must leave their host while all others that are on are full: a sleeping one would take them.

They count as machines that found no host (`cluster.pending`), so that rules which wake hosts for those that wait do it
for these, too: as many as hosts are needed for them. The trap: who waits for a host that does not help waits for ever,
and more and more hosts are woken. So nobody waits whom an empty host that is on already would take.
"""

import numpy as np

from app.rules.draft import Draft
from app.rules.placing import NOBODY, Rows, place
from app.rules.prepared import triggered
from app.rules.table import Flags, HostTable
from app.rules.tree import Deed
from app.rules.watching import Lookout


class Waking:
    """Books who waits on hosts that sleep, in a table of its own; the draft shows how many have to be woken."""

    def __init__(self, draft: Draft, lookout: Lookout) -> None:
        self._draft, self._lookout = draft, lookout
        self._triggers = [each for each in triggered(draft.policy, Deed.POWER_ON) if not each[1].clause.hold_s]
        self._booked: HostTable | None = None
        self._coming = draft.powered("waking")
        self._unbooked = self._coming.copy()

    def awaited(self, who: int) -> bool:
        """Let a machine wait for a host to wake up; False if that would not help, or if no rule wakes one."""
        draft, source = self._draft, int(self._draft.fleet.rows[who])
        if not self._triggers:
            return False
        if self._booked is None:
            self._booked = draft.table.copy()
        self._booked.remove(draft.fleet.vms[who], source)
        row = self._host(who, self._booked, draft.table.cluster(source))
        self._booked.add(draft.fleet.vms[who], source if row == NOBODY else row)
        return row != NOBODY

    def _host(self, who: int, table: HostTable, cluster: Rows) -> int:
        """Choose the sleeping host of its cluster to wait for, NOBODY if waiting would not help."""
        draft, near = self._draft, np.zeros(len(table), np.bool_)
        near[cluster] = True
        empty = draft.running() & (np.bincount(draft.fleet.rows, minlength=len(table)) == 0)
        if self._place(who, table, empty & near) != NOBODY:
            return NOBODY
        row = self._place(who, table, self._coming & near)
        if row == NOBODY:
            row = self._place(who, table, draft.asleep() & ~self._coming & near)
            if row == NOBODY or not self._wakes(row):
                return NOBODY
        elif self._unbooked[row]:
            self._wait(row, 1)
        self._coming[row], self._unbooked[row] = True, False
        return row

    def _place(self, who: int, table: HostTable, among: Flags) -> int:
        draft = self._draft
        return place(table, draft.fleet.vms[who], draft.strict, draft.now, among).row if among.any() else NOBODY

    def _wakes(self, row: int) -> bool:
        """Count one more that waits, if a rule wakes a host for it."""
        self._wait(row, 1)
        if any(self._lookout.holds(part, watch)[row] for part, watch in self._triggers):
            return True
        self._wait(row, -1)
        return False

    def _wait(self, row: int, by: int) -> None:
        table = self._draft.table
        table.shift("cluster.pending", table.cluster(row), by)
