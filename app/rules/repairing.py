"""Repairs: machines that break a hard rule where they are go where they break none.

Where every such host is full, somebody else makes room: for good, or, where two are in each other's place, on a free
third host until the other one has left. The trap: of rules about readings that only time changes, as a temperature,
one machine of a host is moved in a round, or a warm host would be emptied before it can cool down.
"""

import numpy as np

from app.rules.fleet import Fleet, answered, without
from app.rules.kernels import Found, Scene
from app.rules.moment import Now, Vm
from app.rules.moving import Ask, Moving
from app.rules.places import crowd
from app.rules.placing import NOBODY, Rows, refused
from app.rules.table import HostTable
from app.rules.terms import Crowd
from app.rules.watching import measured

TRIES = 8


def repair(moving: Moving) -> None:
    """Move machines that break a hard rule where they are, those with the least memory first."""
    draft = moving.draft
    slow = np.array([measured(gate.clause.test) for part in draft.policy.parts for gate in part.gates], np.bool_)
    left: set[int] = set()
    for who in moving.by_memory(np.flatnonzero(draft.broken.any(axis=0)).tolist()):
        broken, row, mark = draft.broken[:, who].copy(), int(moving.fleet.rows[who]), len(moving.moves)
        if not broken.any() or (row in left and not (broken & ~slow).any()):
            continue
        ask = Ask(why="; ".join(draft.broken_by(who)))
        reason = moving.attempt(who, ask)
        if reason and not (not moving.bound(who) and _room_made(moving, who, ask)):
            moving.refuse(f"move {moving.fleet.ids[who]}", f"{reason} (it should leave: {ask.why})")
            continue
        draft.settle(mark)
        if (broken & slow).any():
            left.add(row)


def _room_made(moving: Moving, who: int, ask: Ask) -> bool:
    """Let another machine make room for one that found no host."""
    mark, way = len(moving.moves), Ask(why=f"makes room for {moving.fleet.ids[who]}")
    aside = Ask(why=f"{way.why}, on its way", lenient=True)
    for other in _in_the_way(moving, who):
        row = int(moving.fleet.rows[other])
        into = Ask(why=ask.why, to=row)
        if not moving.attempt(other, way) and not moving.attempt(who, into):
            return True
        moving.take_back(mark)
        if moving.draft.broken[:, other].any():
            if not (moving.attempt(other, aside) or moving.attempt(who, into) or moving.attempt(other, way)):
                return True
            moving.take_back(mark)
    return False


def _in_the_way(moving: Moving, who: int) -> list[int]:
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
            return super().crowd(asked)
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
