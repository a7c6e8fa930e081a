"""Names of others: the resolvers of the site are asked, with a number and a port of our own.

Of a question only what it asks for goes on. The trap: who asks for names that nobody answers for would keep everybody
else waiting, so each may have only so many under way, and all together, too.
"""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Sequence
from typing import Any

import dns.asyncbackend
import dns.asyncquery
import dns.flags
import dns.inet
import dns.message
import dns.resolver
from dns.message import Message
from dns.rcode import Rcode

from app.network.name_packets import MOST_DATAGRAM, failure

log = logging.getLogger(__name__)
ANSWER_S = 4.0
MOST_EACH, MOST = 32, 512
_CARRIED = dns.flags.RD | dns.flags.CD | dns.flags.AD


def own_resolvers() -> list[tuple[str, int]]:
    """List the resolvers of IPv4 that this machine asks itself."""
    try:
        found = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return []
    return [(address, found.port) for address in map(str, found.nameservers) if dns.inet.is_address(address)]


class Forwarder:
    """Asks resolvers, address and port, one after the other until one answers."""

    def __init__(self, resolvers: Sequence[tuple[str, int]]) -> None:
        self._resolvers = tuple(resolvers)
        self._busy: Counter[str] = Counter()

    async def ask(self, query: Message, source: str, *, stream: bool) -> Message:
        """Return what a resolver answers; SERVFAIL if none does in time, or too much is being asked already."""
        if self._busy[source] >= MOST_EACH or self._busy.total() >= MOST:
            return failure(query, Rcode.SERVFAIL, served=True)
        self._busy[source] += 1
        try:
            return await self._first(query, stream=stream)
        finally:
            self._busy[source] -= 1
            self._busy += Counter()  # those at zero go

    async def _first(self, query: Message, *, stream: bool) -> Message:
        for resolver in self._resolvers:
            try:
                async with asyncio.timeout(ANSWER_S / len(self._resolvers)):
                    return _passed_on(await _asked(_own(query), *resolver, stream=stream), query)
            except (dns.exception.DNSException, OSError, EOFError) as error:
                log.debug(
                    "a resolver did not answer", extra={"fields": {"resolver": resolver[0], "error": repr(error)}}
                )
        return failure(query, Rcode.SERVFAIL, served=True)


async def _asked(question: Message, address: str, port: int, *, stream: bool) -> Message:
    if stream:
        return await dns.asyncquery.tcp(question, address, ANSWER_S, port)
    backend: Any = dns.asyncbackend.get_backend("asyncio")
    connected = await backend.make_socket(socket.AF_INET, socket.SOCK_DGRAM, destination=(address, port))
    async with connected:  # so that a closed port is told at once
        return await dns.asyncquery.udp(question, address, ANSWER_S, port, sock=connected, ignore_errors=True)


def _own(query: Message) -> Message:
    """Form the question anew, with a number that nobody else knows."""
    asked = query.question[0]
    flags = query.flags & _CARRIED
    if query.edns < 0:
        return dns.message.make_query(asked.name, asked.rdtype, asked.rdclass, use_edns=False, flags=flags)
    signed = bool(query.ednsflags & dns.flags.DO)
    return dns.message.make_query(
        asked.name, asked.rdtype, asked.rdclass, use_edns=0, want_dnssec=signed, payload=MOST_DATAGRAM, flags=flags
    )


def _passed_on(answer: Message, query: Message) -> Message:
    answer.id, answer.question = query.id, query.question
    answer.flags = answer.flags & ~dns.flags.AA | dns.flags.RA
    return answer
