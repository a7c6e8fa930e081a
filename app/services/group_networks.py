"""Networks of security groups: made when a launch needs one, kept while anybody may be on it.

A group whose network is full gets another one; walls let pass between the two what they let pass within one. The trap:
a network is given to another group only once nobody holds an address of it, since a card may still hang on its bridge.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from app.domain.errors import Missing
from app.domain.group import SecurityGroup
from app.domain.group_network import GroupNetwork
from app.domain.journal import Entry
from app.domain.network import Range, Subnet
from app.domain.ports import Unit


def of(unit: Unit, group: SecurityGroup, parts: Range, gateway: str = "") -> Iterator[str]:
    """Yield the subnets of a group's networks, then new ones as long as more are asked for and there are any."""
    known = unit.group_networks.where(account_id=group.account_id, group_id=group.id, gateway=gateway)
    inside = [row for row in known if IPv4Network(row.subnet).subnet_of(parts.network)]
    yield from (row.subnet for row in sorted(inside, key=lambda row: row.vlan))
    while (vlan := _free(unit, parts, group, gateway)) is not None:
        subnet = str(parts.subnet(vlan).network)
        unit.group_networks.add(
            GroupNetwork(
                id=f"{gateway}-vlan{vlan}" if gateway else f"vlan{vlan}",
                vlan=vlan,
                account_id=group.account_id,
                group_id=group.id,
                subnet=subnet,
                created_at_ms=unit.now_ms,
                gateway=gateway,
            )
        )
        yield subnet


def find(unit: Unit, network_id: str) -> GroupNetwork:
    """Look a network up; Missing if no group has it."""
    row = unit.group_networks.get(network_id)
    if row is None:
        raise Missing("network", network_id)
    return row


def held(unit: Unit, row: GroupNetwork) -> int:
    """Count the addresses of a network that instances hold."""
    addresses = [address for _, address in Subnet.parse(row.subnet).after(0)]
    return unit.instances.count(private_ip=addresses, gateway=row.gateway, removed=False)


def stirred(unit: Unit, entries: Iterable[Entry]) -> list[str]:
    """List the ids of the networks that instances may have joined or left by entries of the journal."""
    told = [entry for entry in entries if entry.kind == "instance" and entry.data.keys() & {"private_ip", "removed"}]
    if not told:
        return []
    rows = unit.instances.where(id=[entry.resource_id for entry in told])
    given = [(row.gateway, IPv4Address(row.private_ip)) for row in rows if row.private_ip]
    known = unit.group_networks.where() if given else ()
    return [row.id for row in known if _has(row, given)]


def _has(row: GroupNetwork, given: Iterable[tuple[str, IPv4Address]]) -> bool:
    return any(gateway == row.gateway and address in IPv4Network(row.subnet) for gateway, address in given)


def _free(unit: Unit, parts: Range, group: SecurityGroup, gateway: str) -> int | None:
    """Find the lowest number that no group has; if there is none, take one back from a group that is on it no more."""
    rows = unit.group_networks.where(gateway=gateway)
    taken = {row.vlan for row in rows}
    for vlan in parts.vlans:
        if vlan not in taken:
            return vlan
    for row in sorted(rows, key=lambda row: row.vlan):
        if row.vlan in parts.vlans and row.group_id != group.id and not held(unit, row):
            unit.group_networks.remove(row, event="network.freed")
            return row.vlan
    return None
