"""DHCP as one pure function: a request's bytes and what is known of the card in, an answer's bytes out.

Guests send whatever they like, so decoding never raises and never logs (pyroute2's codec does both; the tests use it
as the other side). The trap of RFC 2131: who has an address is answered there, who has none by broadcast.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from app.domain.network import Member, Network

LEASE_S: Final = 24 * 60 * 60
BROADCAST: Final = "255.255.255.255"
DISCOVER, OFFER, REQUEST, ACK, NAK, INFORM = 1, 2, 3, 5, 6, 8
_HEAD = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")
_COOKIE = b"\x63\x82\x53\x63"
_NONE = bytes(4)
_SHORTEST = 300  # what BOOTP relays and old clients insist on
_PAD, _MASK, _ROUTER, _DNS, _NAME, _DOMAIN, _MTU, _SPREAD, _ASKED, _LEASE, _KIND, _SERVER, _END = (
    0, 1, 3, 6, 12, 15, 26, 28, 50, 51, 53, 54, 255,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a client asked; `asked` and `server` are empty if it named none."""

    kind: int
    mac: str
    xid: int
    flags: int
    has: bytes
    relay: bytes
    asked: bytes
    server: bytes
    card: bytes


def decode(packet: bytes) -> Question | None:
    """Read a client's message; None if it is none of an Ethernet card."""
    if len(packet) < _HEAD.size:
        return None
    op, hardware, length, _, xid, _, flags, has, _, _, relay, card, _, _, cookie = _HEAD.unpack_from(packet)
    if (op, hardware, length, cookie) != (1, 1, 6, _COOKIE):
        return None
    options = _options(packet[_HEAD.size :])
    kind, asked, server = options.get(_KIND, b""), options.get(_ASKED, b""), options.get(_SERVER, b"")
    if len(kind) != 1 or len(asked) not in {0, 4} or len(server) not in {0, 4}:
        return None
    return Question(
        kind=kind[0],
        mac=card[:6].hex(":"),
        xid=xid,
        flags=flags,
        has=has,
        relay=relay,
        asked=asked,
        server=server,
        card=card,
    )


def answer(packet: bytes, network: Network, member_of: Callable[[str], Member | None]) -> tuple[bytes, str] | None:
    """Form the answer and the address to send it to; None: stay silent, as for every card that is not ours."""
    question = decode(packet)
    if question is None or question.relay != _NONE:
        return None
    member = member_of(question.mac)
    if member is None or question.server not in {b"", network.lessor.packed}:
        return None
    return _reply(question, network, member)


def _reply(question: Question, network: Network, member: Member) -> tuple[bytes, str] | None:
    own, lease = IPv4Address(member.address).packed, _lease(network, member)
    whither = BROADCAST if question.has == _NONE else str(IPv4Address(question.has))
    match question.kind:
        case 1:
            return _encode(question, OFFER, own, lease), BROADCAST
        case 3 if (question.asked or question.has) == own:
            return _encode(question, ACK, own, lease), whither
        case 3:
            return _encode(question, NAK, _NONE, {_SERVER: lease[_SERVER]}), BROADCAST
        case 8 if question.has == own:
            return _encode(question, ACK, _NONE, {code: lease[code] for code in lease if code != _LEASE}), whither
    return None


def _lease(network: Network, member: Member) -> dict[int, bytes]:
    subnet = network.interface.network
    options = {
        _SERVER: network.lessor.packed,
        _LEASE: struct.pack("!I", LEASE_S),
        _MASK: subnet.netmask.packed,
        _ROUTER: network.interface.ip.packed,
        _SPREAD: subnet.broadcast_address.packed,
        _NAME: member.hostname.encode()[:255],
    }
    if network.dns:
        options[_DNS] = b"".join(IPv4Address(server).packed for server in network.dns[:8])
    if network.domain:
        options[_DOMAIN] = network.domain.encode()
    if network.mtu:
        options[_MTU] = struct.pack("!H", network.mtu)
    return options


def _encode(question: Question, kind: int, yours: bytes, options: dict[int, bytes]) -> bytes:
    head = _HEAD.pack(
        2, 1, 6, 0, question.xid, 0, question.flags,
        question.has if kind == ACK else _NONE, yours, _NONE, _NONE, question.card, b"", b"", _COOKIE,
    )  # fmt: skip
    body = b"".join(bytes([code, len(value)]) + value for code, value in ({_KIND: bytes([kind])} | options).items())
    return (head + body + bytes([_END])).ljust(_SHORTEST, b"\0")


def _options(data: bytes) -> dict[int, bytes]:
    """Read options up to the end mark or the first that is cut off; of doubled ones the first counts."""
    options: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != _END:
        if data[at] == _PAD:
            at += 1
            continue
        if at + 1 >= len(data) or at + 2 + data[at + 1] > len(data):
            break
        options.setdefault(data[at], data[at + 2 : at + 2 + data[at + 1]])
        at += 2 + data[at + 1]
    return options
