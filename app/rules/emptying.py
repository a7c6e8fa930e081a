"""Evacuations: hosts that rules ask to be emptied, wholly or not at all. In that round nothing comes to them again."""

from collections.abc import Sequence

import numpy as np

from app.rules.catalogue import SENSORS
from app.rules.moving import Ask, Moving
from app.rules.watching import Due


def empty(moving: Moving, due: Sequence[Due]) -> None:
    """Empty hosts, those with the least to carry first, if what asks for it still holds after the moves before."""
    fleet = moving.fleet
    carried = np.bincount(fleet.rows, fleet.amounts("vm.vcpus"), len(moving.table))
    for each in sorted(due, key=lambda each: carried[each.row]):
        who = moving.by_memory(fleet.on(each.row).tolist())[::-1]
        if who and moving.lookout.holds(each.part, each.watch)[each.row]:
            reason = _uncounted(moving, each.row, len(who)) or _emptied(moving, each, who)
            if reason:
                moving.refuse(f"evacuate {moving.table.hosts[each.row]}", reason)


def _emptied(moving: Moving, due: Due, who: Sequence[int]) -> str:
    """Move all machines of a host, the largest first, or none and say which one stands against it."""
    mark, ask = len(moving.moves), Ask(why=moving.because(due), emptied=True)
    for each in who:
        if reason := moving.attempt(each, ask):
            moving.take_back(mark)
            return f"{moving.fleet.ids[each]}: {reason}"
    moving.emptied.append(due.row)
    moving.acted(due)
    moving.draft.settle(mark)
    return ""


def _uncounted(moving: Moving, row: int, known: int) -> str:
    """Refuse to empty a host that carries more machines than run: one that is starting cannot move."""
    counted = moving.table.cell(SENSORS["host.vms"], row, moving.lookout.now.at_s)
    return "" if counted is None or counted == known else "a machine on it is starting or stopping"
