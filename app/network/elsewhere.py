"""The ports `Fabric` and `Reach` of a cluster whose gateway is another machine, and the door where gateways come in.

They dial, so that a head machine needs no open port. The trap: who was let in may have lost the right since, so the
book is asked again before anything is said to it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode

from app.domain.errors import CloudError, Lost, TimedOut, Unavailable
from app.domain.far import Shell
from app.domain.firewall import SHUT, Firewall
from app.domain.gateway import GatewayBook, Visit, Wanted
from app.domain.gateway_change import NOTHING, change
from app.domain.network import Network
from app.network import gateway_words as words
from app.network.certificates import Authority, print_of_peer, print_of_request
from app.network.seal import told_key

log = logging.getLogger(__name__)
ANSWER_S, ERRAND_S = 15.0, 40.0
PING_S = 10.0
CLOSE_S = 2.0
UNKNOWN, REPLACED = 4403, 4409


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """An order that was carried out; without a line there is none."""

    line: ServerConnection | None = None
    number: int = 0
    wanted: Wanted = NOTHING


class Elsewhere:
    """Hands what is wanted to whoever is on the line, which is one gateway at a time: the last that came."""

    def __init__(self, cluster: str, book: GatewayBook) -> None:
        self._cluster, self._book = cluster, book
        self._line: ServerConnection | None = None
        self._number = 0
        self._waiting: dict[int, asyncio.Future[words.Report]] = {}
        self._carried_out = _Order()
        self._ended = ""
        self.changed: Callable[[], None] = _nobody
        self.trusted = False
        """Whether the wire between the gateway and its hosts may carry plain tunnels."""

    @property
    def connected(self) -> bool:
        """Tell whether somebody is on the line."""
        return self._line is not None

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        ids = [member.instance_id for network in networks for member in network.members]
        guests = await self._book.guests(self._cluster, ids)
        names = await self._book.names(self._cluster)
        wanted = Wanted(networks=tuple(networks), firewall=firewall, guests=guests, names=names)
        line = await self._ready()
        before, self._carried_out = self._carried_out, _Order()  # until it says so, nobody knows what it has done
        if before.line is not line:
            before = _Order()
        new = change(before.wanted, wanted)
        told = await self._tell(line, lambda number: words.Order(number=number, change=new, after=before.number))
        self._carried_out = _Order(line=line, number=told.number, wanted=wanted)
        if told.key:
            await self._book.know_key(self._cluster, told_key(told.key))
        return told.repaired

    async def reach(self, shell: Shell, networks: Sequence[Network]) -> Sequence[str]:
        visit = Visit(shell=shell, networks=tuple(networks), trusted=self.trusted)
        line = await self._ready()
        return (await self._tell(line, lambda number: words.Errand(number=number, visit=visit), ERRAND_S)).repaired

    async def close(self) -> None:
        """There is nothing to end: the gateway goes on by itself, and the line is the door's."""

    async def attend(self, line: ServerConnection) -> None:
        """Hear a gateway until it hangs up."""
        before, self._line = self._line, line
        closing = None
        if before is not None:
            self._fail()
            closing = asyncio.create_task(before.close(REPLACED, "another one came"))  # who is gone answers late
        self.changed()
        try:
            async for said in line:
                report = words.report_of(said if isinstance(said, bytes) else said.encode())
                waiting = self._waiting.get(report.number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(report)
        finally:
            if self._line is line:
                self._line, self._ended = None, _how_ended(line)
                self._fail()
            self.changed()
            if closing is not None:
                await closing

    def _fail(self) -> None:
        """Have nobody wait for what was told on a line that is no more."""
        for each in self._waiting.values():
            if not each.done():
                each.set_exception(self._lost())

    async def _tell(
        self, line: ServerConnection, form: Callable[[int], words.Order | words.Errand], within_s: float = ANSWER_S
    ) -> words.Report:
        """Say something to the gateway and return its report; raises what it could not do."""
        self._number += 1
        number = self._number
        report: asyncio.Future[words.Report] = asyncio.get_running_loop().create_future()
        self._waiting[number] = report
        try:
            async with asyncio.timeout(within_s):
                await line.send(words.encode(form(number)))
                told = await report
        except TimeoutError:
            raise TimedOut("network", f"the gateway of {self._cluster}", within_s) from None
        except ConnectionClosed:
            raise self._lost() from None
        finally:
            del self._waiting[number]
        if error := told.error():
            raise error
        return told

    async def _ready(self) -> ServerConnection:
        line = self._line
        if line is not None and await self._book.cluster_of(_key_of(line)) != self._cluster:
            await line.close(UNKNOWN, "it is not the gateway any more")
            self._ended, line = "", None
        if line is None:
            why = self._ended or f"euca cluster gateway {self._cluster} lets one join"
            raise Unavailable("network", f"the gateway of {self._cluster} is not connected; {why}")
        return line

    def _lost(self) -> Lost:
        return Lost("network", f"the gateway of {self._cluster} has hung up")


class Door:
    """Lets gateways join and work; `fabrics` are those of the clusters that have theirs elsewhere."""

    def __init__(self, authority: Authority, book: GatewayBook, clusters: Iterable[str]) -> None:
        self._authority, self._book = authority, book
        self._fabrics = {cluster: Elsewhere(cluster, book) for cluster in clusters}

    @property
    def fabrics(self) -> Mapping[str, Elsewhere]:
        return self._fabrics

    @asynccontextmanager
    async def open(self, host: str, port: int) -> AsyncIterator[int]:
        """Answer on an address and tell the port; Unavailable if it can not be had."""
        try:
            server = await serve(
                self._meet,
                host,
                port,
                ssl=self._authority.server_context(),
                compression=None,
                max_size=words.MOST_SAID,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=CLOSE_S,
                server_header=None,
                logger=logging.LoggerAdapter(log, {}),
            )
        except OSError as error:
            where = f"{host}:{port} (GATEWAY_LISTEN)"
            raise Unavailable("gateways", f"{where} can not be used: {error.strerror}") from error
        try:
            yield next(iter(server.sockets)).getsockname()[1]
        finally:
            server.close()
            await server.wait_closed()

    async def _meet(self, line: ServerConnection) -> None:
        try:
            if line.request is not None and line.request.path == words.JOIN:
                await self._let_join(line)
            else:
                await self._let_work(line)
        except ConnectionClosed:
            return
        except (CloudError, msgspec.MsgspecError, TimeoutError) as error:
            log.warning("a gateway was not understood", extra={"fields": {"error": str(error)}})

    async def _let_join(self, line: ServerConnection) -> None:
        said = await asyncio.wait_for(line.recv(), ANSWER_S)
        answer: words.Welcome | words.Refusal
        try:
            knock = words.knock_of(said if isinstance(said, bytes) else said.encode())
            await self._book.join(knock.cluster, knock.token, print_of_request(knock.request))
            signed = self._authority.sign(f"gateway.{knock.cluster.lower()}", knock.request)
            answer = words.Welcome(certificate=signed, authority=self._authority.pem)
        except (CloudError, msgspec.MsgspecError) as error:
            answer = words.Refusal(why=str(error))
        await line.send(words.encode(answer))

    async def _let_work(self, line: ServerConnection) -> None:
        cluster = await self._book.cluster_of(_key_of(line))
        fabric = self._fabrics.get(cluster)
        if fabric is None:
            await line.close(UNKNOWN, "this certificate is not, or no longer, that of a gateway")
            return
        await fabric.attend(line)


def _key_of(line: ServerConnection) -> str:
    shown = line.transport.get_extra_info("ssl_object")
    return print_of_peer(shown.getpeercert(binary_form=True)) if shown else ""


def _how_ended(line: ServerConnection) -> str:
    sent = line.protocol.close_sent
    silent = sent is not None and sent.code == CloseCode.INTERNAL_ERROR
    return f"it was there and said nothing for {2 * PING_S:g} s" if silent else "it has hung up"


def _nobody() -> None:
    """Nobody wants to know."""
