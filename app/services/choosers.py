"""One reservation on its way to hosts, by rules or as 1.6.1 chose; what stood where is kept for each choice.

The trap: every choice sees the ones before it, so a chooser is for one reservation and holds what is left of hosts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from app.domain.host import Host
from app.domain.vmtype import Size
from app.rules.explaining import why
from app.rules.kernels import Scene
from app.rules.moment import Now, Vm
from app.rules.place import Chosen, Room
from app.rules.place import place as place_in_order
from app.rules.placing import NOBODY, Placed, place
from app.rules.reservation import settle
from app.rules.table import HostTable
from app.services import verdicts
from app.services.rules_in_force import Ready

OPEN: Mapping[str, str] = {}


class Chooser(Protocol):
    """`chosen` in launch order, each with what was said of every host; `refusals`: why the last call found no more."""

    chosen: list[Chosen]
    verdicts: list[bytes]
    refusals: tuple[str, ...]

    def choose(self, most: int, closed: Mapping[str, str] = OPEN) -> int:
        """Choose up to `most` hosts more and return how many; `closed` says of some why they are out of question."""
        ...


class InOrder:
    """Chooses as 1.6.1 did; `last` is the order of joining of the last host."""

    def __init__(self, policy: str, need: Size, rooms: Sequence[Room], last: int) -> None:
        self._policy, self._need, self._rooms = policy, need, {room.host: room for room in rooms}
        self.chosen: list[Chosen] = []
        self.verdicts: list[bytes] = []
        self.refusals: tuple[str, ...] = ()
        self.last = last

    def choose(self, most: int, closed: Mapping[str, str] = OPEN) -> int:
        rooms = self._rooms
        now = dict(rooms)
        for name in closed.keys() & rooms.keys():
            now[name] = replace(rooms[name], closed=rooms[name].closed or closed[name])
        decision = place_in_order(list(now.values()), self._need, most, self._policy, self.last)
        for each in decision.chosen:
            self.verdicts.append(verdicts.by_order(self._policy, now.values(), self._need, each.host))
            now[each.host] = replace(now[each.host], free=now[each.host].free - self._need)
            rooms[each.host] = replace(rooms[each.host], free=now[each.host].free, asleep=False)
        self.chosen += decision.chosen
        self.refusals, self.last = decision.refusals, decision.cursor
        return len(decision.chosen)


@dataclass(slots=True, kw_only=True)
class Candidates:
    """The hosts as rules see them: `shut` says by row why one is no candidate at all. The table is the chooser's own,
    unless it chooses one host only."""

    table: HostTable
    hosts: Mapping[str, Host]
    shut: Sequence[str]
    now: Now


class Ruled:
    """Chooses by rules, machine by machine, up to the first that finds no host."""

    def __init__(self, ready: Ready, vm: Vm, candidates: Candidates, *, only_one: bool) -> None:
        self._ready, self._vm, self._candidates, self._only_one = ready, vm, candidates, only_one
        self.chosen: list[Chosen] = []
        self.verdicts: list[bytes] = []
        self.refusals: tuple[str, ...] = ()

    def choose(self, most: int, closed: Mapping[str, str] = OPEN) -> int:
        candidates, before = self._candidates, len(self.chosen)
        shut = candidates.shut
        if closed:
            shut = [why or closed.get(name, "") for name, why in zip(candidates.hosts, shut, strict=True)]
        among = np.array([not why for why in shut], np.bool_) if any(shut) else None
        while len(self.chosen) - before < most:
            placed = place(candidates.table, self._vm, self._ready.policy, candidates.now, among)
            scene = Scene(candidates.table, self._vm, candidates.now)
            told = verdicts.by_rules(placed, scene, self._ready.evidence, shut)
            if placed.row == NOBODY:
                self.refusals = _counted(verdicts.read(told, self._ready.evidence), placed, len(self._ready.evidence))
                break
            self.verdicts.append(told)
            cluster = candidates.hosts[placed.host].cluster
            self.chosen.append(Chosen(host=placed.host, cluster=cluster, reasons=self._why(placed)))
            if not self._only_one:
                settle(candidates.table, self._vm, placed.row)
        return len(self.chosen) - before

    def _why(self, placed: Placed) -> tuple[str, ...]:
        name = self._ready.policy.policy.name
        best = why(placed) or ("no rule prefers any host; it is the first that none refuses",)
        observed = tuple(f"{clause} would have refused it, but is only observed" for clause in placed.observed)
        return (*(f"{name}: {reason}" for reason in best), *observed)


def _counted(told: Sequence[verdicts.Verdict], placed: Placed, clauses: int) -> tuple[str, ...]:
    """Say why no host takes a machine: each reason once, by the first host that it holds for."""
    alike: dict[str, list[verdicts.Verdict]] = {}
    for gate, verdict in zip(placed.refused_by.tolist(), told, strict=True):
        alike.setdefault(str(gate) if gate < clauses else verdict.words, []).append(verdict)
    return tuple(
        f"{each[0].host}: {each[0].words}" + (f", and so on {len(each) - 1} more" if len(each) > 1 else "")
        for each in alike.values()
    )
