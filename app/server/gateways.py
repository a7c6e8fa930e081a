"""Gateways that are other machines, seen from the server: who they are, where they come in, what guests are told."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from app.clock import SystemClock
from app.domain.address import Address
from app.domain.directory import Listed, Services
from app.domain.gateway import GuestFacts, RemoteGateway
from app.domain.instance import Instance
from app.domain.network import TRUSTED
from app.domain.ports import Store
from app.network.certificates import Authority
from app.network.elsewhere import Door
from app.network.seal import own_key
from app.server.guest_facts import KnownFacts
from app.services import dns, gateways
from app.settings import Settings
from app.store.database import Database

NO_SERVICES = Services()


class StoredBook:
    """The port `GatewayBook` on the store."""

    def __init__(self, store: Store, services: Services = NO_SERVICES) -> None:
        self._store, self._services = store, services
        self._known: dict[str, KnownFacts] = defaultdict(KnownFacts)
        self._named: dict[str, tuple[int, Listed]] = {}

    async def join(self, cluster: str, token: str, fingerprint: str) -> None:
        await self._store.write(lambda unit: gateways.join(unit, cluster, token, fingerprint))

    async def cluster_of(self, fingerprint: str) -> str:
        return await self._store.read(lambda unit: gateways.cluster_of(unit, fingerprint))

    async def know_key(self, cluster: str, key: str) -> None:
        await self._store.write(lambda unit: gateways.know_key(unit, cluster, key))

    async def guests(self, cluster: str, instance_ids: Sequence[str]) -> Mapping[str, GuestFacts]:
        return await self._store.read(lambda unit: self._known[cluster].read(unit, instance_ids))

    async def names(self, cluster: str) -> Listed:
        version = self._store.version(Instance, Address)
        if (known := self._named.get(cluster)) and known[0] == version:
            return known[1]
        names = await self._store.read(lambda unit: dns.listed(unit, self._services, cluster))
        self._named[cluster] = version, names
        return names


@asynccontextmanager
async def doors(
    settings: Settings, store: Store, stirred: Callable[[], None]
) -> AsyncIterator[Mapping[str, RemoteGateway]]:
    """Let gateways come in, if any cluster has its own elsewhere, and hand out the fabrics that they are.

    `stirred` is told when one comes or goes.
    """
    elsewhere = settings.network.elsewhere
    if not elsewhere:
        await store.write(lambda unit: gateways.configure(unit, ()))
        yield {}
        return
    authority = await asyncio.to_thread(Authority.of, folder(settings.state_dir))
    services = dns.services_at(settings.listen_host, settings.dns_host)
    key = await asyncio.to_thread(_tunnel_key, settings)
    door, known_by = Door(authority, StoredBook(store, services), elsewhere), authority.server_fingerprint
    for cluster, fabric in door.fabrics.items():
        fabric.changed, fabric.trusted = stirred, settings.network.of(cluster).tunnels == TRUSTED
    async with door.open(settings.gateway_host, settings.gateway_port) as port:
        listen = f"{settings.gateway_host}:{port}"
        await store.write(lambda unit: gateways.configure(unit, elsewhere, known_by, listen, key))
        yield door.fabrics


async def states(settings: Settings) -> Mapping[str, tuple[str, str]]:
    """Tell how the gateways of a cloud are, be it running or not: `awaited`, `up` or `lost`, with what is wrong."""
    if not settings.database.exists():
        return {}
    async with Database.open(settings.database, clock=SystemClock()) as store:
        return await store.read(gateways.states)


def joined_key(state: Path) -> Path:
    """Tell where the key lies by which gateways know this machine whose networks are one with its own."""
    return state / "keys" / "joined"


def _tunnel_key(settings: Settings) -> str:
    sealed = any(joint.sealed for joint in settings.network.joints)
    return own_key(joined_key(settings.state_dir)).public if sealed else ""


def folder(state: Path) -> Path:
    """Tell where the cloud's own certificates lie."""
    return state / "keys" / "gateways"
