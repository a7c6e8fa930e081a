"""The composition root: the only module that knows services, the reconcile loop and all adapters.

`running` brings a cloud up in an order in which each part finds what it needs, and down in the reverse one.
"""

import asyncio
import logging
import os
import random
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from app import __version__
from app.clock import SystemClock
from app.domain.fabric import Fabric
from app.domain.ports import Clock, Hypervisors, Store, Unit
from app.domain.states import HostState
from app.domain.storage import Volumes
from app.network.dnsmasq import Dnsmasq
from app.network.kernel import KernelFabric
from app.network.name_server import NameServer
from app.network.outreach import Outreach
from app.network.shells import Shells
from app.reconcile.limits import Limits
from app.reconcile.loop import Reconciler
from app.reconcile.sampling import Sampling
from app.reconcile.volume_keeper import VolumeKeeper
from app.reconcile.volume_steps import Hand
from app.server import eucarc, rule_files, seeding
from app.server.backups import clear_abandoned
from app.server.callers import Callers
from app.server.cloud import Cloud
from app.server.commands import CommandSwitch
from app.server.consoles import Consoles
from app.server.ec2.operation import Site
from app.server.feed import Feed
from app.server.files import Uploads
from app.server.gateways import doors, joined_key
from app.server.job_runner import JobRunner
from app.server.loads import Board
from app.server.logins import Logins
from app.server.measuring import Measuring, Supplements
from app.server.metadata import Metadata
from app.server.metrics import Metrics
from app.server.outcomes import Outcomes
from app.server.overview import Glance
from app.server.owner import owner_of
from app.server.pace import Pace
from app.server.planner import Planner
from app.server.query import QueryApi, requests_of
from app.server.query_edge import EC2_PATH
from app.server.rehearsals import Rehearsals
from app.server.rehearsed_load import FILE, RehearsedLoad
from app.server.replay import Replays
from app.server.rereading import LiveSettings
from app.server.rounds import Mode, Rounds
from app.server.sensors import Sensors
from app.server.upkeep import keep_tidy
from app.services import accounts, dns
from app.services.fleet import Fleet
from app.services.mapping import Mapping
from app.settings import Settings
from app.storage.library import Library
from app.storage.rehearsed_volumes import RehearsedVolumes
from app.storage.seed import Seeds
from app.store.backup import backup
from app.store.database import Database
from app.store.keyframes import Keyframes
from app.store.lock import StateLock
from app.store.past import Past
from app.store.samples import SampleFile
from app.wire.amendments import Amendments
from app.wire.models import Models
from app.wire.protocol import Protocol
from app.xen.hosts import INSTANCE_PATH, Hosts

log = logging.getLogger(__name__)
REHEARSAL_UP_WITHIN_S = 5.0
FEED_STOP_S = 1.0


class Ports(NamedTuple):
    """What a cloud reaches the outside through."""

    store: Store
    hypervisors: Hypervisors
    fabric: Fabric
    storage: Volumes


Around = Callable[[Ports], Ports]


def as_they_are(ports: Ports) -> Ports:
    """Put nothing around the ports."""
    return ports


@asynccontextmanager
async def running(
    settings: Settings, url: str, reload: Callable[[], Settings], around: Around = as_they_are
) -> AsyncIterator[Cloud]:
    """Run a cloud whose listener will be at `url`; InUse if another server has its state directory.

    `reload` reads the settings anew, for when their file changes. `around` may put something between the cloud and
    its ports: a rehearsal of faults, a recorder.
    """
    clock, state, live = SystemClock(), settings.state_dir, LiveSettings(settings, reload)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with StateLock.take(state):
        await asyncio.to_thread(clear_abandoned, state)
        async with Database.open(settings.database, clock=clock) as store:
            library, samples = await asyncio.to_thread(Library, state / "images"), SampleFile(settings.samples, clock)
            await _prepare(store, library, settings, url)
            ports = around(_ports(store, settings, clock))
            mapping = Mapping(Fleet(clock.monotonic_s, threading.Lock(), settings.power_model))
            sensors, board = _senses(samples, clock, mapping.fleet)
            cloud = Cloud(
                store=ports.store,
                hypervisors=ports.hypervisors,
                images=library,
                uploads=Uploads(library),
                feed=_feed(ports.store, clock, sensors, board),
                consoles=Consoles(ports.store, ports.hypervisors),
                metrics=Metrics(),
                sensors=sensors,
                board=board,
                clock=clock,
                entropy=os.urandom,
                backup=partial(backup, settings.database),
                state_dir=state,
                mapping=mapping,
                rounds=rounds_of(ports.store, mapping, clock, live),
                rehearsals=Rehearsals(clock.monotonic_s, os.urandom),
                replay=_replay(clock, settings),
                pace=Pace(settings.requests_per_s, clock),
                logins=Logins(Callers(ports.store, os.urandom), clock),
                version=__version__,
            )
            await store.read(mapping.make_ready)
            async with (
                aclosing(samples),
                _following(cloud),
                aclosing(ports.storage),
                _reconciling(cloud, ports.fabric, settings),
                _beside(_volumes_kept(cloud, ports.storage), JobRunner(ports.store, mapping).run(), cloud.replay.run()),
                _beside(keep_tidy(store, clock, settings.journal_keep_s), live.follow(store), cloud.rounds.run()),
            ):
                yield cloud


def _ports(store: Store, settings: Settings, clock: Clock) -> Ports:
    state = settings.state_dir
    fabric = _fabric(settings, state, Metadata(store, clock, os.urandom), _name_server(settings, store))
    return Ports(store, hypervisors_of(settings), fabric, RehearsedVolumes(state / "volumes" / "rehearsed"))


def _replay(clock: Clock, settings: Settings) -> Replays:
    past = Past(settings.database, Keyframes(settings.replay), settings.journal_keep_s * 1000)
    return Replays(past, clock)


def _senses(samples: SampleFile, clock: Clock, fleet: Fleet) -> tuple[Sensors, Board]:
    """Make the hub of samples, with everybody who listens to it."""
    sensors = Sensors(samples, clock)
    board = Board(sensors, clock)
    sensors.tell(board)
    sensors.tell(fleet)
    fleet.averaged_by(sensors.means)
    return sensors, board


def _feed(store: Store, clock: Clock, sensors: Sensors, board: Board) -> Feed:
    """Make the live stream, with everybody who has a topic of their own."""
    return Feed(store, clock, {**board.tellers(), "overview": Glance(store, sensors, clock, __version__)})


async def _prepare(store: Database, library: Library, settings: Settings, url: str) -> None:
    said = await asyncio.to_thread(rule_files.said, settings)
    secrets = await store.write(lambda unit: seeding.seed(unit, settings, said, os.urandom))
    if said.refused is not None:
        log.warning("rules are not used", extra={"fields": {"error": str(said.refused)}})
    if await store.read(lambda unit: any(host.rehearsal for host in unit.hosts.where())):
        stored = await asyncio.to_thread(seeding.store_rehearsal_files, library)
        await store.write(lambda unit: seeding.register_rehearsal_image(unit, stored, os.urandom))
    await _write_credentials(store, settings.state_dir, url, secrets)


async def _write_credentials(store: Database, state: Path, url: str, secrets: accounts.Secrets | None) -> None:
    """Keep the administrator's file: new at the first start or when its token is lost, else at today's address."""
    file = eucarc.admin_file(state)
    named = {} if secrets else eucarc.read(file)
    if await _is_known(store, named.get("EUCA_TOKEN", "")):
        eucarc.write(file, eucarc.at(named, url))
    else:
        made = await _reissued(store) if secrets is None else secrets
        eucarc.write(file, eucarc.environment(url, made.account_id, made.access_key_id, made.secret_key, made.token))


async def _is_known(store: Database, token: str) -> bool:
    caller = await store.read(lambda unit: accounts.by_token(unit, token))
    return caller is not None


async def _reissued(store: Database) -> accounts.Secrets:
    return await store.write(lambda unit: accounts.reissue_first(unit, os.urandom))


def rounds_of(store: Store, mapping: Mapping, clock: Clock, live: LiveSettings) -> Rounds:
    """Make the rounds of remapping; how they are held is read from the settings as they are then."""

    def mode() -> Mode:
        now = live.settings
        return Mode(mode=now.remap_mode, interval_s=now.remap_interval_s, idle_s=now.power_idle_s)

    return Rounds(store, mapping, Planner(), clock, mode=mode, shipped=rule_files.shipped_text)


def query_api(cloud: Cloud, url: str) -> QueryApi:
    """Make the Query interface of EC2 and STS; compiles its codecs, which takes a while."""
    amendments, models = Amendments.load(), Models()
    site = Site(
        region=eucarc.REGION,
        public_url=url + EC2_PATH,
        mapping=cloud.mapping,
        entropy=cloud.entropy,
        files=cloud.images,
        hypervisors=cloud.hypervisors,
        filters=amendments.filters,
    )
    protocols = {
        service: Protocol(models, service, requests, amendments)
        for service in ("ec2", "sts")
        if (requests := requests_of(service))
    }
    return QueryApi(
        store=cloud.store,
        callers=cloud.logins.callers,
        site=site,
        clock=cloud.clock,
        pace=cloud.pace,
        protocols=protocols,
    )


def hypervisors_of(settings: Settings) -> Hosts:
    """Make the connections to all hosts; none is joined yet."""
    return Hosts(instance_path=settings.instance_path or INSTANCE_PATH, jitter=_near_one)


def _near_one() -> float:
    return random.uniform(0.75, 1.25)  # noqa: S311 - it spreads reconnects and guards nothing


@asynccontextmanager
async def _beside(*endless: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_told(work)) for work in endless]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _told(work: Coroutine[Any, Any, None]) -> None:
    """Await what should never end; that it did is nobody's to find out by its absence."""
    try:
        await work
    except Exception:
        log.exception("a part of the server ended")


def _fabric(settings: Settings, state: Path, metadata: Metadata, names: NameServer | None) -> KernelFabric:
    end_left_lessors(settings)
    lessor, card, key_file = lessor_of(settings), settings.network.public_card, joined_key(state)
    return KernelFabric(owner_of(state), metadata.answer, card, names=names, lessor=lessor, key_file=key_file)


def lessor_of(settings: Settings) -> Dnsmasq | None:
    """Return who gives leases instead of the server, if anybody is to."""
    return Dnsmasq(settings.dhcp_daemon, dnsmasq_folder(settings)) if settings.dhcp_daemon else None


def end_left_lessors(settings: Settings) -> None:
    """End those whom a server that was killed has left, where by these settings there are none."""
    if not settings.dhcp_daemon:
        Dnsmasq(Path(), dnsmasq_folder(settings)).only(())


def dnsmasq_folder(settings: Settings) -> Path:
    return settings.state_dir / "dnsmasq"


def _name_server(settings: Settings, store: Store) -> NameServer | None:
    if not settings.dns:
        return None
    services = dns.services_at(settings.listen_host, settings.dns_host)
    return NameServer(lambda asked: store.glance(lambda unit: dns.look_up(unit, services, asked)), settings.resolvers)


def _answering_names(settings: Settings, store: Store) -> AbstractAsyncContextManager[None]:
    """Answer for names on the address of the settings; on gateways it is the fabric that does."""
    names = _name_server(settings, store)
    return names.answering(settings.dns_host, settings.dns_port) if names else nullcontext()


@asynccontextmanager
async def _following(cloud: Cloud) -> AsyncIterator[None]:
    task = asyncio.create_task(cloud.feed.run(), name="live stream")
    try:
        yield
    finally:
        cloud.feed.close()
        cloud.uploads.close()
        task.cancel()
        await asyncio.wait([task], timeout=FEED_STOP_S)


@asynccontextmanager
async def _reconciling(cloud: Cloud, fabric: Fabric, settings: Settings) -> AsyncIterator[None]:
    reconciler = Reconciler(
        store=cloud.store,
        hypervisors=cloud.hypervisors,
        images=cloud.images,
        clock=cloud.clock,
        outcomes=Outcomes(),
        limits=Limits(cache_mib=settings.cache_mib, swap_mib=settings.swap_mib, wake_s=settings.power_wake_s),
    )
    reconciler.govern(CommandSwitch(settings.power_sleep_command, settings.power_wake_command))
    reconciler.lay_over(settings.domain_overlays)
    key_file, called = settings.state_dir / "keys" / "tunnels", settings.vnet.get("VNET_LOCALIP", "")
    outreach = Outreach(owner_of(settings.state_dir), Shells(), key_file, called)
    seeds = await asyncio.to_thread(Seeds, settings.state_dir / "seeds")
    try:
        async with doors(settings, cloud.store, reconciler.stir) as elsewhere:
            reconciler.weave(fabric, settings.network, seeds, outreach, elsewhere)
            try:
                await reconciler.start()
                await _rehearsal_hosts_up(cloud)
                async with _sensing(cloud, reconciler, settings), _answering_names(settings, cloud.store):
                    yield
            finally:
                await reconciler.stop()
    finally:
        await outreach.close()
        await fabric.close()
        await cloud.hypervisors.close()


def _volumes_kept(cloud: Cloud, storage: Volumes) -> Coroutine[Any, Any, None]:
    """Look after volumes and snapshots, for ever."""
    hand = Hand(store=cloud.store, storage=storage, outcomes=Outcomes())
    return VolumeKeeper(hand, cloud.clock, Limits()).run()


def _sensing(cloud: Cloud, reconciler: Reconciler, settings: Settings) -> AbstractAsyncContextManager[None]:
    """Look at what hosts do, as long as they are looked after."""
    sampling = Sampling(
        cloud.hypervisors,
        cloud.clock,
        reconciler,
        sensing=cloud.sensors,
        supplement=Supplements(
            RehearsedLoad(settings.state_dir / FILE),
            settings.power_model,
            measured=bool(settings.power_watts_command),
        ),
        period_s=settings.sample_s,
    )
    hosts_up = cloud.board.hosts = reconciler.hosts_up
    commands = {"host.power_watts": settings.power_watts_command, "host.temp": settings.temp_command}
    measuring = Measuring(commands, cloud.clock, hosts_up, cloud.sensors.sensed)
    return _beside(sampling.run(), measuring.run(), cloud.board.run())


async def _rehearsal_hosts_up(cloud: Cloud) -> None:
    """Wait a little for rehearsal hosts, so that the first launch after `ready` finds room."""
    changes = cloud.store.changes()
    with suppress(TimeoutError):
        async with asyncio.timeout(REHEARSAL_UP_WITHIN_S):
            while await cloud.store.read(_rehearsal_hosts_missing):
                await anext(changes)


def _rehearsal_hosts_missing(unit: Unit) -> bool:
    return any(
        host.rehearsal and host.state is not HostState.UP for host in unit.hosts.where(uri=seeding.REHEARSAL_URI)
    )
