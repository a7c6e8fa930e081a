"""The network of instances on this machine without a server: what the next one would change, and its full teardown.

The trap: a server that runs would make anew what is torn down, so the teardown holds its lock; and what is ours is told
by the path of the state directory, so that from any other one nothing of it would be found.
"""

from collections.abc import Callable, Sequence

from app.clock import SystemClock
from app.domain.errors import InUse, Missing
from app.domain.firewall import SHUT
from app.domain.network import GuestAnswer, GuestRequest, Member, Network
from app.network.kernel import KernelFabric
from app.reconcile.joins import order
from app.reconcile.traffic import UNKNOWN, Traffic, wanted
from app.server.gateways import joined_key
from app.server.owner import owner_of
from app.server.wiring import end_left_lessors, lessor_of
from app.settings import Settings
from app.store.database import Database
from app.store.lock import StateLock

_NAMED = 5


async def changes(settings: Settings) -> Sequence[str]:
    """Tell what a server with these settings would change of the machine's network at its next look."""
    networks, firewall = list[Network](), SHUT
    if settings.database.exists():
        async with Database.open(settings.database, clock=SystemClock()) as store:
            _, networks, firewall = await store.read(lambda unit: order(unit, settings.network, ""))
    return await _fabric(settings).plan(networks, firewall)


async def teardown(settings: Settings) -> Sequence[str]:
    """Tell what `tear_down` would change."""
    return await _fabric(settings).plan([])


async def tear_down(settings: Settings, agree: Callable[[Sequence[str]], None], *, force: bool) -> None:
    """Take away all that is ours, once `agree`, told what that is, returns; InUse while somebody needs it."""
    with _stopped(settings):
        members = [member for _, member in (await _wanted(settings)).placed]
        if members and not force:
            raise InUse("network", "of this machine", f"{_named(members)}; terminate them first, or say --force")
        fabric = _fabric(settings)
        agree(await fabric.plan([]))
        end_left_lessors(settings)
        await fabric.apply([])
        await fabric.close()


def _named(members: Sequence[Member]) -> str:
    more = f" and {len(members) - _NAMED} more" if len(members) > _NAMED else ""
    return ", ".join(member.instance_id for member in members[:_NAMED]) + more


def _stopped(settings: Settings) -> StateLock:
    if not settings.database.exists():
        raise Missing("cloud", str(settings.state_dir))
    try:
        return StateLock.take(settings.state_dir)
    except InUse as error:
        raise InUse(
            error.resource, error.given, f"{error.by}; stop it first, it would make the network anew"
        ) from error


async def _wanted(settings: Settings) -> Traffic:
    if not settings.database.exists():
        return UNKNOWN
    plan = settings.network
    async with Database.open(settings.database, clock=SystemClock()) as store:
        return await store.read(lambda unit: wanted(unit, serves=lambda cluster: not plan.of(cluster).gateway))


def _fabric(settings: Settings) -> KernelFabric:
    owner, card = owner_of(settings.state_dir), settings.network.public_card
    return KernelFabric(owner, _nobody, card, lessor=lessor_of(settings), key_file=joined_key(settings.state_dir))


async def _nobody(asked: GuestRequest) -> GuestAnswer:
    return GuestAnswer(status=404)
