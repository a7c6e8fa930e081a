"""The default VPC and its subnets, told from clusters, hosts and settings; nothing of it has a row.

A subnet is a cluster's part of the VPC. The trap: clusters share the network that their addresses come from, since a
group of instances spans them, so subnets may show the same block, and count the same free addresses.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from app.domain import vpc
from app.domain.errors import Missing
from app.domain.host import Host
from app.domain.network import Subnet
from app.domain.ports import Unit
from app.services import addresses

ANYWHERE = "0.0.0.0/0"  # the site gives addresses, and does not tell us which


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSubnet:
    """The part of the VPC that a cluster is."""

    cluster: str
    cidr: str

    @property
    def id(self) -> str:
        return vpc.subnet_id(self.cluster)


def subnets(unit: Unit) -> list[ClusterSubnet]:
    """List one subnet for each cluster, by name."""
    blocks = _blocks(unit, unit.hosts.where())
    spare = next(iter(blocks.values()), addresses.rehearsal_subnet(unit))
    names = sorted(cluster.name for cluster in unit.clusters.where())
    return [ClusterSubnet(cluster=name, cidr=blocks.get(name, spare)) for name in names]


def cidrs(unit: Unit) -> list[str]:
    """List the blocks of the VPC, the first of them its own, each once."""
    found = dict.fromkeys(subnet.cidr for subnet in subnets(unit))
    return list(found) or [addresses.rehearsal_subnet(unit)]


def free(unit: Unit, blocks: Iterable[str]) -> dict[str, int]:
    """Count by block the addresses that are left to give; a block that is the site's is not counted."""
    networks = {block: IPv4Network(block) for block in blocks if block != ANYWHERE}
    held = [IPv4Address(row.private_ip) for row in unit.instances.where(removed=False) if row.private_ip]
    return {
        block: Subnet(network).size - sum(address in network for address in held) for block, network in networks.items()
    }


def cluster_of(unit: Unit, subnet_id: str) -> str:
    """Return the name of a subnet's cluster; Missing if there is no such subnet."""
    for cluster in unit.clusters.where():
        if vpc.subnet_id(cluster.name) == subnet_id:
            return cluster.name
    raise Missing("subnet", subnet_id)


def _blocks(unit: Unit, hosts: Iterable[Host]) -> dict[str, str]:
    """Find each cluster's block by its first host."""
    first: dict[str, Host] = {}
    for host in hosts:
        first.setdefault(host.cluster, host)
    return {cluster: addresses.subnet_of(unit, host) or ANYWHERE for cluster, host in first.items()}
