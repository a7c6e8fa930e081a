"""Private addresses: given in the transaction that makes the instance, kept over stop and start, free again at its end.

Hosts of a rehearsal take theirs from a subnet of their own, as records; real hosts from the one of the settings, or
none where the site gives them. Giving goes on after the last one given, so that an address that just became free,
which others may still have in mind, comes again last.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from itertools import islice

from app.domain.host import Host
from app.domain.network import REHEARSAL_SUBNET, Subnet
from app.domain.ports import Unit

_SUBNET = "network.subnet"
_REHEARSAL = "network.rehearsal_subnet"
_MOST_AT_ONCE = 256


def configure(unit: Unit, subnet: str) -> None:
    """Set the subnet of real hosts; empty: the site gives addresses. What was given before stays."""
    rehearsal = REHEARSAL_SUBNET
    if subnet and IPv4Network(subnet).overlaps(IPv4Network(rehearsal)):
        rehearsal = "172.16.0.0/12"
    for name, value in ((_SUBNET, subnet), (_REHEARSAL, rehearsal)):
        if unit.setting(name) != value:
            unit.set_setting(name, value)


def subnet_of(unit: Unit, host: Host) -> str:
    """Return the subnet that a host's instances have their addresses from; empty: the site gives them."""
    return rehearsal_subnet(unit) if host.rehearsal else unit.setting(_SUBNET)


def rehearsal_subnet(unit: Unit) -> str:
    """Return the subnet of rehearsal hosts."""
    return unit.setting(_REHEARSAL, REHEARSAL_SUBNET)


def give(unit: Unit, hosts: Sequence[str]) -> list[str]:
    """Choose an address for a new instance on each host, in order, and stop where there is none left.

    An empty one stands for a host whose site gives addresses.
    """
    rows = {host.name: host for host in unit.hosts.where(name=tuple(dict.fromkeys(hosts)))}
    subnets = [subnet_of(unit, rows[name]) for name in hosts]
    found = {subnet: _take(unit, subnet, subnets.count(subnet)) for subnet in set(subnets) if subnet}
    given = []
    for subnet in subnets:
        if subnet and not found[subnet]:
            break
        given.append(found[subnet].pop(0) if subnet else "")
    return given


def _take(unit: Unit, subnet: str, count: int) -> list[str]:
    """Find up to `count` free addresses of a subnet and remember how far it went."""
    name = f"network.cursor.{subnet}"
    taken = list(islice(_free(unit, Subnet.parse(subnet), int(unit.setting(name, "0")), count), count))
    if taken:
        unit.set_setting(name, str(taken[-1][0]))
    return [address for _, address in taken]


def _free(unit: Unit, subnet: Subnet, cursor: int, at_once: int) -> Iterator[tuple[int, str]]:
    """Yield free addresses; those after the cursor mostly are, so few are looked up at first, and more each time."""
    candidates = subnet.after(cursor)
    while batch := list(islice(candidates, min(at_once, _MOST_AT_ONCE))):
        at_once *= 2
        rows = unit.instances.where(private_ip=[address for _, address in batch], removed=False)
        held = {row.private_ip for row in rows}
        yield from (one for one in batch if one[1] not in held)
