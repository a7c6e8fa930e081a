"""Repairs: machines that break a hard rule where they are go where they break none.

Where every such host is full, somebody else makes room: for good, or, where two are in each other's place, on a free
third host until the other one has left. The trap: of rules about readings that only time changes, as a temperature,
one machine of a host is moved in a round, or a warm host would be emptied before it can cool down.
"""

import numpy as np

from app.rules.moving import Ask, Moving
from app.rules.obstacles import in_the_way
from app.rules.watching import measured


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
    for other in in_the_way(moving, who):
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
