"""What a host that is another machine lacks of its networks, as lines for `ip` and `bridge`; nothing is done here.

For each network it has a bridge, the guests' cards on it, and a tunnel to the gateway or a VLAN. Cards are isolated
ports and the way out is none, so that two guests of one host reach each other by way of the gateway's rules only. What
is ours is known by MAC addresses, which are given in the very command that makes it. The trap: whatever a host
answers is somebody else's text, so nothing of it gets into a line but the name of a card that was looked up.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

import msgspec

from app.domain.errors import Broken, Unavailable
from app.domain.network import Network
from app.network.pins import Change, Port, Verb, changes, end_of

PORT = 4789
OVERHEAD = 50
_SEAL = "wireguard"
XEN_MAC = "fe:ff:ff:ff:ff:ff"
"""What all of Xen's own ends of guests' cards have."""
_CARD = re.compile(r"[\w.@-]{1,15}")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_XEN_CARD = re.compile(r'.*/vif/(\d+)/(\d+)/mac = "([0-9a-fA-F:]{17})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The two ends of the way between gateway and host, as addresses; `card`: what they are on, if that is ours."""

    gateway: str
    host: str
    card: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A line for the host's `ip` or `bridge`; `wrong` tells what somebody else has broken, if it repairs that."""

    text: str
    wrong: str = ""


class Entry(msgspec.Struct, frozen=True):
    """What `bridge -json fdb` tells of a MAC address."""

    mac: str = ""
    ifname: str = ""
    vlan: int = 0
    master: str = ""
    state: str = ""


class Link(msgspec.Struct, frozen=True):
    """A card as `ip -json -details link` tells it."""

    ifname: str
    ifindex: int = 0
    address: str = ""
    master: str = ""
    flags: list[str] = []
    linkinfo: dict[str, Any] = {}
    pins: frozenset[str] | None = None
    """MAC addresses that a bridge has for it for good; None: the host has no `bridge` that tells."""

    @property
    def kind(self) -> str:
        return str(self.linkinfo.get("info_kind", ""))

    @property
    def isolated(self) -> bool:
        return bool(self.linkinfo.get("info_slave_data", {}).get("isolated"))

    @property
    def locked(self) -> bool | None:
        """Whether it is a port that is locked; None: it is none, or the host has no locks."""
        told = self.linkinfo.get("info_slave_data", {}).get("locked")
        return None if told is None else bool(told)

    @property
    def learning(self) -> bool:
        return bool(self.linkinfo.get("info_slave_data", {}).get("learning", True))

    @property
    def flooded(self) -> bool:
        return bool(self.linkinfo.get("info_slave_data", {}).get("flood", True))

    def tells(self, key: str) -> Any:
        return self.linkinfo.get("info_data", {}).get(key)


def mac_of(owner: str, name: str) -> str:
    """Form the MAC address by which a bridge or tunnel is known to be this cloud's."""
    return "02:" + hashlib.sha256(f"{owner}:{name}".encode()).digest()[:5].hex(":")


def far_mac_of(owner: str, name: str) -> str:
    """Form that of a host's end: it must differ, else the host took what is meant for the gateway."""
    return mac_of(owner, f"far {name}")


def tunnel_of(owner: str, bridge: str) -> tuple[str, int]:
    """Name the tunnel of a bridge, and number it for the wire; both ends form the same."""
    digest = hashlib.sha256(f"{owner}/{bridge}".encode()).digest()
    return f"euvx{digest[:4].hex()}", int.from_bytes(digest[4:7]) or 1


def seal_of(owner: str) -> str:
    """Name the card of the encrypted way; both ends form the same."""
    return f"euwg{hashlib.sha256(owner.encode()).hexdigest()[:8]}"


def read(text: str) -> tuple[Ends, list[Link]]:
    """Read a host's answer: ssh's connection, cards and MAC addresses, a line each, then what Xen knows of cards.

    A card of Xen's is shown with the address that libvirt would have given it.
    """
    first, _, rest = text.partition("\n")
    told, _, rest = rest.partition("\n")
    table, _, xen = rest.partition("\n")
    try:
        theirs, _, ours, _ = first.split()
        ends = Ends(gateway=str(IPv4Address(theirs)), host=str(IPv4Address(ours)))
        links = msgspec.json.decode(told, type=list[Link])
        entries = msgspec.json.decode(table, type=list[Entry] | None)
    except (ValueError, msgspec.MsgspecError) as error:
        raise Unavailable("network", f"its answer is not understood: {error}") from None
    known = {f"vif{card[1]}.{card[2]}": end_of(card[3]) for card in map(_XEN_CARD.fullmatch, xen.splitlines()) if card}
    pins: dict[str, set[str]] = defaultdict(set)
    for entry in entries or ():
        if entry.state == "static" and entry.master and not entry.vlan and _MAC.fullmatch(entry.mac):
            pins[entry.ifname].add(entry.mac)
    return ends, [
        msgspec.structs.replace(
            link,
            address=known.get(link.ifname, XEN_MAC) if link.address == XEN_MAC else link.address,
            pins=None if entries is None else frozenset(pins[link.ifname]),
        )
        for link in links
    ]


def orders(
    owner: str, networks: Sequence[Network], ends: Ends, links: Iterable[Link], known: Collection[int] = ()
) -> list[Order]:
    """List what is to be done so that a host has these networks and no others of this cloud; empty: nothing.

    `known` are the numbers of guests' cards that were right before.
    """
    there = {link.ifname: link for link in links}
    names = {network.bridge for network in networks}
    wanted = names | {network.tagged or tunnel_of(owner, network.bridge)[0] for network in networks} | {ends.card}
    gone = [link for link in there.values() if link.ifname not in wanted and _is_ours(owner, link)]
    gone.sort(key=lambda link: link.kind == _SEAL)  # last, since tunnels go with it
    return [Order(text=f"link delete dev {link.ifname}") for link in gone] + [
        order for network in networks for order in _of_network(owner, network, ends, there, known)
    ]


def joins(networks: Iterable[Network], links: Iterable[Link]) -> Iterator[Order]:
    """List what puts VLANs on their bridges, which is for when they are fenced."""
    there = {link.ifname: link for link in links}
    for network in networks:
        bridge, found = network.bridge, there.get(network.tagged)
        if network.trunk and (found is None or found.master != bridge or "UP" not in found.flags):
            wrong = f"VLAN {network.tagged} was down or not on bridge {bridge}" if found and bridge in there else ""
            yield Order(text=f"link set dev {network.tagged} master {bridge} up", wrong=wrong)


def cards_of(networks: Sequence[Network], links: Iterable[Link]) -> Iterator[tuple[Network, Link]]:
    """Find guests' cards that are on their bridge or on none; Xen's on a bridge of ours are guests', too."""
    owners = {end_of(member.mac): network for network in networks for member in network.members}
    bridges = {network.bridge: network for network in networks}
    for link in links:
        network = bridges.get(link.master) if link.address == XEN_MAC else owners.get(link.address)
        if network and link.master in ("", network.bridge) and _CARD.fullmatch(link.ifname):
            yield network, link


def can_lock(links: Iterable[Link]) -> bool:
    """Tell whether a host, some of whose cards are on bridges, has locks: from Linux and iproute2 5.18 on."""
    return any(link.locked is not None and link.pins is not None for link in links)


def locks(networks: Sequence[Network], links: Sequence[Link], known: Collection[int] = ()) -> list[Order]:
    """List for `bridge -batch -` what lets guests speak with their own MAC addresses only, where that can be."""
    if not can_lock(links):
        return []
    found: list[Change] = []
    for network in networks:
        cards = [link for _, link in cards_of([network], links) if link.master]
        found += changes([_port(link) for link in cards], network.members, known)
    return [Order(text=_line(change), wrong=change.wrong) for change in found]


def _line(change: Change) -> str:
    return {
        Verb.UNPIN: f"fdb del {change.mac} dev {change.card} master",
        Verb.PIN: f"fdb replace {change.mac} dev {change.card} master static",
        Verb.LOCK: f"link set dev {change.card} learning off flood off locked on",
    }[change.verb]


def _port(link: Link) -> Port:
    return Port(
        card=link.ifname,
        number=link.ifindex,
        end=link.address,
        on_bridge=bool(link.master),
        learning=link.learning,
        flooded=link.flooded,
        locked=link.locked,
        pins=link.pins or frozenset(),
    )


def _is_ours(owner: str, link: Link) -> bool:
    if link.kind == _SEAL:  # has no MAC address
        return link.ifname == seal_of(owner)
    return link.kind in {"bridge", "vxlan", "vlan"} and link.address == far_mac_of(owner, link.ifname)


def _of_network(
    owner: str, network: Network, ends: Ends, there: dict[str, Link], known: Collection[int]
) -> Iterator[Order]:
    bridge, found = network.bridge, there.get(network.bridge)
    if found is None:
        making = f"link add name {bridge} address {far_mac_of(owner, bridge)} type bridge stp_state 0 forward_delay 0"
        yield Order(text=making, wrong=f"bridge {bridge} was gone")
        yield Order(text=f"link set dev {bridge} addrgenmode none")
    elif found.kind != "bridge" or found.address != far_mac_of(owner, bridge):
        raise Broken("network", f"{bridge} is there already and is not ours")
    if found is None or "UP" not in found.flags:
        yield Order(text=f"link set dev {bridge} up", wrong=f"bridge {bridge} was down" if found else "")
    yield from _tag(owner, network, there) if network.trunk else _tunnel(owner, bridge, ends, there)
    for _, link in cards_of([network], there.values()):
        was_right = link.ifindex in known
        if not link.master:
            wrong = f"{link.ifname} was taken off bridge {bridge}" if was_right else ""
            yield Order(text=f"link set dev {link.ifname} master {bridge} up", wrong=wrong)
        if not link.isolated:
            wrong = f"{link.ifname} was let reach its neighbours" if was_right else ""
            yield Order(text=f"link set dev {link.ifname} type bridge_slave isolated on", wrong=wrong)


def _tunnel(owner: str, bridge: str, ends: Ends, there: dict[str, Link]) -> Iterator[Order]:
    name, number = tunnel_of(owner, bridge)
    found, wrong = there.get(name), f"tunnel {name} was gone"
    if found is not None and not _leads(found, number, ends):
        yield Order(text=f"link delete dev {name}")
        found, wrong = None, f"tunnel {name} led elsewhere"
    if found is None:
        way = f"local {ends.host} remote {ends.gateway} {f'dev {ends.card} ' if ends.card else ''}dstport {PORT}"
        making = f"link add name {name} address {far_mac_of(owner, name)} type vxlan id {number} {way}"
        yield Order(text=making, wrong=wrong)
        yield Order(text=f"link set dev {name} addrgenmode none")
    if found is None or found.master != bridge or "UP" not in found.flags:
        wrong = f"tunnel {name} was down or not on bridge {bridge}" if found and bridge in there else ""
        yield Order(text=f"link set dev {name} master {bridge} up", wrong=wrong)


def _tag(owner: str, network: Network, there: dict[str, Link]) -> Iterator[Order]:
    name, found = network.tagged, there.get(network.tagged)
    if found is None:
        way = f"link {network.trunk} name {name}"
        making = f"link add {way} address {far_mac_of(owner, name)} type vlan id {network.vlan}"
        yield Order(text=making, wrong=f"VLAN {name} was gone")
        yield Order(text=f"link set dev {name} addrgenmode none")
    elif not _is_ours(owner, found):
        raise Broken("network", f"{name} is there already and is not ours")


def _leads(tunnel: Link, number: int, ends: Ends) -> bool:
    told = [tunnel.tells(key) for key in ("id", "port", "local", "local6", "remote", "remote6")]
    return tunnel.kind == "vxlan" and [one for one in told if one] == [number, PORT, ends.host, ends.gateway]
