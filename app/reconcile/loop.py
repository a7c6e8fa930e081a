"""The reconcile loop: the only place that changes the outside world.

It wakes on the journal, on what hosts tell, and on a clock that trusts neither. Everything it does is the
difference between what is wanted and what is seen, so a kill at any moment costs nothing but time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial

from app.domain.errors import CloudError
from app.domain.fabric import Fabric
from app.domain.far import Reach
from app.domain.files import ImageFiles, SeedFiles
from app.domain.gateway import RemoteGateway
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.journal import Entry
from app.domain.network import NetworkPlan
from app.domain.overlay import Overlay
from app.domain.ports import Clock, DomainSpec, EventKind, HostEvent, Hypervisors, Store, Unit
from app.domain.power import PowerSwitch
from app.domain.rows import writer_of
from app.domain.states import Seen
from app.reconcile.backoff import Backoff
from app.reconcile.capturing import Capturer
from app.reconcile.cases import Case, CaseReader, load
from app.reconcile.disks import CACHED, plan
from app.reconcile.execute import Executor
from app.reconcile.hosts import HostWatchers
from app.reconcile.impaired import impair, seen_again
from app.reconcile.leftovers import Leftovers
from app.reconcile.limits import Limits
from app.reconcile.networks import Networks
from app.reconcile.observe import Observer
from app.reconcile.outcomes import Outcomes
from app.reconcile.power import PowerKeeper
from app.reconcile.queue import WorkQueue
from app.reconcile.settle import Settler, Tools
from app.reconcile.staging import Staging, evict
from app.reconcile.sweep import compare, present, rows_for

log = logging.getLogger(__name__)
ENTRIES = 2000
_OURS = {
    "instance": frozenset(column.name for column in fields(Instance) if writer_of(column) == "reconcile"),
    "host": frozenset(column.name for column in fields(Host) if writer_of(column) == "reconcile"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the journal told since the last look: instances with their hosts, hosts with their rows; the rest at all."""

    cursor: int
    full: bool
    instances: tuple[tuple[str, str], ...]
    hosts: dict[str, Host | None]
    images: bool = False


class Reconciler:
    """Makes hosts be what the store says; `start` joins every host of the store."""

    def __init__(
        self,
        *,
        store: Store,
        hypervisors: Hypervisors,
        images: ImageFiles,
        clock: Clock,
        outcomes: Outcomes,
        limits: Limits | None = None,
    ) -> None:
        self._store, self._hypervisors, self._clock, self._outcomes = store, hypervisors, clock, outcomes
        self._limits = limits = limits or Limits()
        self._observer = Observer(hypervisors)
        self._staging = Staging(hypervisors, images, self._observer, clock, limits)
        self._leftovers = Leftovers(store, hypervisors, self._observer, clock, limits.leftovers_s)
        self._watchers = HostWatchers(store, hypervisors, clock, limits)
        self._networks = Networks(store, limits.resync_s)
        self._capturer = Capturer(store, hypervisors, images, outcomes, limits)
        self._executor = Executor(store, hypervisors, self._staging, self._networks, limits)
        tools = Tools(
            store=store,
            clock=clock,
            limits=limits,
            outcomes=outcomes,
            watchers=self._watchers,
            cases=CaseReader(store),
            observer=self._observer,
            staging=self._staging,
            executor=self._executor,
            backoff=Backoff(first_s=limits.retry_first_s, most_s=limits.retry_most_s, jitter=limits.jitter),
        )
        self._settler = Settler(tools)
        self._queue = WorkQueue(
            self._settler.settle,
            concurrency=limits.concurrency,
            per_lane=limits.per_host,
            slow_after_s=limits.slow_after_s,
        )
        self._told: set[tuple[str, str]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- life ---

    def weave(
        self,
        fabric: Fabric,
        network: NetworkPlan,
        seeds: SeedFiles | None = None,
        reach: Reach | None = None,
        elsewhere: Mapping[str, RemoteGateway] | None = None,
    ) -> None:
        """Look after the network of real hosts, too; where it is not ours, `seeds` tell instances who they are.

        `reach` is the way to those that are other machines, `elsewhere` the fabrics of clusters whose gateways are. To
        be called before `start`.
        """
        self._networks.connect(fabric, network, seeds, reach, elsewhere)

    def stir(self) -> None:
        """Look at the networks again at once: a gateway came or went."""
        self._networks.poke()

    def govern(self, switch: PowerSwitch) -> None:
        """Put hosts to sleep and wake them, too. To be called before `start`."""
        self._watchers.govern(PowerKeeper(self._store, switch, self._outcomes, self._clock, self._limits))

    def lay_over(self, overlays: Sequence[Overlay]) -> None:
        """Define domains with an operator's changes. To be called before `start`."""
        self._executor.overlays = overlays

    async def start(self) -> None:
        """Join all hosts of the store, giving rehearsal hosts their domains back, and begin to work."""
        loop = self._loop = asyncio.get_running_loop()
        self._staging.connect(self._in_use, lambda instance_id, host: self._queue.add(instance_id, host, urgent=True))
        self._watchers.connect(self, self.listener)
        cursor, hosts, cases = await self._store.read(_everything)
        given_back: dict[str, list[DomainSpec]] = {}
        rows = {host.name: host for host in hosts}
        for case in cases:
            host = rows.get(case.instance.moving_from or case.instance.host)
            if host is not None and host.rehearsal and case.instance.seen is Seen.RUNNING:
                spec = plan(case, host, self._limits.swap_mib).spec
                given_back.setdefault(host.name, []).append(spec)
        for host in hosts:
            self._watchers.join(host, given_back.get(host.name, ()))
        self._tasks = [
            loop.create_task(self._follow(cursor), name="reconcile journal"),
            loop.create_task(self._watchers.write_beats(), name="reconcile beats"),
            loop.create_task(self._networks.run(), name="reconcile networks"),
            loop.create_task(self._capturer.run(), name="reconcile images"),
        ]

    async def stop(self) -> None:
        """Finish what is under way within `stop_s`, cancel the rest; takes less than 4 s."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(self._queue.stop(self._limits.stop_s), self._staging.close())
        await self._watchers.stop()
        self._observer.close()
        self._networks.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=0.5)

    def hosts_up(self) -> list[Host]:
        """List the hosts that answer."""
        return self._watchers.up()

    def doubt(self, host: str) -> None:
        """Ask a host at once whether it is still there."""
        self._watchers.poke(host)

    @property
    def remembered(self) -> int:
        """Count the instances that something is remembered of; must not grow with those that ended."""
        return self._settler.remembered

    def listener(self, event: HostEvent) -> None:
        """Take a host's news; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hear, event)

    def _hear(self, event: HostEvent) -> None:
        if event.kind is EventKind.DOMAIN:
            self._settler.told(event.instance_id, event.detail)
            self._queue.add(event.instance_id, event.host)
        else:
            self.doubt(event.host)

    # --- what a host's watcher asks for ---

    async def came(self, host: Host) -> None:
        """Forget what was cached of a host before it went away."""
        self._staging.forget(host.name)

    async def went(self, host: Host) -> None:
        """Mark everything on a lost host as impaired; look again at what moves or is under way."""
        for row in await self._store.write(lambda unit: impair(unit, host.name), writer="reconcile"):
            if row.moving_from or row.id in self._queue:
                self._queue.add(row.id, host.name, urgent=True)

    async def sweep(self, host: Host) -> bool:
        """Look at all instances of a host that differ; report domains of ours that nobody knows, once each."""
        domains = await self._hypervisors.host(host.name).domains()
        rows = await self._store.read(lambda unit: rows_for(unit, host.name, domains))
        swept = compare(host, domains, rows, self._limits)
        doubted = [row for row in swept.back if row.last_error or self._settler.doubts(row)]
        for instance_id in (*swept.differ, *(row.id for row in doubted)):
            self._queue.add(instance_id, host.name)
        if back := [row for row in swept.back if row not in doubted]:
            await self._store.write(lambda unit: seen_again(unit, host.name, back), writer="reconcile")
        for name in swept.late:
            await self._hypervisors.host(host.name).undefine(name)
        if host.fenced:
            await self._clean_up(host, swept.gone_on)
        new = [name for name in swept.strangers if (host.name, name) not in self._told]
        if new:
            await self._store.write(lambda unit: _report(unit, host.name, new), writer="reconcile")
            self._told.update((host.name, name) for name in new)
        await self._leftovers.sweep(host.name)
        return swept.bare

    async def _clean_up(self, host: Host, gone_on: Iterable[str]) -> None:
        """Take off a host that was fenced what runs elsewhere by now: its domains at once, then its disks."""
        hypervisor = self._hypervisors.host(host.name)
        for name in gone_on:
            await hypervisor.destroy(name)
            await hypervisor.undefine(name)
        await self._leftovers.clear(host.name, fenced=True)
        await self._store.write(lambda unit: self._outcomes.host_cleaned(unit, host.name), writer="services")

    async def empty(self, host: Host) -> bool:
        """Tell whether the store knows nothing on a host."""
        return not await self._store.read(lambda unit: present(unit, host.name))

    async def clean(self, host: Host) -> None:
        """Take our cached images, and what was left over, off a host that leaves."""
        await self._leftovers.clear(host.name)
        hypervisor = self._hypervisors.host(host.name)
        for volume in await hypervisor.volumes():
            if volume.name.startswith(CACHED):
                await evict(hypervisor, volume.name)

    async def left(self, name: str) -> None:
        """Let services remove the row of a host that has left."""
        self._staging.forget(name)
        self._observer.forget(name)
        self._leftovers.forget(name)
        await self._store.write(lambda unit: self._outcomes.host_emptied(unit, name), writer="services")

    async def _in_use(self, host: str) -> set[str]:
        """Name the cached volumes that instances on a host boot from or build on."""
        cases = await self._store.read(lambda unit: load(unit, present(unit, host)))
        digests = {image.sha256 for case in cases.values() for _, image in case.images if image is not None}
        return {CACHED + digest for digest in digests}

    # --- the journal ---

    async def _follow(self, cursor: int) -> None:
        while True:
            changes = self._store.changes()
            try:
                cursor = await self._catch_up(cursor)
                async for _ in changes:
                    self._networks.hear()
                    await self._lull(changes)
                    cursor = await self._catch_up(cursor)
            except CloudError as error:
                log.warning("the journal can not be read", extra={"fields": {"error": str(error)}})
            except Exception:
                log.exception("following the journal failed")
            await asyncio.sleep(1.0)

    async def _lull(self, changes: AsyncIterator[int]) -> None:
        """Wait until nothing was committed for a moment, or for a bound: answers go before what they set off."""
        with suppress(TimeoutError, StopAsyncIteration):
            async with asyncio.timeout(self._limits.together_most_s):
                while True:
                    async with asyncio.timeout(self._limits.together_s):
                        await anext(changes)
                    self._networks.hear()

    async def _catch_up(self, cursor: int) -> int:
        news = News(cursor=cursor, full=True, instances=(), hosts={})
        while news.full:
            after = news.cursor
            news = await self._store.read(partial(_read_news, after=after))
            for instance_id, host in news.instances:
                self._queue.add(instance_id, host, urgent=True)
            if news.instances or news.hosts:
                self._networks.poke()
            if news.images or self._capturer.waits:
                self._capturer.poke()
            if news.hosts:
                await self._watchers.refresh(news.hosts.values(), news.hosts.keys())
        return news.cursor


def _everything(unit: Unit) -> tuple[int, list[Host], list[Case]]:
    cases = load(unit, unit.instances.where(removed=False))
    return unit.cursor(), sorted(unit.hosts.where(), key=lambda host: host.ordinal), list(cases.values())


def _read_news(unit: Unit, after: int) -> News:
    entries = unit.entries(after, ENTRIES)
    ids = _named(entries, "instance")
    names = _named(entries, "host")
    hosts: dict[str, Host | None] = dict.fromkeys(names)
    if names:
        hosts |= {host.name: host for host in unit.hosts.where(name=names)}
    rows = unit.instances.where(id=ids) if ids else []
    return News(
        cursor=entries[-1].cursor if entries else after,
        full=len(entries) == ENTRIES,
        instances=tuple((row.id, row.host) for row in rows),
        hosts=hosts,
        images=any(entry.kind == "image" for entry in entries),
    )


def _named(entries: Iterable[Entry], kind: str) -> list[str]:
    """List what somebody else than the loop changed; its own writes must not wake it."""
    ours = _OURS[kind]
    return sorted(
        {
            entry.resource_id
            for entry in entries
            if entry.kind == kind and not (entry.data and entry.data.keys() <= ours)
        }
    )


def _report(unit: Unit, host: str, names: Iterable[str]) -> None:
    for name in names:
        text = f"unknown domain of ours on {host}: {name}; `euca recover` can take it back"
        unit.note("host.unknown_domain", "host", host, text)
