"""One day of one policy, event by event: rounds each 300 s, ends of moves between them.

The trap: the compat mode's clock. The original creates the machines at 0 s, starts their load at 0.1 s and decides at
300.1 s, 600.1 s, …; what would fall on 86,400.1 s never happens. So 287 rounds, and energy from 300.1 s on only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.simulate.baselines import Contender, contender
from app.simulate.fleet import Fleet, Floats
from app.simulate.happenings import ADD, POLICY, Happening, added
from app.simulate.meter import Look, Meter
from app.simulate.policy import HISTORY, Move, State
from app.simulate.residence import NOWHERE, PolicyError, Residence
from app.simulate.shares import divide
from app.simulate.workload import INTERVAL_S, Workload

T = TypeVar("T")
LONG_AGO_S = -30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How the day is played: `vanishing` machines end at the first zero demand, and a host at zero load is free."""

    name: str
    first_round_s: float
    vanishing: bool
    to_the_end: bool


HONEST = Mode(name="honest", first_round_s=0.0, vanishing=False, to_the_end=True)
CLOUDSIM = Mode(name="cloudsim-3.0.3", first_round_s=300.1, vanishing=True, to_the_end=False)
MODES = {mode.name: mode for mode in (HONEST, CLOUDSIM)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One line of the time series, taken when the moves of a round have started."""

    now_s: float
    hosts_on: int
    watts: float
    demand_mips: float
    moves: int


class Engine:
    """Plays a day; ask it for its figures afterwards."""

    def __init__(
        self, workload: Workload, fleet: Fleet, entry: Contender, mode: Mode, happenings: Sequence[Happening] = ()
    ) -> None:
        self._workload, self._fleet, self._policy, self._mode = workload, fleet, entry.policy, mode
        self._happenings = happenings
        machines = len(workload.guests)
        self._residence = Residence(len(fleet), machines)
        self._residence.up[len(fleet) - added(happenings) :] = False
        self.meter = Meter(fleet, self._residence.up, full_power=entry.full_power)
        self._history: Floats = np.zeros((machines, HISTORY))
        self._used: Floats = np.zeros(len(fleet))
        self._settled_s: Floats = np.full(len(fleet), LONG_AGO_S)
        self.series: list[Sample] = []
        self.moves = self.refused = self.restarts = 0
        self._waiting = list(range(machines))
        self.decision_s = 0.0
        self._under_way: list[tuple[float, Move]] = []
        self._failed = np.zeros(len(fleet), dtype=np.bool_)

    def play(self, progress: Callable[[float], None]) -> None:
        """Play the whole day; `progress` is told the share of the day that is done."""
        ends_s = self._workload.ends_s
        self._place(0.0)
        self.refused = len(self._waiting)
        self._waiting = []
        now_s = self._mode.first_round_s
        while now_s < ends_s:
            self._pass_to(now_s)
            self._round(now_s)
            now_s += INTERVAL_S
            progress(min(now_s / ends_s, 1.0))
        self._pass_to(ends_s)
        if self._mode.to_the_end:
            self._look(ends_s)
        self.meter.end()

    def _place(self, now_s: float) -> None:
        placement = self._timed(self._policy.place, self._state(now_s))
        if len(placement) != len(self._waiting):
            raise PolicyError(f"{len(placement)} hosts were given for {len(self._waiting)} machines")
        for vm, host in zip(self._waiting, placement, strict=True):
            self._residence.put(vm, int(host))
        self._waiting = [vm for vm in self._waiting if self._residence.home[vm] == NOWHERE]

    def _round(self, now_s: float) -> None:
        self._look(now_s)
        if self._waiting:
            self._restart(now_s)
        use = self._workload.use_at(now_s)
        self._history = np.concatenate([use[:, None], self._history[:, :-1]], axis=1)
        moves = [Move(*move) for move in self._timed(self._policy.replan, self._state(now_s))]
        for move in moves:
            self._residence.start(move)
            self._settled_s[[self._residence.home[move.vm], move.host]] = now_s
        self._look(now_s, ends=False)
        self._note(now_s, len(moves))
        self._under_way += [(now_s + self._duration_s(move), move) for move in moves]

    def _pass_to(self, until_s: float) -> None:
        while self._happenings and self._happenings[0].at_s <= until_s:
            happening, *self._happenings = self._happenings
            self._end_moves(happening.at_s)
            self._look(happening.at_s, ends=False)
            self._happen(happening)
            self._look(happening.at_s, ends=False)
        self._end_moves(until_s)

    def _happen(self, happening: Happening) -> None:
        up = self._residence.up
        if happening.kind == POLICY:
            self._policy = contender(happening.what).policy
        elif happening.kind == ADD:
            up[np.flatnonzero(~up & ~self._failed)[: happening.number]] = True
        elif not happening.number < len(up) or not up[happening.number]:
            raise PolicyError(f"host {happening.number} cannot fail: it is not there")
        else:
            self._fail(happening.number)

    def _fail(self, host: int) -> None:
        self._failed[host] = True
        lost = self._residence.fail(host)
        self._waiting = sorted([*self._waiting, *lost])
        self._under_way = [end for end in self._under_way if end[1].host != host and end[1].vm not in lost]
        self._residence.moving[:] = False
        self._residence.moving[[move.vm for _, move in self._under_way]] = True

    def _restart(self, now_s: float) -> None:
        before = len(self._waiting)
        self._place(now_s)
        self.restarts += before - len(self._waiting)
        self._look(now_s, ends=False)

    def _end_moves(self, until_s: float) -> None:
        due = sorted((end for end in self._under_way if end[0] <= until_s), key=_end_s)
        self._under_way = [end for end in self._under_way if end[0] > until_s]
        for end_s, ends in groupby(due, key=_end_s):
            self._look(end_s)
            for _, move in ends:
                self._residence.finish(move)
            self._look(end_s)

    def _duration_s(self, move: Move) -> float:
        """A move gets half of the target's link: 1 Gbit/s carries 62.5 MB/s of it."""
        megabytes_per_s = self._fleet.bandwidth_kbit[move.host] / 8000 / 2
        return float(self._workload.guests.memory_mb[move.vm] / megabytes_per_s)

    def _look(self, now_s: float, *, ends: bool = True) -> None:
        tenancy = self._residence.tenancy()
        asked = self._workload.use_at(now_s)[tenancy.vm] * self._workload.guests.mips[tenancy.vm]
        shares = divide(self._fleet, tenancy, asked)
        at_home = ~tenancy.arriving
        lost = np.maximum(asked - shares.given, 0.0)
        self._used = shares.used
        on = shares.used > 0 if self._mode.vanishing else self._on()
        self.meter.advance(
            now_s,
            Look(
                used=shares.used,
                on=on,
                owing=shares.used < shares.asked,
                crowded=shares.crowded,
                asked=float(asked[at_home].sum()),
                given=float(shares.given[at_home].sum()),
                lost_in_moves=float(lost[tenancy.leaving].sum()),
                up=self._residence.up,
                waiting=len(self._waiting),
            ),
        )
        if ends and self._mode.vanishing:
            for vm in tenancy.vm[at_home & ~tenancy.leaving & (asked == 0)]:
                self._residence.leave(int(vm))

    def _note(self, now_s: float, moves: int) -> None:
        self.moves += moves
        self.series.append(
            Sample(
                now_s=now_s,
                hosts_on=self.meter.hosts_on(),
                watts=self.meter.watts(),
                demand_mips=float(self._demand(now_s).sum()),
                moves=moves,
            )
        )

    def _state(self, now_s: float) -> State:
        return State(
            now_s=now_s,
            fleet=self._fleet,
            guests=self._workload.guests,
            demand=self._demand(now_s),
            load=self._used,
            home=self._residence.home,
            residents=self._residence.residents,
            history=self._history,
            rounds=len(self.series) + 1,
            up=self._residence.up,
            on=self._on(),
            settled_s=self._settled_s.copy(),
            waiting=self._waiting,
        )

    def _on(self) -> NDArray[np.bool_]:
        """Tell which hosts are on: those with machines, and those that the policy keeps on."""
        used = np.fromiter(map(bool, self._residence.residents), dtype=np.bool_, count=len(self._fleet))
        kept: NDArray[np.bool_] = getattr(self._policy, "on", np.zeros(len(self._fleet), dtype=np.bool_))
        return used | (kept & self._residence.up)

    def _demand(self, now_s: float) -> Floats:
        """What a machine will ask for is not known before it runs."""
        running = self._residence.home != NOWHERE
        return np.where(running, self._workload.use_at(now_s) * self._workload.guests.mips, 0.0)

    def _timed(self, decide: Callable[[State], Sequence[T]], state: State) -> Sequence[T]:
        began = perf_counter()
        answer = decide(state)
        self.decision_s += perf_counter() - began
        return answer


def _end_s(end: tuple[float, Move]) -> float:
    return end[0]
