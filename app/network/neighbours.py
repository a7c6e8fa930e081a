"""Which card an address of a network is at: the kernel is told for good, so that nobody's ARP tells it otherwise.

Else whoever says by ARP that a neighbour's address is his draws what is meant for the neighbour. Only bridges of our
making are seen to. What a step does is noted in what was seen, so that a pass with something new need not read all
again. A bridge is told all that is new of its members at once, in messages that are packed here: pyroute2 takes longer
over one than the kernel over a hundred. The trap: a bridge forgets all of it when it goes down or is given another MAC
address.
"""

import errno
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from struct import Struct

from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.rtnl.ndmsg import NUD_PERMANENT

from app.domain.network import Network
from app.network.sight import Sight, Step, number_of

_NEW, _DELETE = 28, 29
_REQUEST, _ACK, _REPLACE, _CREATE = 0x001, 0x004, 0x100, 0x400
_ADDRESS, _CARD = 1, 2
_AT_ONCE = 64
"""A socket holds the answers to these, also if all are refused."""
_ANSWER_S, _LONGEST = 5.0, 4096
_MESSAGE = Struct("=IHHIIB3xiHBBHH4sHH6s2x")
_ANSWER = Struct("=IHHIIi")


class _News:
    """What a bridge is to be told: collected step by step, and told with the last; a `mac` of "" is to be forgotten."""

    def __init__(self, name: str, there: dict[str, str], changes: Sequence[tuple[str, str]]) -> None:
        self._name, self._there, self._last = name, there, changes[-1:]
        self._changes: list[tuple[str, str]] = []

    def add(self, address: str, mac: str) -> None:
        self._changes.append((address, mac))
        if [(address, mac)] != self._last:
            return
        index = number_of(self._name)
        for begin in range(0, len(self._changes), _AT_ONCE):
            few = self._changes[begin : begin + _AT_ONCE]
            _tell(index, few)
            for each, card in few:
                if card:
                    self._there[each] = card
                else:
                    self._there.pop(each, None)


def steps(sight: Sight, network: Network, *, emptied: bool) -> Iterator[Step]:
    """Plan what makes a bridge know the cards of its members and no others; `emptied`: by then it knows none."""
    name, there = network.bridge, sight.knows.setdefault(network.bridge, {})
    if emptied:
        there.clear()
    wanted = {member.address: member.mac.lower() for member in network.members}
    if wanted == there:
        return
    wrong = "" if emptied else f"the MAC addresses that {name} knows its guests by were changed"
    changes = [(address, "") for address in sorted(there.keys() - wanted.keys())]
    changes += [(address, mac) for address, mac in wanted.items() if there.get(address) != mac]
    news = _News(name, there, changes)
    for address, mac in changes:
        text = f"{name}: {address} is {mac}" if mac else f"{name}: forget {address}"
        yield Step(text=text, do=partial(news.add, address, mac), wrong=wrong)


def _tell(index: int, few: Sequence[tuple[str, str]]) -> None:
    """Have the kernel carry all of it out, in one send; raises what it refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(_ANSWER_S)
        kernel.send(b"".join(_packed(index, number, len(few), *each) for number, each in enumerate(few, 1)))
        number = 0
        while number < len(few):  # it answers what it refuses, and the last, which asks for that
            *_, number, _, code = _ANSWER.unpack_from(kernel.recv(_LONGEST))
            if code and (few[number - 1][1] or code != -errno.ENOENT):
                raise NetlinkError(-code)


def _packed(index: int, number: int, last: int, address: str, mac: str) -> bytes:
    """Form one message: its head, whom it is about, an address, a card."""
    kind, flags = (_NEW, _REQUEST | _CREATE | _REPLACE) if mac else (_DELETE, _REQUEST)
    return _MESSAGE.pack(
        *(_MESSAGE.size, kind, flags | (_ACK if number == last else 0), number, 0),
        *(socket.AF_INET, index, NUD_PERMANENT, 0, 0),
        *(8, _ADDRESS, socket.inet_aton(address)),
        *(10, _CARD, bytes.fromhex(mac.replace(":", ""))),
    )
