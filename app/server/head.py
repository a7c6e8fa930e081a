"""The program of `euca gateway`: the network of one cluster on a head machine, told what is wanted by a server.

It runs the fabric that the server runs for its own clusters, and answers guests from what was sent along. The trap: it
must come up without its server, so it begins with what it knows from the last time and dials afterwards.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.clock import SystemClock
from app.domain.directory import look_up
from app.domain.dns import NameAnswer, NameQuestion
from app.domain.errors import CloudError, Missing
from app.domain.gateway import Wanted
from app.domain.network import GuestAnswer, GuestRequest
from app.domain.ports import Clock, Entropy
from app.network.gateway import GatewayEnd, Papers, Server
from app.network.gateway_words import Invitation
from app.network.kernel import KernelFabric
from app.network.name_forwarder import own_resolvers
from app.network.name_server import NameServer
from app.network.outreach import Outreach
from app.network.shells import Shells
from app.server.guest_answers import Answers
from app.server.owner import owner_of
from app.store.lock import StateLock

log = logging.getLogger(__name__)
WANTED, TUNNELS, JOINED = "wanted.msgpack", "tunnels.key", "joined.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a head machine is told: where the server is, where to keep what it knows, its card to the world."""

    state: Path
    server: str = ""
    token: str = ""
    public_card: str = ""


class Told:
    """Answers guests from what the server has sent along: metadata and names."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._answers, self._wanted = Answers(clock, entropy), Wanted()

    def know(self, wanted: Wanted) -> None:
        self._wanted = wanted

    async def answer(self, asked: GuestRequest) -> GuestAnswer:
        return self._answers.answer(asked, self._wanted.guests.get(asked.instance_id))

    def look_up(self, asked: NameQuestion) -> NameAnswer:
        return look_up(self._wanted.names, asked)


def keep_gateway(head: Head, ready: Callable[[str], None]) -> None:
    """Be a gateway until SIGTERM or SIGINT; `ready` is told the cluster. InUse if another one has the directory."""
    with StateLock.take(head.state):
        asyncio.run(_until_told(head, ready))


def purge_gateway(state: Path) -> None:
    """Take away all that a gateway has made here and on hosts; Missing if there was none, InUse while it runs."""
    if not Papers(state).cluster and not (state / WANTED).exists():
        raise Missing("gateway", f"{state}: no gateway has kept anything there; say another --state")
    with StateLock.take(state):
        asyncio.run(_leave(Head(state=state)))


async def serve_cluster(head: Head, ready: Callable[[str], None]) -> None:
    """Join if there is a token, then look after the network until cancelled."""
    server, papers = Server.parse(head.server), Papers(head.state)
    if head.token:
        await join(papers, server, Invitation.parse(head.token))
    if not papers.cluster:
        raise Missing("gateway", f"{head.state}: it has not joined; say --token-file")
    async with _end(head) as end:
        ready(papers.cluster)
        async with asyncio.TaskGroup() as group:
            group.create_task(end.look_after())
            group.create_task(end.follow(server, papers))


async def join(papers: Papers, server: Server, invitation: Invitation) -> None:
    """Join by a token; where it can not, whoever has joined the same cluster before goes on as that."""
    try:
        await papers.join(server, invitation)
    except CloudError as error:
        if papers.cluster != invitation.cluster:
            raise
        log.warning("the token was not taken", extra={"fields": {"error": str(error), "goes_on_as": papers.cluster}})


@asynccontextmanager
async def _end(head: Head) -> AsyncIterator[GatewayEnd]:
    """Make a gateway that knows what it was told last."""
    told, owner = Told(SystemClock(), os.urandom), owner_of(head.state)
    names = NameServer(told.look_up, own_resolvers())
    fabric = KernelFabric(owner, told.answer, head.public_card, names, key_file=head.state / JOINED)
    outreach = Outreach(owner, Shells(), head.state / TUNNELS)
    end = GatewayEnd(fabric, outreach, head.state / WANTED, told.know, fabric.public_key)
    try:
        end.resume()
        yield end
    finally:
        await outreach.close()
        await fabric.close()


async def _leave(head: Head) -> None:
    async with _end(head) as end:
        await end.leave()


async def _until_told(head: Head, ready: Callable[[str], None]) -> None:
    loop, work = asyncio.get_running_loop(), asyncio.ensure_future(serve_cluster(head, ready))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return
