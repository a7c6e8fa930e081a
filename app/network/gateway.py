"""A gateway of a cluster, beside its server: does what it was last told, and goes on with it when nobody tells more.

What is wanted is in a file before it is carried out, so that a start without the server carries it out again. The trap:
the server sees nothing of what breaks here while it is away, so that is kept and told with the next report.
"""

import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from ssl import SSLContext, SSLError
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from app.domain.errors import Broken, CloudError, Forbidden, Invalid, Lost, Unauthenticated, Unavailable
from app.domain.fabric import Fabric
from app.domain.far import Reach, Shell
from app.domain.gateway import Visit, Wanted
from app.domain.gateway_change import NOTHING, Change, change, changed
from app.domain.network import WAYS
from app.network import certificates
from app.network import gateway_words as words
from app.network.elsewhere import CLOSE_S, PING_S, UNKNOWN
from app.network.kept_wanted import KeptWanted, Known
from app.network.private_file import keep, kept

log = logging.getLogger(__name__)
DIAL_S = 10.0
AGAIN_S = 2.0
RESYNC_S = 60.0
PORT = 8774
_PROGRAM = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server of a gateway is."""

    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> "Server":
        """Read `https://HOST[:PORT]`; Invalid if it is none."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme != "https" or not host or parts.path.strip("/"):
            raise Invalid("server", url, f"https://cloud.example.org:{PORT} could stand there.")
        return cls(host, port or PORT)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Papers:
    """The files by which a gateway is known, and which of them it has: the key first, the rest once it has joined."""

    folder: Path

    @property
    def identity(self) -> Path:
        return self.folder / "identity.pem"

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def cluster(self) -> str:
        """Tell whose gateway it is; empty before it has joined."""
        return kept(self.folder / "cluster").decode().strip()

    async def join(self, server: Server, invitation: words.Invitation) -> None:
        """Become the gateway of a cluster; Unauthenticated or Forbidden says why not, Unavailable who was not there.

        With the token that it has joined by it stays what it is, and nobody is asked.
        """
        used = sha256(invitation.secret.encode()).hexdigest().encode()
        if self.cluster == invitation.cluster and kept(self.folder / "token") == used:
            return
        if self.cluster not in {"", invitation.cluster}:
            why = f"{self.folder} is that of cluster {self.cluster}, and the token is for {invitation.cluster}"
            raise Forbidden("joining", f"{why}; say another --state")
        key = kept(self.folder / "key.pem") or certificates.new_key()
        keep(self.folder / "key.pem", key)
        request = certificates.request_of(key)
        async with _dialled(server, words.JOIN, certificates.unknown_server_context()) as line:
            shown = line.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            if certificates.certificate_print(shown or b"") != invitation.fingerprint:
                raise Unauthenticated(f"{server} is not the server that the token is of; nothing was told to it")
            knock = words.Knock(cluster=invitation.cluster, token=invitation.secret, request=request)
            await line.send(words.encode(knock))
            answer = words.answer_of(_bytes(await asyncio.wait_for(line.recv(), DIAL_S)))
        if isinstance(answer, words.Refusal):
            raise Unauthenticated(answer.why)
        keep(self.authority, answer.authority)
        keep(self.identity, key + answer.certificate)
        keep(self.folder / "token", used)
        keep(self.folder / "cluster", invitation.cluster.encode())


class GatewayEnd:
    """Carries orders out on a fabric, and errands by a reach; `told` hears what is wanted before it is made.

    `key` tells the public key by which other gateways know this one.
    """

    def __init__(
        self,
        fabric: Fabric,
        reach: Reach,
        file: Path,
        told: Callable[[Wanted], None],
        key: Callable[[], str] = lambda: "",
    ) -> None:
        self._key = key
        self._fabric, self._reach, self._kept, self._told = fabric, reach, KeptWanted(file), told
        self._wanted: Wanted | None = None
        self._carried_out = 0
        self._visits: dict[Shell, Visit] = {}
        self._drift: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._connected = False
        self._said = ""

    def resume(self) -> None:
        """Know again what was wanted last; Broken if the file with it is damaged."""
        found = self._kept.read()
        if found:
            self._visits = {visit.shell: visit for visit in found.visits}
            self._know(found.wanted)

    async def look_after(self) -> None:
        """Repair what breaks, whether the server is there or not; runs until cancelled."""
        while True:
            await self.repair()
            await asyncio.sleep(RESYNC_S)

    async def repair(self) -> None:
        """Make again what was wanted last, and keep what was found broken for the next report.

        Hosts are looked at as long as no server has that done.
        """
        works: list[Callable[[], Awaitable[Sequence[str]]]] = [self._remake]
        if not self._connected:
            works += (partial(self._go, visit) for visit in self._visits.values())
        found: list[str] = []
        for work in works:
            try:
                found += await work()
            except CloudError as error:
                self._say(str(error))
            except Exception as bug:
                self._say(str(_fault(bug)))
        self._drift = [*self._drift, *found][: words.MOST_DRIFT]

    async def leave(self) -> None:
        """Give back all that was made here and on hosts, then forget what was wanted; may be repeated.

        Unavailable, with all the rest done, names hosts that keep theirs, and they are not forgotten.
        """
        lost = []
        for visit in self._visits.values():
            try:
                await self._go(replace(visit, networks=()))
            except CloudError as error:
                lost.append(f"{visit.shell}: {error}")
        await self._fabric.apply([])
        if lost:
            raise Unavailable("gateway", f"not all hosts gave theirs back; repeat it then: {'; '.join(lost)}")
        self._kept.forget()

    async def follow(self, server: Server, papers: Papers) -> None:
        """Do what the server tells, and dial again whenever it is gone; runs until cancelled."""
        while True:
            try:
                await self.call(server, papers)
                self._say(f"{server} has hung up")
            except (CloudError, msgspec.MsgspecError) as error:
                self._say(str(error))
            await asyncio.sleep(AGAIN_S)

    async def call(self, server: Server, papers: Papers) -> None:
        """Do what the server tells until it hangs up."""
        context = certificates.gateway_context(papers.identity, papers.authority)
        async with _dialled(server, words.WORK, context) as line:
            self._say("connected")
            self._connected, self._carried_out = True, 0
            try:
                async for said in line:
                    task = asyncio.create_task(self._answer(line, words.told_of(_bytes(said))))
                    self._tasks.add(task)  # what was begun is ended, whoever hears of it
                    task.add_done_callback(self._tasks.discard)
            finally:
                self._connected = False

    async def obey(self, order: words.Order) -> Sequence[str]:
        """Carry out what is wanted, once it is in the file; orders are carried out as they came, one by one."""
        async with self._one_at_a_time:
            before, self._carried_out = self._carried_out, 0
            if order.after not in {0, before}:
                raise Unavailable("gateway", "it has not carried out what came before")
            known = self._wanted or NOTHING
            new = order.change if order.after else change(known, changed(NOTHING, order.change))
            wanted = changed(known, new)
            await self._keep(wanted, new)
            self._know(wanted)
            repaired = await self._apply(wanted)
            self._carried_out = order.number
            return repaired

    async def visit(self, visit: Visit) -> Sequence[str]:
        """See to a host, once that is in the file; Broken if nobody said that the way there is trusted."""
        self._visits[visit.shell] = visit
        async with self._one_at_a_time:
            await self._keep(self._wanted or NOTHING, Change(), visits=True)
        repaired = await self._go(visit)
        if not visit.networks:
            self._visits.pop(visit.shell, None)
        return repaired

    async def _answer(self, line: ClientConnection, told: words.Order | words.Errand) -> None:
        report = await self._done(told)
        try:
            await line.send(words.encode(report))
        except ConnectionClosed:
            self._drift = [*report.repaired, *self._drift][: words.MOST_DRIFT]

    async def _done(self, told: words.Order | words.Errand) -> words.Report:
        try:
            if isinstance(told, words.Order):
                repaired = await self.obey(told)
                return words.Report(number=told.number, repaired=tuple(repaired), key=await self._key_to_tell())
            return words.Report(number=told.number, repaired=tuple(await self.visit(told.visit)))
        except CloudError as error:
            return _failed(told, error)
        except Exception as bug:
            return _failed(told, _fault(bug))

    async def _key_to_tell(self) -> str:
        """Return the public key where another gateway is to know it; it is made the first time."""
        ways = () if self._wanted is None else self._wanted.firewall.joined
        return await asyncio.to_thread(self._key) if any(way.sealed for way in ways) else ""

    async def _keep(self, wanted: Wanted, new: Change, *, visits: bool = False) -> None:
        known = Known(wanted=wanted, visits=tuple(self._visits.values()))
        await asyncio.to_thread(self._kept.keep, known, new, visits=visits)

    def _know(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._told(wanted)

    async def _remake(self) -> Sequence[str]:
        async with self._one_at_a_time:
            return () if self._wanted is None else await self._apply(self._wanted)

    async def _apply(self, wanted: Wanted) -> list[str]:
        """Carry out and return all that was found broken since the last report."""
        found = await self._fabric.apply(wanted.networks, wanted.firewall)
        before, self._drift = self._drift, []
        return [*before, *found]

    async def _go(self, visit: Visit) -> Sequence[str]:
        """See to a host, unless it is this machine, which has the bridges already."""
        if await asyncio.to_thread(_is_here, visit.shell.name):
            return ()
        if not visit.trusted and any(network.plain for network in visit.networks):
            raise Broken("network", f"{visit.shell} is another machine: {WAYS}")
        return await self._reach.reach(visit.shell, visit.networks)

    def _say(self, what: str) -> None:
        if what != self._said:
            log.warning("the gateway and its server", extra={"fields": {"state": what}})
        self._said = what


def _failed(told: words.Order | words.Errand, error: CloudError) -> words.Report:
    port, why = getattr(error, "port", "gateway"), getattr(error, "detail", str(error))
    return words.Report(number=told.number, port=port, why=why, lasting=isinstance(error, Broken))


def _fault(bug: Exception) -> Unavailable:
    """Log where an exception that nobody foresaw came from, and say so; its own words may be what a guest is told."""
    frames = traceback.extract_tb(bug.__traceback__)
    ours = next((frame for frame in reversed(frames) if Path(frame.filename).is_relative_to(_PROGRAM)), frames[-1])
    where = f"{Path(ours.filename).name}:{ours.lineno}"
    fields = {"fault": type(bug).__name__, "traceback": "".join(frames.format())}
    log.error("an unexpected fault", extra={"fields": fields})
    return Unavailable("gateway", f"unexpected {type(bug).__name__} in {where}; its log says more")


def _is_here(name: str) -> bool:
    """Tell whether a name is one of this machine: whether somebody could listen there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((name, 0))
        except OSError:
            return False
    return True


@asynccontextmanager
async def _dialled(server: Server, path: str, context: SSLContext) -> AsyncIterator[ClientConnection]:
    """Call the server; Unavailable, with the reason, if there is no way to it, Unauthenticated if it is another one."""
    try:
        line = await connect(
            f"wss://{certificates.SERVER_NAME}:{server.port}{path}",
            host=server.host,
            port=server.port,
            ssl=context,
            proxy=None,
            compression=None,
            open_timeout=DIAL_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=CLOSE_S,
            max_size=words.MOST_TOLD,
            user_agent_header=None,
        )
    except SSLError as error:
        raise Unauthenticated(
            f"{server} is not where the server of this cloud answers gateways: {error.reason}"
        ) from error
    except (OSError, InvalidHandshake, InvalidMessage, EOFError) as error:
        why = getattr(error, "strerror", "") or str(error) or "no answer"
        raise Unavailable("server", f"{server} can not be reached: {why}") from error
    try:
        yield line
    except (ConnectionClosed, TimeoutError) as error:
        raise Lost("server", f"{server} {_why_closed(line)}") from error
    finally:
        with suppress(Exception):
            await line.close()


def _why_closed(line: ClientConnection) -> str:
    if line.close_code == UNKNOWN:
        return f"refuses it: {line.close_reason}; a new token lets it join again"
    return "has hung up"


def _bytes(said: str | bytes) -> bytes:
    return said if isinstance(said, bytes) else said.encode()
