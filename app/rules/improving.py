"""Gains: machines that triggers choose to migrate, as long as the whole mapping gets better by it."""

from collections.abc import Sequence

import numpy as np

from app.rules.moving import Ask, Moving
from app.rules.watching import Due, foreseen


def improve(moving: Moving, due: Sequence[Due]) -> None:
    """Go through what is due, rule by rule: hosts give machines away, machines go by themselves."""
    of_machines: dict[int, list[Due]] = {}
    for each in due:
        if each.who is None:
            _shed(moving, each)
        else:
            of_machines.setdefault(id(each.watch), []).append(each)
    for alike in of_machines.values():
        _drift(moving, alike)


def _shed(moving: Moving, due: Due) -> None:
    """Let a host give away machines until it is enough: one, if only time can show whether it is."""
    part, watch = due.part, due.watch
    who = moving.fleet.on(due.row)
    who = who[moving.lookout.of_machines(part, who)]
    assert watch.by is not None
    for each in moving.lookout.first(watch.by, who):
        if _enough(moving, due):
            break
        if _gained(moving, due, each) and not (watch.clause.until and foreseen(watch.clause.until)):
            break


def _enough(moving: Moving, due: Due) -> bool:
    """Tell whether a host has given away enough; the moves before may have seen to that."""
    if due.watch.until is not None:
        return bool(moving.lookout.enough(due.part, due.watch)[due.row])
    return not moving.lookout.holds(due.part, due.watch)[due.row]


def _drift(moving: Moving, alike: Sequence[Due]) -> None:
    """Let machines move that ask for it themselves, one of a host in a round."""
    first = alike[0]
    assert first.watch.by is not None
    dues = {each.who: each for each in alike}
    for who in moving.lookout.first(first.watch.by, np.array([each.who for each in alike], np.intp)):
        due = dues[who]
        resting = (due.part.rule.name, moving.table.hosts[due.row]) in moving.rested
        if not resting and not (first.watch.until and moving.lookout.enough(first.part, first.watch)[who]):
            _gained(moving, due, who)


def _gained(moving: Moving, due: Due, who: int) -> bool:
    ask = Ask(why=moving.because(due), over=moving.draft.policy.policy.gain)
    if reason := moving.attempt(who, ask):
        moving.refuse(f"move {moving.fleet.ids[who]}", reason)
        return False
    moving.acted(due)
    moving.draft.settle(len(moving.draft.steps) - 1)
    return True
