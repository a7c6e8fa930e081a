"""This end of the ways to gateways whose networks are one with ours: cards, keys, neighbours and routes, as steps.

A way that is plain is a VXLAN tunnel with a card of its own; all that are encrypted share a card of WireGuard, which
takes from each gateway what comes from its ranges only. The cards have no addresses: nobody speaks to them. The traps:
a foreign route to a range would be a way past ours, so it is an error; and packets are small enough for every tunnel
that a guest may be behind, since no word that one is too big would come back through the walls.
"""

import errno
import hashlib
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute, WireGuard

from app.domain.errors import Broken
from app.domain.firewall import Firewall
from app.domain.joined import Joined, own_port
from app.domain.network import SEALED_MTU
from app.network.far_links import PORT
from app.network.netlink import allowed, is_off, switch
from app.network.seal import KIND, Key, forget, new_card, own_key
from app.network.sight import Card, Sight, Step, number_of

_PLAIN, _SEALED = "eujx", "eujw"
_NEXT_HOP = "169.254.1.1"
"""What the far end of a plain way is called by routes; no card has it."""
_ON_LINK, _FOR_EVER, _MAIN, _OF_LINK = 4, 0x80, 254, 253
_NO_KIND = "this kernel has no WireGuard; VNET_JOINED with trusted:ADDRESS on both sides does without"
_SETTINGS = {"ipv4/conf/{}/forwarding": "1", "ipv6/conf/{}/disable_ipv6": "1"}


class Joining:
    """The ways of one cloud; `owner` tells clouds of one machine apart. Without a `key_file` none is encrypted."""

    def __init__(self, owner: str, key_file: Path | None) -> None:
        digest = hashlib.sha256(owner.encode()).hexdigest()
        self._plain, self._sealed, self._key_file = _PLAIN + digest[:6], _SEALED + digest[:8], key_file

    def named(self, firewall: Firewall) -> Firewall:
        """Say by which cards the ways go."""
        return replace(firewall, joined=tuple(replace(way, card=self._card_of(way)) for way in firewall.joined))

    def public_key(self) -> str:
        return self._key().public

    def cards(self, sight: Sight) -> list[Card]:
        """Find the cards that we have made."""
        return [card for card in sight.cards.values() if self._is_ours(card)]

    def steps(self, route: IPRoute, sight: Sight, joined: Sequence[Joined]) -> Iterator[Step]:
        """Plan what makes the ways be these and no others of ours."""
        wanted = {way.card for way in joined}
        for card in self.cards(sight):
            if card.name not in wanted:
                yield _removing(route, card)
        sealed = [way for way in joined if way.sealed]
        if sealed:
            yield from self._guarding(route, sight, sealed)
        for way in joined:
            if not way.sealed:
                yield from _tunnelling(route, sight, way)
        if joined:
            yield from _leading(route, sight, joined)

    def _card_of(self, way: Joined) -> str:
        return self._sealed if way.sealed else self._plain + hashlib.sha256(way.gateway.encode()).hexdigest()[:5]

    def _is_ours(self, card: Card) -> bool:
        return (card.kind == "vxlan" and card.name.startswith(self._plain)) or (
            card.kind == KIND and card.name == self._sealed
        )

    def _key(self) -> Key:
        if self._key_file is None:
            raise Broken("network", "there is no file for the key of encrypted ways to other gateways")
        return own_key(self._key_file)

    def _guarding(self, route: IPRoute, sight: Sight, ways: Sequence[Joined]) -> Iterator[Step]:
        """Plan the card of WireGuard, and whom it believes."""
        name, key, card = self._sealed, self._key(), _own(sight, self._sealed, KIND)
        found = _guard_of(name) if card else {}
        if card is None:
            wrong = f"encrypted way {name} was gone"
            yield Step(text=f"make encrypted way {name}", do=lambda: new_card(route, name, _NO_KIND), wrong=wrong)
        port = own_port(ways)
        if found.get("key") != key.public or found.get("port") != port:
            wrong = f"encrypted way {name} had lost its key or port" if card else ""
            yield Step(text=f"{name}: give it its key and port {port}", do=partial(_tell, name, key, port), wrong=wrong)
        peers = found.get("peers", {})
        for stranger in sorted(peers.keys() - {way.key for way in ways}):
            wrong = f"encrypted way {name} believed somebody else"
            yield Step(text=f"{name}: forget {stranger}", do=partial(forget, name, stranger), wrong=wrong)
        for way in ways:
            if way.key and peers.get(way.key) != _peer(way):
                wrong = f"encrypted way {name} led no more to gateway {way.gateway}" if card else ""
                where = f"{way.address}:{way.port} with {', '.join(way.ranges)}"
                text = f"{name}: lead it to gateway {way.gateway} at {where} by key {way.key}"
                yield Step(text=text, do=partial(_believe, name, way), wrong=wrong)
        yield from _settled(route, card, name)


def _tunnelling(route: IPRoute, sight: Sight, way: Joined) -> Iterator[Step]:
    """Plan the tunnel to one gateway."""
    name, card = way.card, _own(sight, way.card, "vxlan")
    wrong = f"tunnel {name} to gateway {way.gateway} was gone"
    if card is not None and not _leads(route, card, way):
        wrong = f"tunnel {name} to gateway {way.gateway} led elsewhere"
        yield _removing(route, card)
        card = None
    if card is None:
        text = f"make tunnel {name} to gateway {way.gateway} at {way.address}"
        yield Step(text=text, do=partial(_make, route, way), wrong=wrong)
    yield from _settled(route, card, name)
    if card is None or not _is_known(route, card, way):
        wrong = f"tunnel {name} did not know gateway {way.gateway} any more" if card else ""
        yield Step(text=f"{name}: name gateway {way.gateway}", do=partial(_name, route, way), wrong=wrong)


def _settled(route: IPRoute, card: Card | None, name: str) -> Iterator[Step]:
    """Plan state and settings of a card."""
    told = route.link("get", index=card.index)[0] if card else None
    if card is None or told is None or not card.up or told.get("mtu") != SEALED_MTU:
        wrong = f"{name} was down, or let packets of another size pass" if card else ""
        text = f"{name}: switch on, for packets of {SEALED_MTU} bytes"
        yield Step(text=text, do=partial(_switch_on, route, name), wrong=wrong)
    for setting, value in _SETTINGS.items():
        if card is None or is_off(setting, name, value):
            told_as = "net." + setting.format(name).replace("/", ".")
            wrong = f"{told_as} was not {value}" if card else ""
            yield Step(text=f"set {told_as} to {value}", do=partial(switch, name, setting, value), wrong=wrong)


def _leading(route: IPRoute, sight: Sight, joined: Sequence[Joined]) -> Iterator[Step]:
    """Plan the routes to far ranges, and no others by our cards; Broken if the site has one of its own."""
    found: dict[str, set[tuple[int, str]]] = {}
    for one in route.get_routes(family=socket.AF_INET, table=_MAIN):
        found.setdefault(f"{one.get('dst')}/{one['dst_len']}", set()).add(
            (one.get("oif") or 0, one.get("gateway") or "")
        )
    wanted = {target: way for way in joined for target in way.ranges}
    ours = {card.index: name for name in {way.card for way in joined} if (card := sight.cards.get(name))}
    for target, way in wanted.items():
        there = found.get(target, set())
        if any(index not in ours for index, _ in there):
            raise Broken(
                "network", f"there is a route to {target} already, which is not ours; gateway {way.gateway} has it"
            )
        card = sight.cards.get(way.card)
        if card is None or (card.index, "" if way.sealed else _NEXT_HOP) not in there:
            wrong = f"the route to {target} by {way.card} was gone" if card else ""
            text = f"{way.card}: add the route to {target}"
            yield Step(text=text, do=partial(_lead, route, way, target), wrong=wrong)
    for target in sorted(found.keys() - wanted.keys()):
        for index, _ in sorted(found[target]):
            if index in ours:
                yield Step(
                    text=f"{ours[index]}: remove the route to {target}",
                    do=partial(_lead_no_more, route, target, index),
                    wrong=f"{ours[index]} had a foreign route to {target}",
                )


def _own(sight: Sight, name: str, kind: str) -> Card | None:
    """Find a card of ours; Broken if something else is called so."""
    card = sight.cards.get(name)
    if card is not None and card.kind != kind:
        raise Broken("network", f"{name} is there already and is not ours")
    return card


def _removing(route: IPRoute, card: Card) -> Step:
    def remove() -> None:
        with allowed(errno.ENODEV):
            route.link("del", index=card.index)

    return Step(text=f"remove the way {card.name}", do=remove)


def _make(route: IPRoute, way: Joined) -> None:
    how = {"vxlan_id": way.number, "vxlan_port": PORT, "vxlan_group": way.address, "vxlan_learning": 0}
    with allowed(errno.EEXIST):
        route.link("add", ifname=way.card, kind="vxlan", address=way.mac, **how)


def _leads(route: IPRoute, card: Card, way: Joined) -> bool:
    told = route.link("get", index=card.index)[0]
    number, address = (told.get(("linkinfo", "data", f"vxlan_{key}")) for key in ("id", "group"))
    return (card.mac, number, address) == (way.mac, way.number, way.address)


def _is_known(route: IPRoute, card: Card, way: Joined) -> bool:
    return any(
        one.get("dst") == _NEXT_HOP and one.get("lladdr") == way.far_mac and one["state"] == _FOR_EVER
        for one in route.get_neighbours(family=socket.AF_INET, ifindex=card.index)
    )


def _name(route: IPRoute, way: Joined) -> None:
    index = number_of(way.card)
    route.neigh("replace", dst=_NEXT_HOP, lladdr=way.far_mac, ifindex=index, state=_FOR_EVER)


def _switch_on(route: IPRoute, name: str) -> None:
    route.link("set", index=number_of(name), mtu=SEALED_MTU, state="up")


def _lead(route: IPRoute, way: Joined, target: str) -> None:
    hop = {"scope": _OF_LINK} if way.sealed else {"gateway": _NEXT_HOP, "flags": _ON_LINK}
    route.route("replace", dst=target, oif=number_of(way.card), **hop)


def _lead_no_more(route: IPRoute, target: str, index: int) -> None:
    with allowed(errno.ESRCH):
        route.route("del", dst=target, oif=index)


def _tell(name: str, key: Key, port: int) -> None:
    with WireGuard() as guard:
        guard.set(name, private_key=key.private, listen_port=port)


def _peer(way: Joined) -> tuple[str, int, frozenset[str]]:
    return way.address, way.port, frozenset(way.ranges)


def _believe(name: str, way: Joined) -> None:
    """Take for this gateway whoever has its key, and from it what comes from its own ranges only."""
    peer = {
        "public_key": way.key,
        "endpoint_addr": way.address,
        "endpoint_port": way.port,
        "replace_allowed_ips": True,
        "allowed_ips": list(way.ranges),
    }
    with WireGuard() as guard:
        guard.set(name, peer=peer)


def _guard_of(name: str) -> dict[str, Any]:
    """Read what a card of WireGuard knows: its public key, its port, and its peers by their keys."""
    with WireGuard() as guard:
        told = guard.info(name)[0]
    peers: dict[str, tuple[str, int, frozenset[str]]] = {}
    for peer in told.get("WGDEVICE_A_PEERS") or ():
        end = peer.get("WGPEER_A_ENDPOINT") or {}
        ranges = frozenset(one["addr"] for one in peer.get("WGPEER_A_ALLOWEDIPS") or ())
        peers[_text(peer.get("WGPEER_A_PUBLIC_KEY"))] = (end.get("addr", ""), end.get("port", 0), ranges)
    return {
        "key": _text(told.get("WGDEVICE_A_PUBLIC_KEY")),
        "port": told.get("WGDEVICE_A_LISTEN_PORT"),
        "peers": peers,
    }


def _text(key: bytes | str | None) -> str:
    return key.decode() if isinstance(key, bytes) else key or ""
