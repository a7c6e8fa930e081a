"""Who is in the way of a machine that finds no host: those without which their hosts would take it."""

import numpy as np

from app.rules.fleet import Fleet, answered, without
from app.rules.kernels import Found, Scene
from app.rules.moment import Now, Vm
from app.rules.moving import Moving
from app.rules.places import crowd
from app.rules.placing import NOBODY, Rows, refused
from app.rules.table import HostTable
from app.rules.terms import Crowd

TRIES = 8


def in_the_way(moving: Moving, who: int) -> list[int]:
    """Name machines without which their hosts would take one, those that are moved fastest first."""
    fleet, table, draft = moving.fleet, moving.table, moving.draft
    vm, row = fleet.vms[who], int(fleet.rows[who])
    table.remove(vm, row)
    with np.errstate(all="ignore"):
        scene = Instead(table, fleet, vm, moving.lookout.now)
        passing = refused(scene, draft.policy) == NOBODY
    table.add(vm, row)
    found = np.flatnonzero(passing & (fleet.rows != row))
    return [other for other in moving.by_memory(found.tolist()) if not moving.bound(other)][:TRIES]


class Instead(Scene):
    """One machine on the hosts of all others, each as it would be without that other: one row an other."""

    def __init__(self, table: HostTable, fleet: Fleet, vm: Vm, now: Now) -> None:
        self._fleet, self._rows = fleet, fleet.rows
        everyone: Rows = np.arange(len(fleet))
        super().__init__(table, vm, now, without(table, fleet, everyone))

    def cached(self) -> Found:
        held, unknown = super().cached()
        return (held[self._rows] if isinstance(held, np.ndarray) else held), unknown

    def crowd(self, asked: Crowd) -> Found:
        here, unknown = crowd(self.whole, self.vm, Crowd("count", asked.place, asked.trait), self.now.at_s)
        if unknown is True:
            return False if asked.function == "same" else 0.0, True
        word = self.vm.trait(asked.trait)
        alike = np.array([1.0 if word and other.trait(asked.trait) == word else 0.0 for other in self._fleet.vms])
        total = sum(self.whole.crowds.others(self.vm, asked.trait).values()) - alike
        lost = np.broadcast_to(unknown, len(self.whole))[self._rows]
        return answered(asked, here[self._rows] - alike, total, lost)

    def watts(self) -> Found:
        watts, unknown = super().watts()
        if unknown is True:
            return watts, unknown
        return watts[self._rows], np.broadcast_to(unknown, len(self.whole))[self._rows]
