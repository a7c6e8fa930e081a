"""Which card an address of a network is at: the kernel is told for good, so that nobody's ARP tells it otherwise.

Else whoever says by ARP that a neighbour's address is his draws what is meant for the neighbour. Only bridges of our
making are seen to. What a step does is noted in what was seen, so that a pass with something new need not read all
again. The trap: a bridge forgets all of it when it goes down or is given another MAC address.
"""

import errno
from collections.abc import Iterator
from functools import partial

from pyroute2 import IPRoute
from pyroute2.netlink.rtnl.ndmsg import NUD_PERMANENT

from app.domain.network import Network
from app.network.netlink import allowed
from app.network.sight import Sight, Step, number_of


def steps(route: IPRoute, sight: Sight, network: Network, *, emptied: bool) -> Iterator[Step]:
    """Plan what makes a bridge know the cards of its members and no others; `emptied`: by then it knows none."""
    name, there = network.bridge, sight.knows.setdefault(network.bridge, {})
    if emptied:
        there.clear()
    wanted = {member.address: member.mac.lower() for member in network.members}
    wrong = "" if emptied else f"the MAC addresses that {name} knows its guests by were changed"
    for address in sorted(there.keys() - wanted.keys()):
        yield Step(text=f"{name}: forget {address}", do=partial(_forget, route, there, name, address), wrong=wrong)
    for address, mac in wanted.items() if wanted != there else ():
        if there.get(address) != mac:
            yield Step(
                text=f"{name}: {address} is {mac}", do=partial(_know, route, there, name, address, mac), wrong=wrong
            )


def _know(route: IPRoute, there: dict[str, str], name: str, address: str, mac: str) -> None:
    route.neigh("replace", ifindex=number_of(name), dst=address, lladdr=mac, state=NUD_PERMANENT)
    there[address] = mac


def _forget(route: IPRoute, there: dict[str, str], name: str, address: str) -> None:
    with allowed(errno.ENOENT):
        route.neigh("del", ifindex=number_of(name), dst=address)
    there.pop(address, None)
