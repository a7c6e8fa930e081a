"""Names of others by real packets on loopback: passed on to resolvers that answer, are silent, shut, or lie."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rrset
import pytest
from dns.message import Message
from dns.rcode import Rcode

from app.domain.dns import NameAnswer, NameQuestion, Verdict
from app.network import name_forwarder
from app.network.name_packets import MOST_DATAGRAM, MOST_STREAM
from app.network.name_server import IDLE_S, MOST_A_SECOND, NameServer

LOOPBACK = "127.0.0.1"
WAIT_S = 60.0
Make = Callable[[Message], list[Message]]


def everything_is_foreign(asked: NameQuestion) -> NameAnswer:
    return NameAnswer(verdict=Verdict.FOREIGN, served=True)


class Resolver(asyncio.DatagramProtocol):
    """Answers each question by `make`; remembers what it was asked."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self.asked: list[Message] = []
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(query)
        for answer in self._make(query):
            self.transport.sendto(answer.to_wire(max_size=MOST_STREAM), addr)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2))
        query = dns.message.from_wire(await reader.readexactly(length))
        for answer in self._make(query):
            raw = answer.to_wire(max_size=MOST_STREAM)
            writer.write(len(raw).to_bytes(2) + raw)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def resolving(make: Make) -> AsyncIterator[tuple[Resolver, tuple[str, int]]]:
    resolver = Resolver(make)
    port = free_port()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: resolver, local_addr=(LOOPBACK, port)
    )
    server = await asyncio.start_server(resolver.converse, LOOPBACK, port)
    try:
        yield resolver, (LOOPBACK, port)
    finally:
        transport.close()
        server.close()


@asynccontextmanager
async def serving(*resolvers: tuple[str, int]) -> AsyncIterator[int]:
    port = free_port()
    async with NameServer(everything_is_foreign, resolvers).answering(LOOPBACK, port):
        yield port


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.bind((LOOPBACK, 0))
        port: int = tried.getsockname()[1]
        return port


def reply(query: Message, *addresses: str) -> Message:
    answer = dns.message.make_response(query, recursion_available=True)
    answer.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", *(addresses or ("192.0.2.7",))))
    return answer


def many(query: Message) -> list[Message]:
    return [reply(query, *(f"192.0.2.{number}" for number in range(256)))]


async def ask(port: int, name: str = "www.example.org.", *, tcp: bool = False, edns: bool = False) -> Message:
    query = dns.message.make_query(name, "A", use_edns=0 if edns else False, payload=4096)
    way = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await way(query, LOOPBACK, WAIT_S, port)


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_resolver_s_answer_is_passed_on(tcp: bool) -> None:
    async with resolving(lambda query: [reply(query)]) as (_, place), serving(place) as port:
        answer = await ask(port, "WWW.example.org.", tcp=tcp)
    assert [str(rrset) for rrset in answer.answer] == ["WWW.example.org. 60 IN A 192.0.2.7"]
    assert answer.question[0].name.to_text() == "WWW.example.org."
    assert not answer.flags & dns.flags.AA


async def test_only_the_question_itself_goes_on_with_a_number_of_its_own() -> None:
    async with resolving(lambda query: [reply(query)]) as (resolver, place), serving(place) as port:
        for _ in range(3):
            query = dns.message.make_query("www.example.org.", "A", use_edns=0, want_dnssec=True, id=4711)
            query.additional.append(dns.rrset.from_text("secret.example.", 0, "IN", "TXT", "hidden"))
            assert (await dns.asyncquery.udp(query, LOOPBACK, WAIT_S, port)).id == 4711
    assert {len(asked.additional) for asked in resolver.asked} == {0}
    assert all(asked.ednsflags & dns.flags.DO for asked in resolver.asked)
    assert {asked.id for asked in resolver.asked} != {4711}


async def test_the_next_resolver_is_asked_if_one_is_shut() -> None:
    async with resolving(lambda query: [reply(query)]) as (_, place), serving((LOOPBACK, free_port()), place) as port:
        assert (await ask(port)).answer


async def test_no_answer_in_time_is_a_failure_and_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_forwarder, "ANSWER_S", 0.3)
    async with resolving(lambda query: []) as (resolver, place), serving(place) as port:
        assert (await ask(port)).flags & dns.flags.RA
        resolver.asked.clear()
        async with asyncio.TaskGroup() as all_at_once:
            tries = [all_at_once.create_task(ask(port)) for _ in range(name_forwarder.MOST_EACH + 8)]
        assert {tried.result().rcode() for tried in tries} == {Rcode.SERVFAIL}
        assert len(resolver.asked) <= name_forwarder.MOST_EACH
        assert (await ask(port)).rcode() == Rcode.SERVFAIL
    assert len(resolver.asked) <= name_forwarder.MOST_EACH + 1


async def test_answers_to_something_else_are_not_believed() -> None:
    def lies(query: Message) -> list[Message]:
        other = dns.message.make_query("other.example.", "A", id=query.id)
        wrong = reply(query, "198.51.100.66")
        wrong.id = query.id ^ 1
        return [wrong, reply(other, "198.51.100.66"), reply(query)]

    async with resolving(lies) as (_, place), serving(place) as port:
        assert "192.0.2.7" in str((await ask(port)).answer[0])


async def test_a_long_answer_is_cut_for_a_datagram_and_whole_by_tcp() -> None:
    async with resolving(many) as (_, place), serving(place) as port:
        for edns, most in ((False, 512), (True, MOST_DATAGRAM)):
            cut = await ask(port, edns=edns)
            assert cut.flags & dns.flags.TC
            assert len(cut.to_wire()) <= most
        whole = await ask(port, tcp=True)
    assert len(whole.answer[0]) == 256
    assert not whole.flags & dns.flags.TC


async def test_one_connection_takes_many_questions_and_one_address_few_connections() -> None:
    async with resolving(lambda query: [reply(query)]) as (_, place), serving(place) as port:
        held = [await asyncio.open_connection(LOOPBACK, port) for _ in range(16)]
        reader, writer = held[0]
        question = dns.message.make_query("www.example.org.", "A").to_wire()
        writer.write((len(question).to_bytes(2) + question) * 3)
        for _ in range(3):
            answer = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
            assert dns.message.from_wire(answer).answer
        late, its_writer = await asyncio.open_connection(LOOPBACK, port)
        with pytest.raises((EOFError, ConnectionResetError)):
            await asyncio.wait_for(late.readexactly(1), IDLE_S / 2)
        for each in (its_writer, *(one[1] for one in held)):
            each.close()


async def test_who_does_not_want_to_have_others_asked_is_told_that_none_will_be() -> None:
    async with serving() as port:
        query = dns.message.make_query("www.example.org.", "A", flags=0)
        assert (await dns.asyncquery.udp(query, LOOPBACK, WAIT_S, port)).rcode() == Rcode.REFUSED


async def test_who_asks_without_end_is_not_heard_for_the_rest_of_a_second() -> None:
    heard = list[str]()

    def desk(asked: NameQuestion) -> NameAnswer:
        heard.append(asked.name)
        return NameAnswer(verdict=Verdict.REFUSED)

    port, loop = free_port(), asyncio.get_running_loop()
    question = dns.message.make_query("www.example.org.", "A").to_wire()
    async with NameServer(desk, ()).answering(LOOPBACK, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
            begun = int(loop.time())
            for _ in range(5 * MOST_A_SECOND):
                flood.sendto(question, (LOOPBACK, port))
                await asyncio.sleep(0)
        assert (await asking_again(port)).rcode() == Rcode.REFUSED
    assert MOST_A_SECOND <= len(heard) <= MOST_A_SECOND * (int(loop.time()) - begun + 1)


async def asking_again(port: int) -> Message:
    """Ask until somebody answers, for a while."""
    for _ in range(20):
        with suppress(dns.exception.Timeout):
            return await dns.asyncquery.udp(dns.message.make_query("a.b.", "A"), LOOPBACK, 0.3, port)
    raise AssertionError("nobody is heard any more")


async def test_a_desk_that_fails_is_a_failure_of_the_server_and_told_as_one() -> None:
    def broken(asked: NameQuestion) -> NameAnswer:
        raise OSError("the store is away")

    port = free_port()
    async with NameServer(broken, ()).answering(LOOPBACK, port):
        assert (await ask(port)).rcode() == Rcode.SERVFAIL
