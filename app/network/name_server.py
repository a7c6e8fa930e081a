"""The name server: names of ours are told by whoever knows them, all others by the site's resolvers.

It answers on the sockets that it is given, and knows of who asks only the address. What can't be understood gets
silence. The trap: nobody shall keep the server busy by asking without end, or a connection by saying nothing.
"""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import dns.flags
from dns.message import Message
from dns.rcode import Rcode

from app.domain.dns import NameDesk, NameQuestion, Verdict
from app.domain.errors import Unavailable
from app.network import name_packets
from app.network.name_forwarder import Forwarder

log = logging.getLogger(__name__)
IDLE_S = 10.0
BACKLOG = 64
MOST_CONNECTIONS = 16  # of one address
MOST_A_SECOND, MOST_OF_ALL_A_SECOND = 200, 1000  # questions, of one address and together
_LENGTH, _ALL = 2, ""


class NameServer:
    """Answers on any number of sockets; `resolvers` are asked for names that aren't ours."""

    def __init__(self, desk: NameDesk, resolvers: Sequence[tuple[str, int]]) -> None:
        self._desk, self._forwarder = desk, Forwarder(resolvers)

    async def answer(self, packet: bytes, source: str, *, stream: bool = False) -> bytes | None:
        """Answer one packet; None: with silence."""
        query = name_packets.read(packet)
        if query is None:
            return None
        try:
            told = await self._told(query, source, stream=stream)
            return name_packets.packed(told, query, stream=stream)
        except Exception:
            log.exception("a name could not be told", extra={"fields": {"source": source}})
            return name_packets.packed(name_packets.failure(query, Rcode.SERVFAIL), query, stream=stream)

    @asynccontextmanager
    async def answering(self, host: str, port: int) -> AsyncIterator[None]:
        """Answer on an address; Unavailable if it can't be had."""
        listening = Listening(self)
        try:
            await listening.to_datagrams(_bound(socket.SOCK_DGRAM, host, port))
            await listening.to_streams(_bound(socket.SOCK_STREAM, host, port))
        except OSError as error:
            listening.close()
            raise Unavailable("name server", f"{host}:{port} (DNS_LISTEN) can not be used: {error.strerror}") from error
        try:
            yield
        finally:
            listening.close()

    async def _told(self, query: Message, source: str, *, stream: bool) -> Message:
        if (wrong := name_packets.misplaced(query)) is not None:
            return name_packets.failure(query, wrong)
        told = self._desk(NameQuestion(name=name_packets.name_of(query), source=source))
        if told.verdict is not Verdict.FOREIGN:
            return name_packets.answer(query, told)
        if not query.flags & dns.flags.RD:
            return name_packets.failure(query, Rcode.REFUSED)
        return await self._forwarder.ask(query, source, stream=stream)


class Listening:
    """One place where questions are heard, with all that is under way there."""

    def __init__(self, server: NameServer) -> None:
        self._names = server
        self._transport: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._busy: set[asyncio.Task[None]] = set()
        self._open: Counter[str] = Counter()
        self._second, self._heard = 0, Counter[str]()

    async def to_datagrams(self, bound: socket.socket) -> None:
        """Hear datagrams on a socket, which is closed with this."""
        made = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(self), sock=bound)
        self._transport = made[0]

    async def to_streams(self, bound: socket.socket) -> None:
        """Take connections on a socket, which is closed with this."""
        self._server = await asyncio.start_server(self._converse, sock=bound, backlog=BACKLOG)

    def close(self) -> None:
        """Stop at once; who waits for an answer gets none."""
        if self._transport:
            self._transport.abort()
        if self._server:
            self._server.close()
        for task in self._busy:
            task.cancel()

    @property
    def ended(self) -> bool:
        hears = self._transport is not None and not self._transport.is_closing()
        return not (hears and self._server is not None and self._server.is_serving())

    def hear(self, packet: bytes, whence: tuple[str, int]) -> None:
        """Begin to answer a datagram."""
        if self._allows(whence[0]):
            self._keep(asyncio.get_running_loop().create_task(self._reply(packet, whence)))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of one connection, one after the other."""
        task = asyncio.current_task()
        source = str(writer.get_extra_info("peername")[0])
        if task is None or self._open[source] >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._keep(task)
        self._open[source] += 1
        writer.transport.set_write_buffer_limits(0)  # so that what was drained was sent
        try:
            # CancelledError, too: to asyncio's streams a connection whose task was cancelled is a failure to log.
            with suppress(TimeoutError, EOFError, OSError, asyncio.CancelledError):
                while await self._turn(reader, writer, source):
                    pass
        finally:
            self._open[source] -= 1
            self._open += Counter()
            writer.transport.abort()

    async def _turn(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: str) -> bool:
        async with asyncio.timeout(IDLE_S):
            length = int.from_bytes(await reader.readexactly(_LENGTH))
            packet = await reader.readexactly(length) if length <= name_packets.MOST_DATAGRAM else b""
        told = await self._names.answer(packet, source, stream=True) if self._allows(source) else None
        if told is None:
            return False
        writer.write(len(told).to_bytes(_LENGTH) + told)
        async with asyncio.timeout(IDLE_S):
            await writer.drain()
        return True

    def _allows(self, source: str) -> bool:
        """Tell whether one more question is not too many in this second."""
        second = int(asyncio.get_running_loop().time())
        if second != self._second:
            self._second, self._heard = second, Counter()
        if self._heard[source] >= MOST_A_SECOND or self._heard[_ALL] >= MOST_OF_ALL_A_SECOND:
            return False
        self._heard.update((source, _ALL))
        return True

    async def _reply(self, packet: bytes, whence: tuple[str, int]) -> None:
        told = await self._names.answer(packet, whence[0])
        if told is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(told, whence)

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listening: Listening) -> None:
        self._listening = listening

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._listening.hear(data, addr)

    def error_received(self, exc: Exception) -> None:
        log.debug("an answer about a name could not be sent", extra={"fields": {"error": str(exc)}})


def _bound(kind: socket.SocketKind, host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
