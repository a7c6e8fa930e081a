"""Bridges in the kernel: one for each network, with its addresses, made, repaired and removed over netlink.

Blocking; to be called in a thread, since uvloop takes no netlink sockets. A bridge that we make is known by its MAC
address, which is set in the very call that makes it, so that no kill leaves one that nobody owns; it goes with its
network. One that an operator made is only lent, as its alias says, and any other is never touched.
"""

import errno
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Interface

from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.ndmsg import NTF_MASTER, NUD_NOARP

from app.domain.errors import Broken
from app.domain.network import METADATA_ADDRESS, Network
from app.network import neighbours, tags
from app.network.far_links import XEN_MAC, mac_of, seal_of
from app.network.netlink import allowed, is_off, switch
from app.network.pins import Change, Port, Verb, changes, end_of
from app.network.sight import Card, Sight, Step, number_of

_METADATA = f"{METADATA_ADDRESS}/32"
_KERNELS, _ON_LINK = 2, 253  # protocol and scope of the route that an address of a card brings with it
_BRIDGED_THROUGH_FILTER = "bridge/bridge-nf-call-iptables"
_OF_EVERY_BRIDGE = {"ipv4/conf/{}/forwarding": "1"}
_OF_OUR_BRIDGES = _OF_EVERY_BRIDGE | {
    "ipv4/conf/{}/proxy_arp_pvlan": "1",
    "ipv4/neigh/{}/proxy_delay": "0",
    "ipv6/conf/{}/disable_ipv6": "1",
}


class Links:
    """The bridges of one cloud; `owner` tells clouds of one machine apart."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lent = f"eucalyptus:{owner}:"
        self._alone: set[int] = set()
        self._locked: set[int] = set()
        self._born: dict[str, int] = {}

    def bridges(self, sight: Sight) -> list[str]:
        """Name the bridges that we made or use."""
        return sorted(card.name for card in self._ours(sight))

    def lent(self, networks: Sequence[Network], sight: Sight) -> set[str]:
        """Name those of the bridges that are there and are not of our making."""
        return {n.bridge for n in networks if n.bridge in sight.cards and not self._made(sight.cards[n.bridge])}

    def steps(self, route: IPRoute, sight: Sight, networks: Sequence[Network]) -> Iterator[Step]:
        """Plan what makes the bridges be as wanted; of a bridge of the site's only instances' cards are seen to."""
        wanted = {network.bridge for network in networks if not network.of_site}
        for card in self._ours(sight):
            if card.name not in wanted:
                yield from self._leaving(route, card)
        for card in () if wanted else sight.cards.values():
            if card.kind == "vxlan" and card.mac == self._mac(card.name):
                yield _removing(route, card, "tunnel")
            elif card.kind == "wireguard" and card.name == seal_of(self._owner):
                yield _removing(route, card, "encrypted way")
        for network in networks:
            if network.of_site:
                yield from self._plugging(route, sight, network, alone=False)
            else:
                yield from self._weaving(route, sight, network)
        yield from tags.steps(route, sight, networks, self._owner)
        if wanted and is_off(_BRIDGED_THROUGH_FILTER, "", "0"):
            # Else the machine's own IP filter would be applied to frames between guests.
            yield _setting(_BRIDGED_THROUGH_FILTER, "", "0", new=False)

    def _mac(self, name: str) -> str:
        return mac_of(self._owner, name)

    def _made(self, card: Card) -> bool:
        """Tell whether a bridge is of our making; one that we knew by its MAC address may have lost that."""
        if card.mac == self._mac(card.name):
            self._born[card.name] = card.index
        return self._born.get(card.name) == card.index

    def _ours(self, sight: Sight) -> list[Card]:
        bridges = [card for card in sight.cards.values() if card.kind == "bridge"]
        return [card for card in bridges if self._made(card) or card.alias.startswith(self._lent)]

    def _leaving(self, route: IPRoute, card: Card) -> Iterator[Step]:
        if self._made(card):
            yield _removing(route, card, "bridge")
            return
        for text in sorted({_METADATA, card.alias.removeprefix(self._lent)} & card.addresses.keys()):
            yield _without(route, card, text)
        yield Step(
            text=f"{card.name}: give the bridge back", do=lambda: route.link("set", index=card.index, ifalias="")
        )

    def _weaving(self, route: IPRoute, sight: Sight, network: Network) -> Iterator[Step]:
        name = network.bridge
        card, new = sight.cards.get(name, _unborn(name, self._mac(name))), name not in sight.cards
        if new:
            yield Step(text=f"make bridge {name}", do=lambda: self._make(route, name), wrong=f"bridge {name} was gone")
        if card.kind != "bridge":
            raise Broken("network", f"{name} is there already and is no bridge; set VNET_BRIDGE")
        made = self._made(card)
        if made and card.mac != self._mac(name):
            yield self._renaming(route, card)
        if not made and not card.alias:
            yield self._borrowing(route, card, network)
        yield from _addressing(route, card, network, alone=made)
        for setting, value in (_OF_OUR_BRIDGES if made else _OF_EVERY_BRIDGE).items():
            if new or is_off(setting, name, value):
                yield _setting(setting, name, value, new=new)
        if made:
            emptied = new or not card.up or card.mac != self._mac(name)
            yield from neighbours.steps(sight, network, emptied=emptied)
        yield from self._plugging(route, sight, network, alone=made)

    def _make(self, route: IPRoute, name: str) -> None:
        with allowed(errno.EEXIST):
            route.link("add", ifname=name, kind="bridge", address=self._mac(name), br_stp_state=0, br_forward_delay=0)

    def _renaming(self, route: IPRoute, card: Card) -> Step:
        return Step(
            text=f"{card.name}: give it its MAC address",
            do=lambda: route.link("set", index=card.index, address=self._mac(card.name)),
            wrong=f"bridge {card.name} had another MAC address",
        )

    def _borrowing(self, route: IPRoute, card: Card, network: Network) -> Step:
        alias = self._lent + ("" if network.gateway in card.addresses else network.gateway)
        return Step(
            text=f"{card.name}: note that it is lent", do=lambda: route.link("set", index=card.index, ifalias=alias)
        )

    def _plugging(self, route: IPRoute, sight: Sight, network: Network, *, alone: bool) -> Iterator[Step]:
        """Put guests' cards back that lost their bridge; libvirt gives a card's other end the guest's MAC but for `fe`.

        One of Xen's does not tell whose it is; on a bridge of ours it is a guest's.
        `alone`: guests reach each other by way of the gateway only, which answers for all of them. A bridge with no
        other card than theirs has the address of one of them itself.
        """
        bridge = sight.cards.get(network.bridge)
        ends = {end_of(member.mac) for member in network.members}
        ports: list[Port] = []
        for card in sight.cards.values():
            named = card.mac in ends or (alone and card.mac == XEN_MAC and card.master)
            if card is bridge or not named or card.master not in (0, bridge.index if bridge else 0):
                continue
            known = bridge is not None and card.index in self._alone
            if not card.master:
                wrong = f"{card.name} was taken off bridge {network.bridge}" if known else ""
                yield _plug(route, card, network.bridge, wrong)
            if alone and not (card.master and card.isolated):
                yield self._isolating(route, card, f"{card.name} was let reach its neighbours" if known else "")
            elif alone:
                self._alone.add(card.index)
            ports.append(_port(card))
        yield from self._locking(route, sight, ports if alone else (), network)

    def _locking(self, route: IPRoute, sight: Sight, ports: Sequence[Port], network: Network) -> Iterator[Step]:
        """Let each guest speak with its own MAC address only."""
        found = changes(ports, network.members, self._locked)
        lacking = {change.card for change in found}
        self._locked |= {port.number for port in ports if port.on_bridge and port.card not in lacking}
        for change in found:
            yield self._changing(route, sight.cards[change.card], change)

    def _changing(self, route: IPRoute, card: Card, change: Change) -> Step:
        entry = {"ifindex": card.index, "lladdr": change.mac, "state": NUD_NOARP, "flags": NTF_MASTER}

        def lock() -> None:
            route.brport("set", index=card.index, learning=0, unicast_flood=0, locked=1)
            self._locked.add(card.index)

        def unpin() -> None:
            with allowed(errno.ENOENT):
                route.fdb("del", **entry)

        text, do = {
            Verb.LOCK: ("let it speak with its own MAC address only", lock),
            Verb.PIN: (f"pin {change.mac} to it", lambda: route.fdb("replace", **entry)),
            Verb.UNPIN: (f"free {change.mac} from it", unpin),
        }[change.verb]
        return Step(text=f"{card.name}: {text}", do=do, wrong=change.wrong)

    def _isolating(self, route: IPRoute, card: Card, wrong: str) -> Step:
        def isolate() -> None:
            route.brport("set", index=card.index, isolated=1)
            self._alone.add(card.index)

        return Step(text=f"{card.name}: keep it from its neighbours", do=isolate, wrong=wrong)


def visited(sight: Sight, network: Network) -> tuple[int, Network]:
    """Return the number of a bridge of the site's, and its network with the machine's own address there.

    Leases are renewed at that address; Broken if there is no such bridge, or no address on it.
    """
    card = sight.cards.get(network.bridge)
    if card is None or card.kind != "bridge":
        raise Broken("network", f"there is no bridge {network.bridge}; make it, or set VNET_BRIDGE")
    found = [IPv4Interface(text).ip for text in sorted(card.addresses)]
    own = [str(ip) for ip in found if ip in network.interface.network]
    if not own:
        raise Broken("network", f"{network.bridge} has no address in {network.interface.network}; give it one")
    return card.index, replace(network, server=own[0])


def _addressing(route: IPRoute, card: Card, network: Network, *, alone: bool) -> Iterator[Step]:
    """Plan addresses, state and route of a bridge; `alone`: no other addresses may be on it."""
    wanted, new = {network.gateway, _METADATA}, not card.index
    for text in sorted(wanted - card.addresses.keys()):
        yield _with(route, card.name, text, new=new)
    for text in sorted(card.addresses.keys() - wanted) if alone else ():
        yield _without(route, card, text)
    if not card.up:
        wrong = "" if new else f"bridge {card.name} was down"
        yield Step(text=f"{card.name}: switch on", do=lambda: _up(route, card.name), wrong=wrong)
    elif network.gateway in card.addresses and (way := str(network.interface.network)) not in card.ways:
        yield _leading(route, network, way)


def _unborn(name: str, mac: str) -> Card:
    return Card(
        index=0,
        name=name,
        kind="bridge",
        mac=mac,
        alias="",
        up=False,
        master=0,
        isolated=False,
        learning=False,
        flooded=False,
        locked=None,
        pins=frozenset(),
        addresses={},
        ways=frozenset(),
    )


def _port(card: Card) -> Port:
    return Port(
        card=card.name,
        number=card.index,
        end=card.mac,
        on_bridge=bool(card.master),
        learning=card.learning or not card.master,
        flooded=card.flooded or not card.master,
        locked=card.locked,
        pins=card.pins,
    )


def _removing(route: IPRoute, card: Card, kind: str) -> Step:
    def remove() -> None:
        with allowed(errno.ENODEV):
            route.link("del", index=card.index)

    return Step(text=f"remove {kind} {card.name}", do=remove)


def _up(route: IPRoute, name: str) -> None:
    route.link("set", index=number_of(name), state="up")


def _plug(route: IPRoute, card: Card, bridge: str, wrong: str) -> Step:
    return Step(
        text=f"{card.name}: put it on bridge {bridge}",
        do=lambda: route.link("set", index=card.index, master=number_of(bridge), state="up"),
        wrong=wrong,
    )


def _with(route: IPRoute, name: str, text: str, *, new: bool) -> Step:
    interface = IPv4Interface(text)
    spread = {} if text == _METADATA else {"broadcast": str(interface.network.broadcast_address)}

    def add() -> None:
        with allowed(errno.EEXIST):
            route.addr(
                "add", index=number_of(name), address=str(interface.ip), prefixlen=interface.network.prefixlen, **spread
            )

    return Step(text=f"{name}: add address {text}", do=add, wrong="" if new else f"{name} had lost its address {text}")


def _without(route: IPRoute, card: Card, text: str) -> Step:
    address, _, length = text.partition("/")

    def remove() -> None:
        with allowed(errno.EADDRNOTAVAIL):
            route.addr("del", index=card.index, address=address, prefixlen=int(length))

    return Step(
        text=f"{card.name}: remove address {text}", do=remove, wrong=f"{card.name} had a foreign address {text}"
    )


def _leading(route: IPRoute, network: Network, way: str) -> Step:
    def lead() -> None:
        index, source = number_of(network.bridge), str(network.interface.ip)
        with allowed(errno.EEXIST):
            route.route("add", dst=way, oif=index, prefsrc=source, proto=_KERNELS, scope=_ON_LINK)

    text = f"{network.bridge}: add the route to {way}"
    return Step(text=text, do=lead, wrong=f"the route to {way} by {network.bridge} was gone")


def _setting(name: str, card: str, value: str, *, new: bool) -> Step:
    told = "net." + name.format(card).replace("/", ".")
    wrong = "" if new else f"{told} was not {value}"
    return Step(text=f"set {told} to {value}", do=lambda: switch(card, name, value), wrong=wrong)
