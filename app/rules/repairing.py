"""Repairs: machines that break a hard rule where they are go where they break none.

Where every such host is full, somebody else makes room: for good, or, where two are in each other's place, on a free
third host until the other one has left. The trap: of rules about readings that only time changes, as a temperature,
one machine of a host is moved in a round, or a warm host would be emptied before it can cool down.
"""

from collections.abc import Sequence

import numpy as np

from app.rules.draft import Draft
from app.rules.moving import Ask, Moving
from app.rules.obstacles import in_the_way
from app.rules.table import Flags
from app.rules.waking import Waking
from app.rules.watching import measured

GLANCE = 32


def repair(moving: Moving) -> None:
    """Move machines that break a hard rule where they are, host by host, until nobody on it does."""
    draft = moving.draft
    waking = Waking(draft, moving.lookout)
    slow = np.array([measured(gate.clause.test) for part in draft.policy.parts for gate in part.gates], np.bool_)
    for row in np.unique(moving.fleet.rows[draft.broken.any(axis=0)]).tolist():
        _mend(moving, row, slow, waking)


def _mend(moving: Moving, row: int, slow: Flags, waking: Waking) -> None:
    """Let a host give away machines until somebody waits; one of those that break only what time can mend."""
    draft, tried, calm = moving.draft, set[int](), False
    while waiting := _breaking(draft, row, tried, ~slow if calm else None):
        who = _first(moving, waiting)
        tried.add(who)
        broken, mark = draft.broken[:, who].copy(), len(moving.moves)
        ask = Ask(why="; ".join(draft.broken_by(who)))
        bound, reason = moving.bound(who), moving.attempt(who, ask)
        awaited = bool(reason and not bound and waking.awaited(who))
        if reason and (bound or awaited or not _room_made(moving, who, ask)):
            moving.refuse(f"move {moving.fleet.ids[who]}", f"{reason} (it should leave: {ask.why})")
            if awaited:
                return
            continue
        draft.settle(mark)
        calm |= bool((broken & slow).any())


def _breaking(draft: Draft, row: int, tried: set[int], clauses: Flags | None) -> list[int]:
    """Name machines of a host that break a hard rule there and were not tried yet."""
    here = draft.fleet.on(row)
    broken = draft.broken[:, here] if clauses is None else draft.broken[np.ix_(clauses, here)]
    return [who for who in here[broken.any(axis=0)].tolist() if who not in tried]


def _first(moving: Moving, waiting: Sequence[int]) -> int:
    """Choose who leaves: of those whose leaving is enough the one that is moved fastest, else the largest."""
    if len(waiting) == 1:
        return waiting[0]
    size, memory = moving.fleet.amounts("vm.vcpus"), moving.fleet.amounts("vm.mem")
    some = sorted(waiting, key=lambda who: -size[who])[:GLANCE]
    pairs = [(who, other) for who in some for other in waiting if other != who]
    gone, who = np.array(pairs, np.intp).T
    still = moving.draft.broken_without(who, gone).reshape(len(some), -1).sum(axis=1)
    best = [each for each, left in zip(some, still.tolist(), strict=True) if left == still.min()]
    return min(best, key=lambda each: memory[each]) if not still.min() else best[0]


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
