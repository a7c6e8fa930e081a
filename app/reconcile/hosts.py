"""One watcher for each host: ask for its facts again and again, tell when it comes and goes, take it in and out.

Only here a host becomes LOST, and only after a second question: a connection that breaks and comes back within
half a second is no news. The trap: this column is what keeps the loop's hands off, so `up` is only
true after the row says so, too.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from app.domain.errors import CloudError, TimedOut
from app.domain.host import Host
from app.domain.ports import Clock, DomainSpec, HostEvent, HostFacts, Hypervisors, Store, Unit
from app.domain.states import HOST, POWER, HostState, HostWanted, Power
from app.reconcile.limits import Limits
from app.reconcile.power import PowerKeeper
from app.reconcile.shared import SharedCall

log = logging.getLogger(__name__)
PATIENCE = 2
RETRY_S = 0.5
LEAVING_S = 5.0


class HostDuties(Protocol):
    """What the loop does with a host; called by the host's own watcher, so a host that hangs delays itself only."""

    async def came(self, host: Host) -> None:
        """The host answers (again)."""
        ...

    async def went(self, host: Host) -> None:
        """The host is lost."""
        ...

    async def sweep(self, host: Host) -> bool:
        """Compare all of a host; return True if nothing of ours is on it."""
        ...

    async def empty(self, host: Host) -> bool:
        """Tell whether the store knows nothing on a host."""
        ...

    async def clean(self, host: Host) -> None:
        """Take our cached images off a host that leaves."""
        ...

    async def left(self, name: str) -> None:
        """The host's connection is closed for good."""
        ...


@dataclass(slots=True, eq=False)
class Watch:
    """A joined host; `row` is as the store last showed it."""

    row: Host
    probe: SharedCall[None]
    up: bool = False
    lost: bool = False
    refused: str = ""
    silences: int = 0
    swept_s: float = float("-inf")
    poked: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class HostWatchers:
    """Supervises every host of the store."""

    def __init__(self, store: Store, hypervisors: Hypervisors, clock: Clock, limits: Limits) -> None:
        self._store, self._hypervisors, self._clock, self._limits = store, hypervisors, clock, limits
        self._power: PowerKeeper | None = None
        self._watches: dict[str, Watch] = {}
        self._beats: dict[str, int] = {}
        self._duties: HostDuties
        self._listener: Callable[[HostEvent], None]

    def connect(self, duties: HostDuties, listener: Callable[[HostEvent], None]) -> None:
        self._duties, self._listener = duties, listener

    def govern(self, power: PowerKeeper) -> None:
        self._power = power

    def get(self, name: str) -> Watch | None:
        """Return what is known of a host; None if it is not joined."""
        return self._watches.get(name)

    def up(self) -> list[Host]:
        """List the hosts that answer."""
        return [watch.row for watch in self._watches.values() if watch.up]

    def join(self, row: Host, domains: Sequence[DomainSpec] = ()) -> None:
        """Supervise a host from now on; one that is joined already gets its new row."""
        watch = self._watches.get(row.name)
        if watch is None:
            watch = self._watches[row.name] = Watch(row=row, probe=SharedCall(lambda: self._probe(row.name)))
            self._connect(watch, domains)
            watch.task = asyncio.get_running_loop().create_task(self._supervise(watch))
            return
        moved, watch.row = watch.row.uri != row.uri, row
        if moved:
            self._connect(watch, domains)
        watch.poked.set()

    def _connect(self, watch: Watch, domains: Sequence[DomainSpec]) -> None:
        """A URI that makes no sense is that host's trouble only."""
        watch.refused = ""
        try:
            self._hypervisors.join(watch.row.name, watch.row.uri, self._listener, domains)
        except CloudError as error:
            watch.refused = str(error)

    async def refresh(self, rows: Iterable[Host | None], names: Iterable[str]) -> None:
        """Take note of changed rows; a name without a row is gone and its connection is closed."""
        present = {row.name: row for row in rows if row is not None}
        for row in present.values():
            self.join(row)
        for name in names:
            if name not in present and name in self._watches:
                await self._leave(name)

    def poke(self, name: str, *, sweep: bool = False) -> None:
        """Ask a host for its facts now."""
        watch = self._watches.get(name)
        if watch is not None:
            watch.swept_s = float("-inf") if sweep else watch.swept_s
            watch.poked.set()

    async def check(self, name: str) -> bool:
        """Ask a host for its facts; return whether it counts as up after that."""
        watch = self._watches.get(name)
        if watch is None:
            return False
        await watch.probe.get()
        return watch.up

    async def write_beats(self) -> None:
        """Write when each host was last seen, all in one transaction, now and then; runs until cancelled."""
        while True:
            await asyncio.sleep(max(self._limits.beat_written_s, len(self._watches) / 50))
            beats, self._beats = self._beats, {}
            if beats:
                with suppress(CloudError):
                    await self._store.write(partial(_write_beats, beats=beats), writer="reconcile")

    async def stop(self) -> None:
        tasks = [watch.task for watch in self._watches.values() if watch.task is not None]
        for watch in self._watches.values():
            watch.probe.cancel()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=0.5)

    async def _supervise(self, watch: Watch) -> None:
        while True:
            watch.poked.clear()
            try:
                if await self._awake(watch):
                    await watch.probe.get()
                await self._attend(watch)
            except CloudError as error:
                log.warning(
                    "a host could not be attended", extra={"fields": {"host": watch.row.name, "error": str(error)}}
                )
            except Exception:
                log.exception("attending a host failed", extra={"fields": {"host": watch.row.name}})
            if watch.row.name not in self._watches:
                return
            heartbeat_s = self._limits.heartbeat_of(len(self._watches))
            with suppress(TimeoutError):
                async with asyncio.timeout(heartbeat_s * (0.75 + 0.5 * self._limits.jitter())):
                    await watch.poked.wait()

    async def _awake(self, watch: Watch) -> bool:
        """See to a host's power; return whether it is worth a question."""
        if self._power is None:
            return True
        watch.row = await self._power.attend(watch.row)
        if watch.row.power is not Power.ON:
            watch.up, watch.silences = False, 0
        return self._power.to_be_asked(watch.row)

    async def _attend(self, watch: Watch) -> None:
        bare = False
        resync_s = self._limits.resync_of(len(self._watches))
        if watch.up and self._clock.monotonic_s() - watch.swept_s >= resync_s:
            bare = await self._duties.sweep(watch.row)
            watch.swept_s = self._clock.monotonic_s()
        if watch.row.wanted is not HostWanted.REMOVED:
            return
        if watch.up and (bare or await self._duties.sweep(watch.row)):
            await self._duties.clean(watch.row)
        elif watch.up or not await self._duties.empty(watch.row):
            return
        name = watch.row.name
        await self._leave(name)
        await self._duties.left(name)

    async def _leave(self, name: str) -> None:
        watch = self._watches.pop(name)
        if self._power is not None:
            self._power.forget(name)
        with suppress(CloudError, TimeoutError):
            async with asyncio.timeout(LEAVING_S):
                await self._hypervisors.leave(name)
        if watch.task is not None and watch.task is not asyncio.current_task():
            watch.task.cancel()

    async def _probe(self, name: str) -> None:
        watch = self._watches.get(name)
        if watch is None:
            return
        limit_s = self._limits.probe_s
        try:
            host = self._hypervisors.host(name)
            limit_s = max(limit_s, host.silence_s)
            async with asyncio.timeout(limit_s):
                facts = await host.facts()
        except TimeoutError:
            await self._silent(watch, TimedOut(name, "asking for its facts", limit_s))
        except CloudError as error:
            await self._silent(watch, error)
        except Exception as error:
            log.exception("asking a host for its facts failed", extra={"fields": {"host": name}})
            await self._silent(watch, error)
        else:
            await self._answered(watch, facts)

    async def _answered(self, watch: Watch, facts: HostFacts) -> None:
        watch.silences = 0
        self._beats[watch.row.name] = self._clock.now_ms()
        if self._power is not None and watch.row.power is Power.ASLEEP:
            await self._power.woke(watch.row.name)
        new = _with_facts(watch.row, facts)
        if not watch.up or new != watch.row:
            await self._write(watch, new, "answered")
        if not watch.up:
            watch.up, watch.lost, watch.swept_s = True, False, float("-inf")
            await self._duties.came(watch.row)
            watch.poked.set()

    async def _silent(self, watch: Watch, error: Exception) -> None:
        if watch.row.power is not Power.ON:
            return
        watch.silences += 1
        unsure = watch.up or watch.row.state is not HostState.LOST
        if unsure and watch.silences < PATIENCE:
            asyncio.get_running_loop().call_later(RETRY_S, watch.poked.set)
            return
        was_up, watch.up = watch.up, False
        why = watch.refused or str(error) if isinstance(error, CloudError) else f"an unexpected {type(error).__name__}"
        if was_up or watch.row.state is not HostState.LOST or watch.row.last_error != why:
            await self._write(watch, replace(watch.row, last_error=why), "silent")
        if not watch.lost:
            watch.lost = True
            await self._duties.went(watch.row)

    async def _write(self, watch: Watch, new: Host, happened: str) -> None:
        row = await self._store.write(lambda unit: _write_host(unit, new, happened), writer="reconcile")
        watch.row = row or watch.row


def _with_facts(row: Host, facts: HostFacts) -> Host:
    return replace(
        row,
        hypervisor=facts.hypervisor,
        architecture=facts.architecture,
        cores=facts.capacity.cores,
        memory_mib=facts.capacity.memory_mib,
        disk_gb=facts.capacity.disk_gb,
        foreign_cores=facts.foreign.cores,
        foreign_memory_mib=facts.foreign.memory_mib,
        last_error="",
    )


def _write_host(unit: Unit, seen: Host, happened: str) -> Host | None:
    """Write the observed columns of `seen` onto the row as it is now; return the row."""
    row = unit.hosts.get(seen.name)
    if row is None:
        return None
    state = HostState(HOST.advance(row.state, happened))
    changed = state is not row.state
    power = Power(POWER.advance(row.power, happened)) if POWER.allows(row.power, happened) else row.power
    new = replace(
        row,
        power=power,
        power_since_ms=row.power_since_ms if power is row.power else unit.now_ms,
        state=state,
        state_since_ms=unit.now_ms if changed else row.state_since_ms,
        seen_at_ms=unit.now_ms if state is HostState.UP else row.seen_at_ms,
        cores=seen.cores,
        memory_mib=seen.memory_mib,
        disk_gb=seen.disk_gb,
        foreign_cores=seen.foreign_cores,
        foreign_memory_mib=seen.foreign_memory_mib,
        hypervisor=seen.hypervisor,
        architecture=seen.architecture,
        last_error=seen.last_error,
    )
    if new != row:
        said = f"{row.name} is up" if state is HostState.UP else f"{row.name} is lost: {seen.last_error}"
        unit.hosts.put(new, event=f"host.{state}" if changed else None, text=said if changed else "")
    return new


def _write_beats(unit: Unit, beats: dict[str, int]) -> None:
    for name, at_ms in beats.items():
        row = unit.hosts.get(name)
        if row is not None and row.seen_at_ms != at_ms:  # smaller where the clock was set back
            unit.hosts.put(replace(row, seen_at_ms=at_ms))
