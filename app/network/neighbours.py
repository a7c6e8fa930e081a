"""Which card an address of a network is at: the kernel is told for good, so that nobody's ARP tells it otherwise.

Else whoever says by ARP that a neighbour's address is his draws what is meant for the neighbour. Only bridges of our
making are seen to. The trap: a bridge forgets all of it when it goes down or is given another MAC address.
"""

import errno
from collections.abc import Iterator
from functools import partial

from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.ndmsg import NUD_PERMANENT

from app.domain.network import Network
from app.network.netlink import allowed
from app.network.sight import Sight, Step, neighbours, number_of


def steps(route: IPRoute, sight: Sight, network: Network, *, emptied: bool) -> Iterator[Step]:
    """Plan what makes a bridge know the cards of its members and no others; `emptied`: by then it knows none."""
    name, there = network.bridge, {} if emptied else sight.neighbours.get(network.bridge, {})
    wanted = {member.address: member.mac.lower() for member in network.members}
    if not emptied and not wanted.items() <= there.items():
        there = {**there, **neighbours().get(name, {})}  # one reading may pass over what is there
    wrong = "" if emptied else f"the MAC addresses that {name} knows its guests by were changed"
    for address in sorted(there.keys() - wanted.keys()):
        yield Step(text=f"{name}: forget {address}", do=partial(_forget, route, name, address), wrong=wrong)
    for address, mac in wanted.items() if wanted != there else ():
        if there.get(address) != mac:
            yield Step(text=f"{name}: {address} is {mac}", do=partial(_know, route, name, address, mac), wrong=wrong)


def _know(route: IPRoute, name: str, address: str, mac: str) -> None:
    route.neigh("replace", ifindex=number_of(name), dst=address, lladdr=mac, state=NUD_PERMANENT)


def _forget(route: IPRoute, name: str, address: str) -> None:
    with allowed(errno.ENOENT):
        route.neigh("del", ifindex=number_of(name), dst=address)
