"""`euca recover`: ask hosts what of ours they run, and write down what the state does not know. No server may run."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.api.resources import AddHost
from app.clock import SystemClock
from app.domain.errors import CloudError, Missing, TimedOut
from app.domain.ports import DomainSeen, Hypervisors, Unit
from app.server.wiring import hypervisors_of
from app.services import accounts, clusters, hosts, types
from app.services.recover import Recovered, clusters_named, rebuild
from app.settings import Settings
from app.store.database import Database
from app.store.lock import StateLock

ANSWER_WITHIN_S = 30.0
ASK_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One host's part; `trouble` is empty if it answered."""

    host: str
    recovered: Recovered | None = None
    trouble: str = ""


async def recover(
    settings: Settings, more_hosts: Mapping[str, str], cluster: str, tell: Callable[[Report], None]
) -> bool:
    """Ask the hosts of the state and `more_hosts` (name to URI); return whether all answered."""
    with StateLock.take(settings.state_dir):
        async with Database.open(settings.database, clock=SystemClock()) as store:
            await store.write(_prepare)
            known = {host.name: host.uri for host in await store.read(lambda unit: unit.hosts.where())}
            hypervisors = hypervisors_of(settings)
            well = True
            try:
                for name, uri in {**known, **more_hosts}.items():
                    hypervisors.join(name, uri, lambda event: None, ())
                    report = await _one(store, hypervisors, AddHost(name=name, uri=uri, cluster=cluster))
                    well = well and not report.trouble
                    tell(report)
            finally:
                await hypervisors.close()
            return well


async def _one(store: Database, hypervisors: Hypervisors, asked: AddHost) -> Report:
    try:
        found = await _domains(hypervisors, asked.name)
        volumes = [volume.name for volume in await hypervisors.host(asked.name).volumes()]
        recovered = await store.write(lambda unit: _write_down(unit, asked, found, volumes))
    except CloudError as error:
        return Report(host=asked.name, trouble=str(error))
    return Report(host=asked.name, recovered=recovered)


async def _domains(hypervisors: Hypervisors, name: str) -> list[DomainSeen]:
    """Ask until the connection stands; joining never waits for it."""
    last: CloudError = TimedOut(name, "connecting", ANSWER_WITHIN_S)
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while True:
                try:
                    return await hypervisors.host(name).domains()
                except CloudError as error:
                    last = error
                await asyncio.sleep(ASK_AGAIN_S)
    except TimeoutError:
        raise last from None


def _prepare(unit: Unit) -> None:
    types.seed(unit)
    accounts.first_start(unit, os.urandom)  # the next start of the server writes its credentials anew


def _write_down(unit: Unit, asked: AddHost, found: list[DomainSeen], volumes: list[str]) -> Recovered:
    try:
        hosts.get(unit, asked.name)
    except Missing:
        cluster = asked.cluster or next(iter(clusters_named(found)), "cluster0")
        clusters.add(unit, cluster)
        hosts.add(unit, AddHost(name=asked.name, uri=asked.uri, cluster=cluster))
    return rebuild(unit, asked.name, found, volumes)
