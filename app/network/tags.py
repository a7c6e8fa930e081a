"""VLANs of networks on the gateway's machine: cards on top of VNET_PRIVINTERFACE, each a port of its network's bridge.

One of our making is known by its MAC address, which is set in the very call that makes it; one of the site's is never
touched, whatever its number. The trap: a port that is not isolated reaches guests past the gateway's rules.
"""

import errno
from collections.abc import Iterator, Sequence
from functools import partial

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from app.domain.errors import Broken
from app.domain.network import Network
from app.network.far_links import mac_of
from app.network.netlink import allowed
from app.network.sight import Sight, Step, number_of


def steps(route: IPRoute, sight: Sight, networks: Sequence[Network], owner: str) -> Iterator[Step]:
    """Plan what makes the VLANs of these networks, whose bridges are there by then, be there and no others of ours."""
    wanted = {network.tagged for network in networks}
    for card in sight.cards.values():
        if card.kind == "vlan" and card.mac == mac_of(owner, card.name) and card.name not in wanted:
            yield Step(text=f"remove VLAN {card.name}", do=partial(_remove, route, card.index))
    for network in networks:
        if network.tagged:
            yield from _tagging(route, sight, network, mac_of(owner, network.tagged))


def _tagging(route: IPRoute, sight: Sight, network: Network, mac: str) -> Iterator[Step]:
    name, bridge, card = network.tagged, sight.cards.get(network.bridge), sight.cards.get(network.tagged)
    if network.trunk not in sight.cards:
        raise Broken("network", f"there is no card {network.trunk}; set VNET_PRIVINTERFACE")
    if card is None:
        wrong = f"VLAN {name} was gone"
        yield Step(text=f"make VLAN {name}", do=partial(_make, route, network, mac), wrong=wrong)
    elif card.kind != "vlan" or card.mac != mac:
        raise Broken("network", f"{name} is there already and is not ours")
    if card is None or bridge is None or card.master != bridge.index or not card.up:
        wrong = f"VLAN {name} was taken off bridge {network.bridge}, or down" if card else ""
        yield Step(text=f"{name}: put it on bridge {network.bridge}", do=partial(_plug, route, network), wrong=wrong)
    if card is None or not card.isolated:
        wrong = f"VLAN {name} was let reach guests" if card else ""
        yield Step(text=f"{name}: keep it from guests", do=partial(_isolate, route, name), wrong=wrong)


def _make(route: IPRoute, network: Network, mac: str) -> None:
    way = {"link": number_of(network.trunk), "vlan_id": network.vlan}
    try:
        with allowed(errno.EEXIST):
            route.link("add", ifname=network.tagged, kind="vlan", address=mac, **way)
    except NetlinkError as error:
        if error.code != errno.EOPNOTSUPP:
            raise
        raise Broken("network", 'this kernel has no VLAN; VNET_ISOLATION="vxlan" does without') from None


def _plug(route: IPRoute, network: Network) -> None:
    route.link("set", index=number_of(network.tagged), master=number_of(network.bridge), state="up")


def _isolate(route: IPRoute, name: str) -> None:
    route.brport("set", index=number_of(name), isolated=1)


def _remove(route: IPRoute, index: int) -> None:
    with allowed(errno.ENODEV):
        route.link("del", index=index)
