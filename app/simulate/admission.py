"""Requests played against a way to place them: who waits, who is refused, how many hosts are on, what lies together.

The trap: the line is first come, first served. A large request at its head holds up all behind it, with every policy
alike; differences in waiting come from the rooms that a policy leaves.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from time import perf_counter

import numpy as np

from app.rules.tree import Phase
from app.simulate.baselines import own
from app.simulate.choosers import CHOOSERS
from app.simulate.fleet import Floats, Ints
from app.simulate.meter import JOULES_PER_KWH
from app.simulate.requests import Requests, requests_of
from app.simulate.residence import PolicyError
from app.simulate.room import Chooser, Room
from app.simulate.ruled import Ruled
from app.simulate.rulefile import rule_policy

SHORT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one run is made of, in names and numbers only."""

    policy: str
    requests: str
    hosts: int | None
    seed: int
    traces: Path | None
    until_h: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The figures of one run; `hosts_bound` is what no placement can go below, the slowdown is bounded at 10 s."""

    policy: str
    requests: str
    hosts: int
    machines: int
    served: int
    refused: int
    energy_kwh: float | None
    hosts_on_mean: float
    hosts_bound_mean: float
    hosts_on_most: int
    hosts_bound_most: int
    wait_s_mean: float
    slowdown_mean: float
    groups_on_one_host: float
    groups_on_one_rack: float
    decision_s: float
    wall_s: float


class _Hall:
    def __init__(self, requests: Requests, chooser: Chooser) -> None:
        self.requests, self.chooser = requests, chooser
        self.room = Room(requests.hosts, requests.watts)
        self.now_s = float(requests.arrives_s[0]) if len(requests) else 0.0
        self.began_s = self.now_s
        self.line: deque[int] = deque()
        self.ends: list[tuple[float, int]] = []
        self.where: dict[int, tuple[Ints, Ints]] = {}
        self.on_s = self.bound_s = self.load_s = self.decision_s = 0.0
        self.used: Floats = np.zeros(requests.hosts.shape[1])
        self.capacity: Floats = np.cumsum(-np.sort(-requests.hosts, axis=0), axis=0)
        self.waits: list[float] = []
        self.slowdowns: list[float] = []
        self.one_host = self.one_rack = self.groups = self.refused = self.on_most = self.bound_most = 0

    def arrive(self, request: int) -> None:
        self.until(float(self.requests.arrives_s[request]))
        self.line.append(request)
        if len(self.line) == 1:
            self.serve()

    def until(self, now_s: float) -> None:
        """Let everything end that ends before this moment, and serve the line after each end."""
        while self.ends and self.ends[0][0] <= now_s:
            end_s, request = heappop(self.ends)
            self.advance(end_s)
            hosts, counts = self.where.pop(request)
            self.room.book(hosts, -counts, self.requests.need[request])
            self.used -= self.requests.machines[request] * self.requests.need[request]
            self.serve()
        self.advance(now_s)

    def advance(self, now_s: float) -> None:
        span_s = now_s - self.now_s
        if span_s > 0:
            on = self.room.running > 0
            hosts_on, bound = int(on.sum()), self.bound()
            self.on_most, self.bound_most = max(self.on_most, hosts_on), max(self.bound_most, bound)
            self.on_s += hosts_on * span_s
            self.bound_s += bound * span_s
            cores = self.room.total[:, 0]
            self.load_s += float(((cores - self.room.free[:, 0])[on] / cores[on]).sum()) * span_s
            self.now_s = self.room.now_s = now_s

    def bound(self) -> int:
        """Give the fewest hosts that hold what runs now, each resource looked at alone, the largest hosts first."""
        needed = (
            np.searchsorted(self.capacity[:, kind], used - 1e-6) + 1
            for kind, used in enumerate(self.used)
            if used > 1e-6
        )
        return int(max(needed, default=0))

    def energy_kwh(self) -> float | None:
        """Give the energy of hosts that are off when nothing runs on them; None if their watts are not known."""
        if self.requests.watts is None:
            return None
        idle_w, full_w = self.requests.watts
        return (idle_w * self.on_s + (full_w - idle_w) * self.load_s) / JOULES_PER_KWH

    def serve(self) -> None:
        """Admit from the head of the line; who finds no room is refused if there is no line, or if nothing runs."""
        while self.line:
            admitted = self.admit(self.line[0])
            if not admitted and self.requests.wait and self.where:
                return
            self.refused += not admitted
            self.line.popleft()

    def admit(self, request: int) -> bool:
        machines, need = int(self.requests.machines[request]), self.requests.need[request]
        began = perf_counter()
        chosen = self.chooser.choose(self.room, machines, need)
        self.decision_s += perf_counter() - began
        if chosen is None:
            return False
        hosts, counts = np.unique(np.asarray(chosen, dtype=np.int64), return_counts=True)
        if len(chosen) != machines or (self.room.fits(need)[hosts] < counts).any():
            raise PolicyError(f"request {request} was put where it does not fit")
        self.room.book(hosts, counts, need)
        self.used += machines * need
        self.where[request] = hosts, counts
        self.count(request, hosts, machines)
        heappush(self.ends, (self.now_s + float(self.requests.runs_s[request]), request))
        return True

    def count(self, request: int, hosts: Ints, machines: int) -> None:
        waited, runs = self.now_s - float(self.requests.arrives_s[request]), float(self.requests.runs_s[request])
        self.waits.append(waited)
        self.slowdowns.append(max(1.0, (waited + runs) / max(runs, SHORT_S)))
        if machines > 1:
            self.groups += 1
            self.one_host += len(hosts) == 1
            self.one_rack += len(np.unique(self.room.rack[hosts])) == 1


def chooser(name: str) -> tuple[str, Chooser]:
    """Make the way to place requests of that name; PolicyError when there is none."""
    if name in CHOOSERS:
        return name, CHOOSERS[name]()
    if (rules := rule_policy(name)) is not None:
        return rules.name, Ruled(rules.prepared(Phase.PLACE))
    if (found := own(name)) is not None:
        return found[0], found[1]()
    there = ", ".join(CHOOSERS)
    raise PolicyError(f"there is no policy {name} for requests; there are {there}, a file of rules, or file.py:Class")


def admit(ask: Ask, progress: Callable[[float], None] = lambda done: None) -> Admission:
    """Read or generate the requests and play them."""
    name, policy = chooser(ask.policy)
    requests = requests_of(ask.requests, ask.traces, ask.hosts, ask.seed)
    if ask.until_h is not None:
        requests = requests.until(ask.until_h)
    return admit_all(requests, name, policy, progress)


def admit_all(
    requests: Requests, name: str, chooser: Chooser, progress: Callable[[float], None] = lambda done: None
) -> Admission:
    """Play all requests; PolicyError when the policy puts one where it does not fit."""
    began = perf_counter()
    hall = _Hall(requests, chooser)
    for request in range(len(requests)):
        hall.arrive(request)
        if request % 1000 == 0:
            progress(request / len(requests))
    while hall.ends:
        hall.until(hall.ends[0][0])
    span_s = hall.now_s - hall.began_s
    return Admission(
        policy=name,
        requests=requests.name,
        hosts=len(requests.hosts),
        machines=int(requests.machines.sum()),
        served=len(hall.waits),
        refused=hall.refused,
        energy_kwh=hall.energy_kwh(),
        hosts_on_mean=_share(hall.on_s, span_s),
        hosts_bound_mean=_share(hall.bound_s, span_s),
        hosts_on_most=hall.on_most,
        hosts_bound_most=hall.bound_most,
        wait_s_mean=_mean(hall.waits),
        slowdown_mean=_mean(hall.slowdowns),
        groups_on_one_host=_share(hall.one_host, hall.groups),
        groups_on_one_rack=_share(hall.one_rack, hall.groups),
        decision_s=hall.decision_s,
        wall_s=perf_counter() - began,
    )


def _mean(values: Sequence[float]) -> float:
    return _share(sum(values), len(values))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
