"""What the gateway is told for good of whose card each address is at: the whole of a network in one pass."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.domain.errors import Unavailable
from app.domain.firewall import Firewall
from app.domain.network import Member, Network
from app.network import neighbours
from app.network.kernel import KernelFabric
from app.network.netlink import netlink
from app.network.sight import look
from tests.net.namespaces import Namespace
from tests.net.yard import WEB, let, member, silence

pytestmark = pytest.mark.net
ALL = tuple(
    replace(member(1, f"10.9.{number >> 8}.{number & 255}"), mac=f"d0:0d:00:00:{number >> 8:02x}:{number & 255:02x}")
    for number in range(2, 602)
)
NETWORK = Network(name="a", bridge="eucabr0", gateway="10.9.0.1/16", members=ALL)


def known(machine: Namespace) -> set[tuple[str, str]]:
    told = machine.run("ip", "-4", "neighbour", "show", "dev", "eucabr0", "nud", "permanent").stdout
    return {(line.split()[0], line.split()[2]) for line in told.splitlines()}


def of(members: Sequence[Member]) -> set[tuple[str, str]]:
    return {(one.address, one.mac) for one in members}


async def test_all_of_a_large_network_are_known_after_one_pass_and_forgotten_after_another(inside: Namespace) -> None:
    fabric = KernelFabric("yard", silence)
    await fabric.apply([NETWORK])
    assert known(inside) == of(ALL)
    swapped = (*ALL[:2], replace(ALL[2], mac=ALL[599].mac), replace(ALL[599], mac=ALL[2].mac))
    assert await fabric.apply([replace(NETWORK, members=swapped)]) == []
    assert known(inside) == of(swapped)
    await fabric.close()


async def test_what_is_forgotten_already_keeps_nothing_from_being_told(inside: Namespace) -> None:
    fabric = KernelFabric("yard", silence)
    await fabric.apply([NETWORK])
    inside.run("ip", "neighbour", "flush", "dev", "eucabr0", "nud", "permanent")
    other = member(2, "10.9.9.9")
    assert await fabric.apply([replace(NETWORK, members=(other,))], Firewall(rules={WEB: (let(WEB),)})) == []
    assert known(inside) == of([other])
    await fabric.close()


def test_what_the_kernel_refuses_is_raised_and_nobody_is_taken_for_known(inside: Namespace) -> None:
    inside.run("ip", "link", "set", "lo", "mtu", "60")  # too small for IP
    with netlink() as route:
        sight = look(route)
    steps = list(neighbours.steps(sight, replace(NETWORK, bridge="lo"), emptied=True))
    with pytest.raises(Unavailable, match="Invalid argument"), netlink():
        for step in steps:
            step.do()
    assert (len(steps), sight.knows["lo"]) == (len(ALL), {})
