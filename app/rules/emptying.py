"""Evacuations: hosts that rules ask to be emptied, wholly or not at all. In that round nothing comes to them again.

A machine that finds no host may have another one make room. That costs time, so it ends when so many hosts could not be
emptied in a round.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.rules.catalogue import SENSORS
from app.rules.moving import Ask, Moving
from app.rules.obstacles import in_the_way
from app.rules.watching import Due

PATIENCE = 100


def empty(moving: Moving, due: Sequence[Due]) -> None:
    """Empty hosts, those with the least to carry first, if what asks for it still holds after the moves before."""
    fleet = moving.fleet
    carried = np.bincount(fleet.rows, fleet.amounts("vm.vcpus"), len(moving.table))
    patience = PATIENCE
    for each in sorted(due, key=lambda each: carried[each.row]):
        who = moving.by_memory(fleet.on(each.row).tolist())[::-1]
        if who and moving.lookout.holds(each.part, each.watch)[each.row]:
            reason = _uncounted(moving, each.row, len(who)) or _emptied(moving, each, who, patience > 0)
            if reason:
                patience -= 1
                moving.refuse(f"evacuate {moving.table.hosts[each.row]}", reason)


def _emptied(moving: Moving, due: Due, who: Sequence[int], patient: bool) -> str:
    """Move all machines of a host, the largest first, or none and say which one stands against it."""
    mark, ask = len(moving.moves), Ask(why=moving.because(due), emptied=True)
    moving.emptied.append(due.row)
    for each in who:
        reason = moving.attempt(each, ask)
        if reason and not (patient and _room_made(moving, each, ask)):
            moving.take_back(mark)
            moving.emptied.pop()
            return f"{moving.fleet.ids[each]}: {reason}"
    moving.acted(due)
    moving.draft.settle(mark)
    return ""


def _room_made(moving: Moving, who: int, ask: Ask) -> bool:
    """Let another machine make room for one that found no host, if no further host asks to be emptied by that."""
    if moving.bound(who):
        return False
    mark, before = len(moving.moves), moving.restless()
    for other in in_the_way(moving, who):
        into = replace(ask, to=int(moving.fleet.rows[other]))
        way = Ask(why=f"makes room for {moving.fleet.ids[who]}")
        if not moving.attempt(other, way) and not moving.attempt(who, into) and not (moving.restless() & ~before).any():
            return True
        moving.take_back(mark)
    return False


def _uncounted(moving: Moving, row: int, known: int) -> str:
    """Refuse to empty a host that carries more machines than run: one that is starting cannot move."""
    counted = moving.table.cell(SENSORS["host.vms"], row, moving.lookout.now.at_s)
    return "" if counted is None or counted == known else "a machine on it is starting or stopping"
