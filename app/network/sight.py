"""What the kernel shows of its network at one moment, read once for a whole pass, and one change of it as a value.

Blocking. A pass is planned whole before anything is done, so that it can be told without being carried out. The trap: a
step that follows from another one (an address of a bridge that is missing) is planned by name, for there is no number
yet.
"""

import socket
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.ndmsg import NUD_NOARP

_ROUTES, _NEIGHBOURS = Path("/proc/thread-self/net/route"), Path("/proc/thread-self/net/arp")
UP, _PERMANENT = 1, 4
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change. `text` tells it beforehand, `wrong` what somebody else has broken, if that is what it repairs."""

    text: str
    do: Callable[[], object]
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A link; `addresses` are those of IPv4 with their labels, `ways` the networks that it leads to by itself.

    As a port of a bridge it has `pins`; `locked` None: it is none, or this kernel has no locks.
    """

    index: int
    name: str
    kind: str
    mac: str
    alias: str
    up: bool
    master: int
    isolated: bool
    learning: bool
    flooded: bool
    locked: bool | None
    pins: frozenset[str]
    addresses: Mapping[str, str]
    ways: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All cards by name, the names of those that lead to everywhere, and `knows`: whom cards know for good, by name."""

    cards: Mapping[str, Card]
    ways_out: tuple[str, ...]
    knows: dict[str, dict[str, str]] = field(default_factory=dict)


def look(route: IPRoute) -> Sight:
    """Read cards, addresses and routes."""
    addresses: dict[int, dict[str, str]] = {}
    for one in route.get_addr(family=socket.AF_INET):
        text = f"{one.get('address')}/{one['prefixlen']}"
        addresses.setdefault(one["index"], {})[text] = one.get("label") or ""
    ways = _ways()
    pins = _pins(route)
    found = [_card(link, addresses, ways, pins) for link in route.get_links()]
    out = [name for name, targets in ways.items() if "0.0.0.0/0" in targets]
    return Sight(cards={card.name: card for card in found}, ways_out=tuple(sorted(out)))


def neighbours() -> dict[str, dict[str, str]]:
    """Read whom cards know for good: MAC addresses by addresses. Netlink tells the same, in 25 times as long.

    One reading passes over some if others go meanwhile, so there are two.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for line in [line for _ in range(2) for line in _NEIGHBOURS.read_text().splitlines()[1:]]:
        address, _, flags, mac, _, card = line.split()
        if int(flags, 16) & _PERMANENT:
            found[card][address] = mac
    return found


def number_of(name: str) -> int:
    """Return the kernel's number of a card as it is now."""
    return socket.if_nametoindex(name)


def at_start(differences: Sequence[str]) -> list[str]:
    """Say in one clause what was otherwise than wanted when the server came."""
    if not differences:
        return []
    more = f"; and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
    return [f"the server found at its start that there was to do: {'; '.join(differences[:_SHOWN])}{more}"]


def _card(
    link: Any, addresses: Mapping[int, Mapping[str, str]], ways: Mapping[str, set[str]], pins: Mapping[int, set[str]]
) -> Card:
    name, locked = str(link.get("ifname")), link.get(("linkinfo", "slave_data", "locked"))
    return Card(
        index=link["index"],
        name=name,
        kind=link.get(("linkinfo", "kind")) or "",
        mac=link.get("address") or "",
        alias=link.get("ifalias") or "",
        up=bool(link["flags"] & UP),
        master=link.get("master") or 0,
        isolated=bool(link.get(("linkinfo", "slave_data", "isolated"))),
        learning=bool(link.get(("linkinfo", "slave_data", "learning"))),
        flooded=bool(link.get(("linkinfo", "slave_data", "unicast_flood"))),
        locked=None if locked is None else bool(locked),
        pins=frozenset(pins.get(link["index"], ())),
        addresses=addresses.get(link["index"], {}),
        ways=frozenset(ways.get(name, ())),
    )


def _pins(route: IPRoute) -> dict[int, set[str]]:
    """Read which MAC addresses ports of bridges have for good, those of their own cards left out."""
    found: dict[int, set[str]] = defaultdict(set)
    for entry in route.fdb("dump"):
        if entry["state"] & NUD_NOARP and entry.get("master") is not None and entry.get("vlan") is None:
            found[entry["ifindex"]].add(str(entry.get("lladdr")))
    return found


def _ways() -> dict[str, set[str]]:
    """Read what cards lead to without a gateway's help, or as the default; as hexadecimal words of this machine."""
    found: dict[str, set[str]] = {}
    for line in _ROUTES.read_text().splitlines()[1:]:
        name, target, gateway, _, _, _, _, mask = line.split()[:8]
        network = IPv4Network((_address(target), str(_address(mask))))
        if gateway == "00000000" or not network.prefixlen:
            found.setdefault(name, set()).add(str(network))
    return found


def _address(word: str) -> IPv4Address:
    return IPv4Address(socket.htonl(int(word, 16)))
