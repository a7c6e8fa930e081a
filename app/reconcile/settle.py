"""One look at one instance: read, observe, diff, act, and look again until nothing is left to do.

Called by the queue, never twice at once for one instance. What goes wrong is sorted here: a host that is away
is no fault of the instance, a refusal counts, and after enough of them services are told to give up.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from app.domain.errors import CloudError, Lost, Missing, TimedOut, Unavailable
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Clock, Store, Unit
from app.domain.states import HostState, HostWanted, Seen, Wanted
from app.reconcile.actions import (
    TOUCHES_NO_HOST,
    Action,
    GiveUp,
    Mark,
    ReportMoved,
    ReportMoveFailed,
    ReportPowerOff,
    Wait,
)
from app.reconcile.backoff import Backoff
from app.reconcile.cases import Case, CaseReader
from app.reconcile.diff import diff
from app.reconcile.execute import Executor, Hopeless, Job, Staged
from app.reconcile.hosts import HostWatchers, Watch
from app.reconcile.impaired import impair_one
from app.reconcile.limits import Limits
from app.reconcile.memory import Memory
from app.reconcile.moving import move
from app.reconcile.networks import Unwoven
from app.reconcile.observe import Observer
from app.reconcile.outcomes import Outcomes
from app.reconcile.queue import Again, Turn
from app.reconcile.staging import Staging

log = logging.getLogger(__name__)
ROUNDS = 8
_ANEW = ("booted", "started")
_ALIVE = frozenset({Seen.RUNNING, Seen.PAUSED})
GAVE_UP = "Server.InternalError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Everything a look needs."""

    store: Store
    clock: Clock
    limits: Limits
    outcomes: Outcomes
    watchers: HostWatchers
    cases: CaseReader
    observer: Observer
    staging: Staging
    executor: Executor
    backoff: Backoff


class Settler:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._memories: dict[str, Memory] = {}

    @property
    def remembered(self) -> int:
        return len(self._memories)

    def doubts(self, instance: Instance) -> bool:
        """Tell whether an instance that runs was last looked at when it did not, so that only a look can judge."""
        memory = self._memories.get(instance.id)
        return memory is not None and memory.off_since_s is not None and not instance.to_be_off

    def told(self, instance_id: str, detail: str) -> None:
        """Take a host's word that a guest rebooted."""
        memory = self._memories.get(instance_id)
        if memory is not None and any(word in detail for word in _ANEW):
            memory.told_reboot()

    async def settle(self, instance_id: str, turn: Turn) -> Again | None:
        """Bring one instance nearer to what is wanted; return when to look again, None: when something changes."""
        try:
            return await self._settle(instance_id, turn)
        except CloudError as error:  # what a host does is sorted below: this is the store
            fields = {"instance": instance_id, "error": str(error)}
            log.warning("a look at an instance was cut short", extra={"fields": fields})
            memory = self._memories.setdefault(instance_id, Memory())
            memory.failures += 1
            return Again(after_s=self._tools.backoff.after(memory.failures), failed=True)

    async def _settle(self, instance_id: str, turn: Turn) -> Again | None:
        for _ in range(ROUNDS):
            turn.fresh()
            case = await self._tools.cases.get(instance_id)
            watches = [] if case is None else [self._tools.watchers.get(name) for name in case.instance.hosts]
            joined = [watch for watch in watches if watch is not None]
            if case is None or len(joined) < len(watches):
                self._forget(instance_id)
                return None
            await self._impair(case.instance, joined)
            unsure = any(not watch.up and not watch.lost for watch in joined)
            if unsure or not any(watch.up for watch in joined):
                self._lose_sight(instance_id)
                return None
            job = Job(
                case=case,
                host=joined[0].row,
                source=joined[1].row if case.instance.moving_from else None,
                memory=self._memories.setdefault(instance_id, Memory()),
                now_s=self._tools.clock.monotonic_s(),
            )
            done, again = await self._guarded(job, turn)
            if done:
                return again
        memory = self._memories.setdefault(instance_id, Memory())
        memory.restless += 1  # something on its host does not do what it says, such as a disk still being uploaded
        return Again(after_s=self._tools.backoff.after(memory.restless))

    async def _guarded(self, job: Job, turn: Turn) -> tuple[bool, Again | None]:
        """Do one round; return whether the look is over, and when the next one is due."""
        try:
            async with asyncio.timeout(self._tools.limits.pass_s):
                return await self._round(job, turn)
        except Staged:
            return True, None
        except TimeoutError:
            error: CloudError = TimedOut(job.host.name, "the work on an instance", self._tools.limits.pass_s)
            return True, await self._failed(job, error)
        except CloudError as refused:
            return True, await self._failed(job, refused)
        except Exception as bug:
            log.exception("a look at an instance failed", extra={"fields": {"instance": job.case.instance.id}})
            return True, await self._failed(job, Unavailable("reconcile", f"unexpected {type(bug).__name__}"))

    async def _look(self, job: Job) -> list[Action]:
        """Observe, and see what is to be done."""
        instance, memory, limits = job.case.instance, job.memory, self._tools.limits
        stopping = instance.to_be_off
        if job.source is None:
            observed = await self._tools.observer.look(instance, job.host)
            memory.look(observed.domain, job.now_s, stopping=stopping)
            return diff(instance, observed, memory, limits, job.now_s)
        both = await self._tools.observer.look_at_both(instance, self._if_up(job.source), self._if_up(job.host))
        both = replace(both, given_up=job.source.wanted is HostWanted.REMOVED)
        if both.known:
            memory.look(both.domain, job.now_s, stopping=stopping)
        else:
            memory.blind = True
        return move(instance, both, memory, limits, job.now_s)

    def _if_up(self, host: Host) -> Host | None:
        watch = self._tools.watchers.get(host.name)
        return host if watch is not None and watch.up else None

    async def _round(self, job: Job, turn: Turn) -> tuple[bool, Again | None]:
        instance, memory = job.case.instance, job.memory
        actions = await self._look(job)
        await self._carry_out(actions, job, turn)
        if not all(isinstance(action, TOUCHES_NO_HOST) for action in actions):
            waits = [action for action in actions if isinstance(action, Wait)]
            return bool(waits) and not self._refused(memory), _again(waits)
        memory.failures = memory.restless = 0
        if instance.last_error and all(isinstance(action, Mark) for action in actions):
            await self._note(instance.id, 0, "")
        if instance.removed or any(isinstance(action, Mark) and action.removed for action in actions):
            self._forget(instance.id)
        return True, _again([action for action in actions if isinstance(action, Wait)])

    async def _carry_out(self, actions: Sequence[Action], job: Job, turn: Turn) -> None:
        for action in actions:
            if turn.overtaken:
                return
            match action:
                case Wait():
                    pass
                case ReportPowerOff(launch=launch, by_guest=by_guest):
                    await self._tell(job.case, launch, partial(self._tools.outcomes.powered_off, by_guest=by_guest))
                case GiveUp(reason=reason):
                    await self._note(job.case.instance.id, 0, job.case.instance.last_error)
                    await self._give_up(job, reason)
                case ReportMoved():
                    await self._move_over(job, self._tools.outcomes.moved)
                case ReportMoveFailed(reason=why):
                    await self._move_over(job, partial(self._tools.outcomes.move_failed, reason=why))
                case _:
                    await self._tools.executor.run(action, job)

    @staticmethod
    def _refused(memory: Memory) -> bool:
        return memory.shutdown_refused or memory.reboot_refused

    async def _impair(self, instance: Instance, watches: Sequence[Watch]) -> None:
        """Leave everything of a lost host as it is, but say since when."""
        lost = [watch.row.name for watch in watches if not watch.up and watch.row.state is HostState.LOST]
        if lost and not instance.removed and not instance.impaired_since_ms:
            await self._tools.store.write(lambda unit: _impair(unit, instance.id, lost[0]), writer="reconcile")

    async def _failed(self, job: Job, error: CloudError) -> Again:
        """Count a failed start; whether it is the last one is decided by the next look, for it may run after all."""
        tools, memory, instance = self._tools, job.memory, job.case.instance
        memory.failures, memory.blind = memory.failures + 1, True
        if job.source is not None:
            return await self._move_stalled(job, job.source, error)
        attempts = instance.attempts
        if await self._counts(job, error):
            tools.staging.forget(job.host.name)
            starting = instance.wanted is Wanted.RUNNING and instance.seen not in _ALIVE
            attempts += 1 if starting else 0
        await self._note(instance.id, attempts, str(error))
        if isinstance(error, Hopeless):
            await self._give_up(job, f"the instance could not be started: {error}")
        last = attempts == tools.limits.attempts > instance.attempts
        return Again(after_s=0.0 if last else tools.backoff.after(memory.failures), failed=True)

    async def _move_stalled(self, job: Job, source: Host, error: CloudError) -> Again:
        """Count what was refused; a host that does not answer is asked whether it is there, and counts for nothing."""
        if isinstance(error, Unavailable | Missing):
            for host in (source, job.host):
                await self._tools.watchers.check(host.name)
        else:
            self._tools.staging.forget(job.host.name)
            job.memory.move_refused(str(error))
        await self._note(job.case.instance.id, job.case.instance.attempts, str(error))
        return Again(after_s=self._tools.backoff.after(job.memory.failures), failed=True)

    async def _move_over(self, job: Job, tell: Callable[[Unit, str], None]) -> None:
        """Tell services, unless it moves otherwise than it did at the look."""
        seen = job.case.instance

        def work(unit: Unit) -> None:
            row = unit.instances.get(seen.id)
            if row is not None and row.hosts == seen.hosts:
                tell(unit, row.id)

        await self._tools.store.write(work, writer="services")
        self._tools.executor.moved(seen)
        job.memory.move_over()

    async def _counts(self, job: Job, error: CloudError) -> bool:
        """A host or network that is away is no fault of the instance; a host that answers and does not help is."""
        if isinstance(error, Unwoven):
            return False
        if not isinstance(error, Unavailable | Missing):
            return True
        return await self._tools.watchers.check(job.host.name) and not isinstance(error, Lost)

    async def _note(self, instance_id: str, attempts: int, error: str) -> None:
        def work(unit: Unit) -> None:
            row = unit.instances.get(instance_id)
            if row is not None:
                unit.instances.put(replace(row, attempts=attempts, last_error=error))

        await self._tools.store.write(work, writer="reconcile")

    async def _give_up(self, job: Job, why: str) -> None:
        def told(unit: Unit, instance_id: str) -> None:
            self._tools.outcomes.gave_up(unit, instance_id, GAVE_UP, why)

        await self._tell(job.case, job.case.instance.launches, told)

    async def _tell(self, case: Case, launch: int, tell: Callable[[Unit, str], None]) -> None:
        """Tell services, unless what is wanted changed since the look."""

        def work(unit: Unit) -> None:
            row = unit.instances.get(case.instance.id)
            if row is not None and row.wanted is Wanted.RUNNING and row.launches == launch:
                tell(unit, row.id)

        await self._tools.store.write(work, writer="services")

    def _lose_sight(self, instance_id: str) -> None:
        memory = self._memories.get(instance_id)
        if memory is not None:
            memory.blind = True

    def _forget(self, instance_id: str) -> None:
        self._memories.pop(instance_id, None)
        self._tools.staging.drop(instance_id)


def _impair(unit: Unit, instance_id: str, host: str) -> None:
    row = unit.instances.get(instance_id)
    if row is not None:
        impair_one(unit, row, host)


def _again(waits: Sequence[Wait]) -> Again | None:
    return Again(after_s=min(wait.seconds for wait in waits)) if waits else None
