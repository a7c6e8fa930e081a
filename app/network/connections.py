"""Connections that the kernel keeps up as they began, though an address of theirs stands for another instance by now.

Blocking. The trap: without this whoever goes on sending from one port reaches the instance that had the public address
before, for as long as they go on; or whoever has the private address next, whatever its rules are. The kernel walks
through a table of hundreds of thousands of places whenever it is asked; so it is asked for all connections at once if
there are few, and else for those of each address.
"""

import errno
from collections.abc import Collection, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from pyroute2 import NFCTSocket
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple

from app.domain.errors import Unavailable

FEW = 100
"""How many connections are read in the time of a walk, which is about 10 ms."""
_KNOWN = Path("/proc/sys/net/netfilter/nf_conntrack_count")
_SOURCE, _TARGET = "CTA_IP_V4_SRC", "CTA_IP_V4_DST"
_ORIGINAL, _REPLY = "CTA_TUPLE_ORIG", "CTA_TUPLE_REPLY"
_IP, _PROTOCOL = "CTA_TUPLE_IP", "CTA_TUPLE_PROTO"
_PARTS = {
    "saddr": (_IP, _SOURCE),
    "daddr": (_IP, _TARGET),
    "proto": (_PROTOCOL, "CTA_PROTO_NUM"),
    "sport": (_PROTOCOL, "CTA_PROTO_SRC_PORT"),
    "dport": (_PROTOCOL, "CTA_PROTO_DST_PORT"),
    "icmp_id": (_PROTOCOL, "CTA_PROTO_ICMP_ID"),
    "icmp_type": (_PROTOCOL, "CTA_PROTO_ICMP_TYPE"),
    "icmp_code": (_PROTOCOL, "CTA_PROTO_ICMP_CODE"),
}


def part(before: Mapping[str, str], now: Mapping[str, str], gone: Collection[str]) -> None:
    """Forget connections by public addresses (private by public) that lead to or come from who had them before.

    And all of private addresses whose instances are `gone`.
    """
    moved = {public for public in before.keys() | now.keys() if before.get(public) != now.get(public)}
    left = {private: public for public, private in before.items() if public in moved}
    asked = [NFCTAttrTuple(daddr=address) for address in (*moved, *gone)]
    asked += [NFCTAttrTuple(saddr=address) for address in {*left, *gone}]
    try:
        with NFCTSocket() as kernel:
            few = _count() < FEW * (len(asked) - 1)
            found = chain.from_iterable(kernel.dump(tuple_orig=each) for each in ([None] if few else asked))
            for one in [one for one in found if _is_of(one, gone) or _is_stale(one, moved, left, now)]:
                _forget(kernel, one)
    except (NetlinkError, OSError) as error:
        raise Unavailable("network", f"connections can not be read: {error}") from error


def _is_of(found: Any, addresses: Collection[str]) -> bool:
    """Tell whether it begins or ends at one of these, behind a public address or not."""
    ends = ((_ORIGINAL, _SOURCE), (_ORIGINAL, _TARGET), (_REPLY, _SOURCE))
    return any(_end(found, *end) in addresses for end in ends)


def _is_stale(found: Any, moved: Collection[str], left: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Tell whether it comes by an address that moved to who had that before, or goes out from there with it."""
    to, source = _end(found, _ORIGINAL, _TARGET), _end(found, _ORIGINAL, _SOURCE)
    comes = to in moved and _end(found, _REPLY, _SOURCE) != now.get(to)
    return comes or (source in left and _end(found, _REPLY, _TARGET) == left[source])


def _count() -> int:
    return int(_KNOWN.read_text())


def _end(found: Any, way: str, end: str) -> str:
    return str(found.get((way, _IP, end)))


def _forget(kernel: NFCTSocket, found: Any) -> None:
    parts = {name: found.get((_ORIGINAL, *where)) for name, where in _PARTS.items()}
    try:
        kernel.entry("del", tuple_orig=NFCTAttrTuple(**parts))
    except NetlinkError as error:
        if error.code != errno.ENOENT:
            raise
