"""The way out: public addresses on the card that faces the world, and packets let through to and from it.

Blocking, like the bridges. An address of ours bears a label that names the cloud; others on the card are never touched.
The trap: answers come in by the card that faces the world, so it has to forward, too. That it does stays when networks
go, for nobody knows whether somebody else relies on it by then.
"""

import errno
from collections.abc import Collection, Iterator

from pyroute2 import IPRoute

from app.domain.errors import Broken
from app.network.announcing import announce
from app.network.netlink import allowed, is_off, switch
from app.network.sight import Card, Sight, Step

_LABEL_BYTES = 15
_FORWARDING = "ipv4/conf/{}/forwarding"


class PublicCard:
    """The addresses of one cloud on one card. An empty name: they are routed here, and the way out is the default."""

    def __init__(self, name: str, owner: str) -> None:
        self._name, self._label = name, f"euca:{owner}"[:_LABEL_BYTES]

    def steps(self, route: IPRoute, sight: Sight, wanted: Collection[str]) -> Iterator[Step]:
        """Plan what makes the card bear these addresses of ours and no others, and let packets through."""
        if self._name and self._name not in sight.cards:
            raise Broken("network", f"there is no card {self._name}; set VNET_PUBINTERFACE")
        for name in [self._name] if self._name else sight.ways_out:
            if is_off(_FORWARDING, name, "1"):
                yield _forwarding(name)
        yield from self.leaving(route, sight, wanted)
        if self._name:
            card = sight.cards[self._name]
            there = {text.partition("/")[0] for text in card.addresses}
            yield from (self._bearing(route, card, address) for address in sorted(set(wanted) - there))

    def leaving(self, route: IPRoute, sight: Sight, but: Collection[str] = ()) -> Iterator[Step]:
        """Plan to take our addresses off whatever card they are on, all but some on ours."""
        for card in sight.cards.values():
            ours = {text.partition("/")[0] for text, label in card.addresses.items() if label == self._label}
            for address in sorted(ours.difference(but) if card.name == self._name else ours):
                yield self._dropping(route, card, address)

    def _bearing(self, route: IPRoute, card: Card, address: str) -> Step:
        def bear() -> None:
            with allowed(errno.EEXIST):
                route.addr("add", index=card.index, address=address, prefixlen=32, label=self._label)
            announce(card.name, card.mac, address)

        wrong = f"{card.name} had lost the public address {address}"
        return Step(text=f"{card.name}: add public address {address}", do=bear, wrong=wrong)

    def _dropping(self, route: IPRoute, card: Card, address: str) -> Step:
        def drop() -> None:
            with allowed(errno.EADDRNOTAVAIL):
                route.addr("del", index=card.index, address=address, prefixlen=32)

        wrong = f"{card.name} had a public address {address} that nobody has"
        return Step(text=f"{card.name}: remove public address {address}", do=drop, wrong=wrong)


def _forwarding(name: str) -> Step:
    return Step(
        text=f"set net.ipv4.conf.{name}.forwarding to 1",
        do=lambda: switch(name, _FORWARDING, "1"),
        wrong=f"net.ipv4.conf.{name}.forwarding was not 1",
    )
