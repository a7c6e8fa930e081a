"""Which packets pass: many tried at once from within a namespace, and whether an answer of any kind came back.

Nothing has to listen at the other end: a closed port answers with a refusal, and a refusal is a packet that passed both
ways. The traps: silence can only be waited for, so all that is tried together shares one wait; and a busy machine is
silent, too, so what must be answered is asked again.
"""

import errno
import os
import select
import socket
import struct
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tests.deadline import PATIENCE_S
from tests.net.namespaces import Namespace

SILENCE_S = 0.6
_RAW, _ICMP_FILTER, _ECHO_REPLY = 255, 1, 1 << 0


@dataclass(frozen=True, slots=True)
class Try:
    """One packet: `port` is that of tcp and udp; icmp asks for an echo."""

    protocol: str
    address: str
    port: int = 0


def passing(source: Namespace, tries: Iterable[Try], due: Collection[Try] = ()) -> set[Try]:
    """Send all of them and return those that were answered; what is `due` is sent again until it was."""
    found = source.call(lambda: _answered(list(tries)))
    end = time.monotonic() + PATIENCE_S
    while (late := set(due) - found) and time.monotonic() < end:
        found |= source.call(lambda late=late: _answered(list(late)))  # type: ignore[misc]
    return found


def passes(source: Namespace, protocol: str, address: str, port: int = 0) -> bool:
    """Tell whether a packet is answered soon; where one must be, `reaches` does not mind a busy machine."""
    return bool(passing(source, [Try(protocol, address, port)]))


def reaches(source: Namespace, protocol: str, address: str, port: int = 0) -> bool:
    """Wait until a packet is answered."""
    due = [Try(protocol, address, port)]
    return bool(passing(source, due, due))


def _answered(tries: list[Try]) -> set[Try]:
    number = int.from_bytes(os.urandom(2), "big")  # the same echo once more would count as established
    open_sockets = {sent: one for one in tries if (sent := _sent(one, number)) is not None}
    found: set[Try] = set()
    end = time.monotonic() + SILENCE_S
    waiting = set(open_sockets)
    while waiting and (left := end - time.monotonic()) > 0:
        poll = select.poll()
        for each in waiting:
            poll.register(each, select.POLLIN | select.POLLERR | select.POLLHUP | _for_writing(each))
        ready = {descriptor for descriptor, _ in poll.poll(left * 1000)}
        for each in [each for each in waiting if each.fileno() in ready]:
            if (heard := _heard(each, open_sockets[each], number)) is not None:
                waiting.discard(each)
            if heard:
                found.add(open_sockets[each])
    for each in open_sockets:
        each.close()
    return found


def _sent(one: Try, number: int) -> socket.socket | None:
    """Send a packet; None if there is no way for it. An echo has this number."""
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM, "icmp": socket.SOCK_RAW}[one.protocol]
    made = socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP if one.protocol == "icmp" else 0)
    made.setblocking(False)
    if one.protocol == "icmp":  # else the other side's own requests would look like answers
        made.setsockopt(_RAW, _ICMP_FILTER, struct.pack("=I", ~_ECHO_REPLY & 0xFFFFFFFF))
    if made.connect_ex((one.address, one.port)) not in (0, errno.EINPROGRESS):
        made.close()
        return None
    if one.protocol == "udp":
        made.send(b"?")
    elif one.protocol == "icmp":
        made.send(_echo(number))
    return made


def _for_writing(each: socket.socket) -> int:
    return select.POLLOUT if each.type == socket.SOCK_STREAM else 0


def _heard(each: socket.socket, one: Try, number: int) -> bool | None:
    """Tell whether this is an answer or a failure; None if it is a late one to another echo."""
    if error := each.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        return error == errno.ECONNREFUSED
    if one.protocol != "icmp":
        return True
    packet, (source, _) = each.recvfrom(128)
    reply = packet[(packet[0] & 0x0F) * 4 :]
    return True if source == one.address and reply[4:6] == number.to_bytes(2, "big") else None


def _echo(number: int) -> bytes:
    """Form an echo request, whose checksum is that of its first word and its number."""
    total = 0x0800 + number
    return struct.pack("!BBHHH", 8, 0, 0xFFFF - (total + (total >> 16) & 0xFFFF), number, 0)
