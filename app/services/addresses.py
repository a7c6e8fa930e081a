"""Private addresses: given in the transaction that makes the instance, kept over stop and start, free again at its end.

Hosts of a rehearsal take theirs from a subnet of their own, as records; real hosts from the one of the settings, or
none where the site gives them. Giving goes on after the last one given, so that an address that just became free,
which others may still have in mind, comes again last. Where a list pairs cards with addresses the first free pair is
given, of which both halves are nobody's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from itertools import islice

from app.domain.group import SecurityGroup
from app.domain.host import Host
from app.domain.network import REHEARSAL_SUBNET, Card, Range, Subnet, pairs_of
from app.domain.ports import Unit
from app.services import group_networks

_SUBNET, _EACH, _PAIRS = "network.subnet", "network.addresses_per_network", "network.pairs"
_CLUSTERS, _GATEWAY = "network.clusters", "network.gateway"
_REHEARSAL = "network.rehearsal_subnet"
_MOST_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Source:
    """Where addresses come from: a subnet, which groups have networks of `each` addresses of; or pairs of it only.

    Without a subnet the site gives them. Behind each `gateway` addresses are given by themselves.
    """

    subnet: str = ""
    each: int = 0
    pairs: tuple[Card, ...] = ()
    gateway: str = ""

    @property
    def walled(self) -> bool:
        """Whether the network is ours, with rules between instances."""
        return bool(self.subnet) and not self.pairs


def configure(unit: Unit, source: Source, clusters: Mapping[str, Source] | None = None) -> None:
    """Set where real hosts have their addresses from, but for clusters with a source of their own.

    What was given before stays.
    """
    own = clusters or {}
    subnets = [IPv4Network(one.subnet) for one in (source, *own.values()) if one.subnet]
    rehearsal = REHEARSAL_SUBNET
    if any(subnet.overlaps(IPv4Network(rehearsal)) for subnet in subnets):
        rehearsal = "172.16.0.0/12"
    _set(unit, _REHEARSAL, rehearsal)
    _set(unit, _CLUSTERS, " ".join(own))
    for cluster, one in [("", source), *own.items()]:
        _set(unit, _of(_SUBNET, cluster), one.subnet)
        _set(unit, _of(_EACH, cluster), str(one.each))
        _set(unit, _of(_PAIRS, cluster), " ".join(f"{card.mac}={card.address}" for card in one.pairs))
        _set(unit, _of(_GATEWAY, cluster), one.gateway)


def source_of(unit: Unit, cluster: str) -> Source:
    """Return where the real hosts of a cluster have their addresses from."""
    own = cluster if cluster in unit.setting(_CLUSTERS).split() else ""
    return Source(
        unit.setting(_of(_SUBNET, own)),
        int(unit.setting(_of(_EACH, own), "0")),
        pairs_of(unit.setting(_of(_PAIRS, own))),
        unit.setting(_of(_GATEWAY, own)),
    )


def _of(name: str, cluster: str) -> str:
    return f"{name}.{cluster}" if cluster else name


def _set(unit: Unit, name: str, value: str) -> None:
    if unit.setting(name) != value:
        unit.set_setting(name, value)


def subnet_of(unit: Unit, host: Host) -> str:
    """Return the subnet that a host's instances have their addresses from; empty: the site gives them."""
    return _of_host(unit, host).subnet


def network_of(unit: Unit, host: Host) -> tuple[str, str]:
    """Return what hosts must have in common for an instance to keep its address: the subnet, behind one gateway."""
    source = _of_host(unit, host)
    return source.subnet, source.gateway


def _of_host(unit: Unit, host: Host) -> Source:
    return Source(rehearsal_subnet(unit)) if host.rehearsal else source_of(unit, host.cluster)


def rehearsal_subnet(unit: Unit) -> str:
    """Return the subnet of rehearsal hosts."""
    return unit.setting(_REHEARSAL, REHEARSAL_SUBNET)


def give(unit: Unit, hosts: Sequence[str], group: SecurityGroup) -> list[Card]:
    """Choose a card for a new instance on each host, in order, and stop where there is none left.

    One without an address stands for a host whose site gives addresses. `group` is the first group of the instances,
    which may have networks of its own.
    """
    sources = _sources(unit, hosts)
    found = {source: _found(unit, source, sources.count(source), group) for source in set(sources) if source.subnet}
    given = []
    for source in sources:
        if source.subnet and not found[source]:
            break
        given.append(replace(found[source].pop(0), gateway=source.gateway) if source.subnet else Card())
    return given


def left(unit: Unit, hosts: Sequence[str], count: int) -> str:
    """Say that only so many of the hosts' instances find an address."""
    pairs = _sources(unit, hosts)[count].pairs
    return f"VNET_MACMAP has {count} pairs free" if pairs else f"the subnet has {count} addresses free"


def _sources(unit: Unit, hosts: Sequence[str]) -> list[Source]:
    rows = {host.name: host for host in unit.hosts.where(name=tuple(dict.fromkeys(hosts)))}
    known = {kind: _of_host(unit, host) for kind, host in {_kind(host): host for host in rows.values()}.items()}
    return [known[_kind(rows[name])] for name in hosts]


def _kind(host: Host) -> tuple[str, bool]:
    """Return what hosts with the same source have in common."""
    return host.cluster, host.rehearsal


def _found(unit: Unit, source: Source, count: int, group: SecurityGroup) -> list[Card]:
    if source.pairs:
        return _free_pairs(unit, source)[:count]
    if not source.each:
        return _take(unit, source, source.subnet, count)
    found: list[Card] = []
    for part in group_networks.of(unit, group, Range(IPv4Network(source.subnet), source.each), source.gateway):
        found += _take(unit, source, part, count - len(found))
        if len(found) >= count:
            break
    return found


def _free_pairs(unit: Unit, source: Source) -> list[Card]:
    """List the pairs of which nobody has either half."""
    listed, gateway = source.pairs, source.gateway
    rows = [
        *unit.instances.where(private_ip=[card.address for card in listed], gateway=gateway, removed=False),
        *unit.instances.where(mac=[card.mac for card in listed], removed=False),
    ]
    held = {row.private_ip for row in rows if row.gateway == gateway} | {row.mac for row in rows}
    return [card for card in listed if not held & {card.address, card.mac}]


def _take(unit: Unit, source: Source, part: str, count: int) -> list[Card]:
    """Find up to `count` free addresses of a part of a source's subnet and remember how far it went."""
    name, subnet = _of(f"network.cursor.{part}", source.gateway), Subnet.parse(part)
    free = _free(unit, subnet, int(unit.setting(name, "0")), source.gateway, count)
    taken = list(islice(free, count))
    if taken:
        unit.set_setting(name, str(taken[-1][0]))
    return [Card(address) for _, address in taken]


def _free(unit: Unit, subnet: Subnet, cursor: int, gateway: str, at_once: int) -> Iterator[tuple[int, str]]:
    """Yield free addresses; those after the cursor mostly are, so few are looked up at first, and more each time."""
    candidates = subnet.after(cursor)
    while batch := list(islice(candidates, min(at_once, _MOST_AT_ONCE))):
        at_once *= 2
        rows = unit.instances.where(private_ip=[address for _, address in batch], gateway=gateway, removed=False)
        held = {row.private_ip for row in rows}
        yield from (one for one in batch if one[1] not in held)
