"""Four plain ways to place requests, to compare others with.

The trap: the order among equal hosts is by index everywhere, so that a run gives the same answer anywhere.
"""

from collections.abc import Callable, Sequence

import numpy as np

from app.simulate.fleet import Floats
from app.simulate.room import Chooser, Room, in_order, in_turn


class Greedy:
    """The first host with room, always from the beginning."""

    def choose(self, room: Room, machines: int, need: Floats) -> Sequence[int] | None:
        return in_order(np.arange(len(room.free)), room.fits(need), machines)


class RoundRobin:
    """Every machine on the next host with room, going on where the last one was put."""

    def __init__(self) -> None:
        self._next = 0

    def choose(self, room: Room, machines: int, need: Floats) -> Sequence[int] | None:
        chosen = in_turn(np.roll(np.arange(len(room.free)), -self._next), room.fits(need), machines)
        if chosen:
            self._next = (chosen[-1] + 1) % len(room.free)
        return chosen


class Fullest:
    """The hosts that are on first, of these the one with the least free cores."""

    def choose(self, room: Room, machines: int, need: Floats) -> Sequence[int] | None:
        order = np.lexsort((room.free[:, 0], room.running == 0))
        return in_order(order, room.fits(need), machines)


class Emptiest:
    """The host with the most free cores."""

    def choose(self, room: Room, machines: int, need: Floats) -> Sequence[int] | None:
        return in_turn(np.argsort(-room.free[:, 0], kind="stable"), room.fits(need), machines)


CHOOSERS: dict[str, Callable[[], Chooser]] = {
    "greedy": Greedy,
    "roundrobin": RoundRobin,
    "fullest": Fullest,
    "emptiest": Emptiest,
}
