"""Rounds of remapping: when one is due, and its plan carried out step by step, or only told (REMAP_MODE).

A round begins by the policy's time, and at once when the policy, a host or a host's words change. Moves are made one
after another, each waited for, since the plan's order is what keeps its rules. The traps: a round that another policy
planned is given up between two steps; and what was planned is remembered as done, so a failed move rests, too.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from app.domain.errors import CloudError, TimedOut, WrongState
from app.domain.journal import Entry
from app.domain.ports import Clock, Store, Unit
from app.rules.plan import Memory, Move, Plan, Refused, Restart
from app.server.orders import Order
from app.server.planner import Planner
from app.services import remapping
from app.services.mapping import Mapping
from app.services.remapping import KIND, Briefing, is_news

log = logging.getLogger(__name__)
ENTRIES = 2000
TOGETHER_S = 1.0
MOVE_S = 900.0
RESTS_S = 600.0
RETRY_S = 30.0
LEAST_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How rounds are run: `off`, `advise` or `auto`; `interval_s` 0: as the policy says."""

    mode: str = "auto"
    interval_s: float = 0.0
    idle_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The newest round; `told` is how it ends or where it is."""

    at_ms: int
    policy: str
    mode: str
    took_s: float
    plan: Plan
    told: str


@dataclass(slots=True)
class _Kept:
    """What one round leaves to the next."""

    active_id: str = ""
    memory: Memory = field(default_factory=Memory)
    failed_until_s: dict[str, float] = field(default_factory=dict)
    refused: frozenset[tuple[str, str]] = frozenset()
    advised: tuple[object, ...] = ()


class Rounds:
    """Lives as long as the server; `mode` is asked anew for each round, `shipped` reads rules of ours by name.

    `next_ms` is when the next round is due, None: when something changes.
    """

    def __init__(
        self,
        store: Store,
        mapping: Mapping,
        planner: Planner,
        clock: Clock,
        *,
        mode: Callable[[], Mode],
        shipped: Callable[[str], str],
    ) -> None:
        self.mapping, self.planner, self.mode = mapping, planner, mode
        self._store, self._clock, self._shipped = store, clock, shipped
        self._kept = _Kept()
        self._due = asyncio.Event()
        self._changed = asyncio.Event()
        self.latest: Round | None = None
        self.next_ms: int | None = None

    def poke(self) -> None:
        """Let a round begin now."""
        self._due.set()

    async def run(self) -> None:
        """Hold rounds until cancelled."""
        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(self._follow())
                together.create_task(self._hold())
        finally:
            await self.planner.close()

    async def _hold(self) -> None:
        while True:
            try:
                next_s = await self._round()
            except CloudError as error:
                log.warning("a round was cut short", extra={"fields": {"error": str(error)}})
                self._tell(f"the round after this one was cut short: {error}")
                next_s = RETRY_S
            except Exception:
                log.exception("a round failed")
                self._tell("the round after this one failed; the server's log knows more")
                next_s = RETRY_S
            self.next_ms = None if next_s is None else self._clock.now_ms() + int(1000 * next_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), next_s)
            self._due.clear()

    async def _round(self) -> float | None:
        """Hold one round; return when the next one is due, None: when something changes."""
        await self._store.read(self.mapping.make_ready)
        mode = self.mode()
        if mode.mode == "off":
            return None
        briefing = await self._store.write(lambda unit: remapping.brief(unit, self.mapping.fleet, self._shipped))
        if briefing is None:
            self._kept, self.latest = _Kept(), None
            return None
        if briefing.active_id != self._kept.active_id:
            self._kept = _Kept(active_id=briefing.active_id)
        began_s = self._clock.monotonic_s()
        planned = await self.planner.plan(self._order(briefing, mode))
        plan = planned.plan
        self.latest = Round(
            at_ms=self._clock.now_ms(),
            policy=briefing.policy,
            mode=mode.mode,
            took_s=self._clock.monotonic_s() - began_s,
            plan=plan,
            told="",
        )
        if mode.mode == "auto":
            self._kept.memory = plan.memory
            undone = await self._restart(plan.restarts, briefing.active_id)
            await self._carry_out(plan, briefing.active_id)
        else:
            undone = []
            self._kept.memory = replace(self._kept.memory, since=plan.memory.since)
            await self._advise(plan, briefing.active_id)
        await self._tell_refused((*plan.refused, *undone))
        return pause_s(mode.interval_s or planned.every_s)

    def _order(self, briefing: Briefing, mode: Mode) -> Order:
        now_s = briefing.now.at_s
        self._kept.failed_until_s = {vm: until for vm, until in self._kept.failed_until_s.items() if until > now_s}
        state = replace(briefing.state, pinned=briefing.state.pinned | self._kept.failed_until_s.keys())
        return Order(
            text=briefing.text,
            policy=briefing.policy,
            state=state,
            now=briefing.now,
            idle_s=mode.idle_s if briefing.active_id == remapping.POWERSAVE else None,
            memory=self._kept.memory,
        )

    # --- carrying out ---

    async def _carry_out(self, plan: Plan, active_id: str) -> None:
        for said in plan.alerts:
            await self._store.write(partial(remapping.alert, said=said))
        if plan.moves or plan.powers or plan.restarts:
            await self._note(active_id, "planned", summary(plan))
        try:
            for move in plan.moves:
                self._check_mode()
                await self._make(move, active_id)
            for asked in plan.powers:
                self._check_mode()
                await self._store.write(partial(remapping.switch, active_id=active_id, asked=asked))
        except CloudError as error:
            self._tell(f"given up: {error}")
            await self._note(active_id, "given up", str(error))
        else:
            self._tell("done")

    def _check_mode(self) -> None:
        """WrongState if rounds are not to change anything any more."""
        if (mode := self.mode().mode) != "auto":
            raise WrongState("setting", "REMAP_MODE", mode, "now: the rest of the plan is left")

    async def _restart(self, restarts: Sequence[Restart], active_id: str) -> list[Refused]:
        """Start instances of fenced hosts elsewhere; return what was not done, as of a host that nobody fenced."""
        undone = []
        for asked in restarts:
            try:
                work = partial(remapping.begin_restart, mapping=self.mapping, active_id=active_id, asked=asked)
                await self._store.write(work)
            except CloudError as error:
                undone.append(Refused(what=f"restart {asked.vm}", why=str(error)))
        return undone

    async def _make(self, move: Move, active_id: str) -> None:
        """Move one instance and wait for how it ends; raises if it is not where it was to go."""
        self._tell(f"{move.vm} moves from {move.source} to {move.target}")
        changes = self._store.changes()
        self._kept.failed_until_s[move.vm] = self._clock.monotonic_s() + RESTS_S
        await self._store.write(partial(remapping.begin_move, mapping=self.mapping, active_id=active_id, move=move))
        if not await self._ended(move, active_id, changes):
            raise TimedOut(move.target, f"the move of {move.vm}, which stays on {move.source} for now", MOVE_S)
        del self._kept.failed_until_s[move.vm]

    async def _ended(self, move: Move, active_id: str, changes: AsyncIterator[int]) -> bool:
        asked = partial(remapping.moved, active_id=active_id, move=move)
        with suppress(TimeoutError):
            async with asyncio.timeout(MOVE_S):
                while (there := await self._store.read(asked)) is None:
                    await anext(changes)
                return there
        return False

    # --- telling ---

    async def _advise(self, plan: Plan, active_id: str) -> None:
        steps = (plan.moves, plan.powers, plan.alerts)
        if steps != self._kept.advised and not plan.quiet:
            await self._note(active_id, "advised", "; ".join((summary(plan), *_steps(plan))))
        self._kept.advised = steps
        self._tell("advised, not done")

    async def _tell_refused(self, all_refused: Sequence[Refused]) -> None:
        """Write down what a rule asked for and does not get, once for as long as that is so."""
        refused = frozenset((each.what, each.why) for each in all_refused)
        new, self._kept.refused = refused - self._kept.refused, refused
        if new:
            await self._store.write(partial(_write_refused, refused=sorted(new)))

    async def _note(self, active_id: str, event: str, text: str) -> None:
        await self._store.write(lambda unit: unit.note(f"remapping.{event}", KIND, active_id, text))

    def _tell(self, told: str) -> None:
        if self.latest is not None:
            self.latest = replace(self.latest, told=told)

    # --- when ---

    async def _follow(self) -> None:
        """Begin a round when something changed that rules look at and that does not come by itself."""
        cursor = await self._store.read(lambda unit: unit.cursor())
        while True:
            changes = self._store.changes()
            try:
                async for _ in changes:
                    await asyncio.sleep(TOGETHER_S)
                    entries = await self._store.read(partial(_entries, after=cursor))
                    cursor = entries[-1].cursor if entries else cursor
                    if any(map(is_news, entries)):
                        self.poke()
            except CloudError as error:
                log.warning("the journal can not be read", extra={"fields": {"error": str(error)}})
            except Exception:
                log.exception("following the journal failed")
            await asyncio.sleep(TOGETHER_S)


def pause_s(asked_s: float) -> float | None:
    """Return how long to rest before the next round; None: until something changes. Each costs a transaction."""
    return max(asked_s, LEAST_S) if asked_s else None


def summary(plan: Plan) -> str:
    """Say in one line what a plan does."""
    asleep = [each.host for each in plan.powers if not each.on]
    woken = [each.host for each in plan.powers if each.on]
    said = [f"{len(plan.restarts)} started elsewhere"] if plan.restarts else []
    said += [f"{len(plan.moves)} move{'s' * (len(plan.moves) > 1)}"] if plan.moves else []
    said += [f"{', '.join(hosts)} {what}" for hosts, what in ((woken, "on"), (asleep, "to sleep")) if hosts]
    return "; ".join(said) or "nothing to do"


def _steps(plan: Plan) -> Iterator[str]:
    for move in plan.moves:
        yield f"{move.vm} from {move.source} to {move.target}: {move.why}"
    for asked in plan.powers:
        yield f"{asked.host} {'on' if asked.on else 'asleep'}: {asked.why}"


def _entries(unit: Unit, after: int) -> list[Entry]:
    return unit.entries(after, ENTRIES)


def _write_refused(unit: Unit, refused: list[tuple[str, str]]) -> None:
    for what, why in refused:
        unit.note("remapping.refused", KIND, what.rpartition(" ")[2], f"not done: {what}: {why}")
