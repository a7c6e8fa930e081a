"""Machines that must leave their host while all others that are on are full: a sleeping one would take them.

They count as machines that found no host (`cluster.pending`), so that rules which wake hosts for those that wait do it
for these, too: as many as hosts are needed for them. The trap: who waits for a host that no rule wakes waits for ever.
"""

import numpy as np

from app.rules.draft import Draft
from app.rules.placing import NOBODY, place
from app.rules.prepared import triggered
from app.rules.table import Flags
from app.rules.tree import Deed
from app.rules.watching import Lookout


class Waking:
    """Books who waits on hosts that sleep, in a table of its own; the draft shows how many have to be woken."""

    def __init__(self, draft: Draft, lookout: Lookout) -> None:
        self._draft, self._lookout = draft, lookout
        self._triggers = [each for each in triggered(draft.policy, Deed.POWER_ON) if not each[1].clause.hold_s]
        self._booked = draft.table
        self._woken = np.zeros(len(draft.table), np.bool_)

    def awaited(self, who: int) -> bool:
        """Let a machine wait for a host to wake up; False if none would take it, or none is woken for it."""
        if not self._triggers:
            return False
        if self._booked is self._draft.table:
            self._booked = self._draft.table.copy()
        row = self._place(who, self._woken)
        if row == NOBODY:
            row = self._place(who, self._draft.asleep() & ~self._woken)
            if row == NOBODY or not self._wakes(row):
                return False
        self._booked.add(self._draft.fleet.vms[who], row)
        self._woken[row] = True
        return True

    def _place(self, who: int, among: Flags) -> int:
        draft = self._draft
        return place(self._booked, draft.fleet.vms[who], draft.strict, draft.now, among).row if among.any() else NOBODY

    def _wakes(self, row: int) -> bool:
        """Count one more that waits, if a rule wakes a host for it."""
        table = self._draft.table
        cluster = table.cluster(row)
        table.shift("cluster.pending", cluster, 1)
        if any(self._lookout.holds(part, watch)[row] for part, watch in self._triggers):
            return True
        table.shift("cluster.pending", cluster, -1)
        return False
