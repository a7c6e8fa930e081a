"""Networks of instances as values: what a fabric is to make, who is on it, and which addresses there are to give.

The trap: an address is text in rows and on the wire; only here it is a number, so that "the next one" has one meaning.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from app.domain.joint import Joint
from app.domain.names import DOMAIN, Names

METADATA_ADDRESS = "169.254.169.254"
REHEARSAL_SUBNET = "10.128.0.0/12"
FIRST_VLAN, LAST_VLAN = 10, 4094
BRIDGES = "eucabr"
TUNNEL_MTU, SEALED_MTU = 1450, 1350
"""What fits into a frame of 1500 bytes beside the head of a tunnel, and of one that is encrypted."""
TRUSTED, SEALED = "trusted", "wireguard"
"""How tunnels may go to other machines."""
WAYS = f'VNET_TUNNELS="{SEALED}" encrypts tunnels, "{TRUSTED}" says that the wire between the machines is trusted'


@dataclass(frozen=True, slots=True)
class Card:
    """A card of an instance. No `address`: the site gives it; no `mac`: it is made from the instance's id.

    `gateway`: behind which one the address is; empty: the server's machine.
    """

    address: str = ""
    mac: str = ""
    gateway: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An instance on a network: its card's MAC address, and the address and name that belong to it.

    `groups` are the ids of its security groups, `public` is the public address that stands for it, if any. While it is
    `moving` it may be on either of two hosts.
    """

    instance_id: str
    mac: str
    address: str
    hostname: str
    groups: tuple[str, ...] = ()
    public: str = ""
    moving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network as it is wanted on the server's machine.

    `gateway` is the way out with its prefix length, our own address on the bridge unless the network is `of_site`: then
    only leases are ours, given from `server`, which is the address that the machine has there. `mtu` 0: the guests'
    own choice.

    `domain`: the gateway is the name server of the network, too, and guests complete short names with this one.

    To other machines it goes as the VLAN with number `vlan` of their card `trunk`; without one in tunnels, which are
    encrypted if it is `sealed`.
    """

    name: str
    bridge: str
    gateway: str
    dns: tuple[str, ...] = ()
    domain: str = ""
    mtu: int = 0
    members: tuple[Member, ...] = ()
    of_site: bool = False
    server: str = ""
    sealed: bool = False
    trunk: str = ""
    vlan: int = 0

    @property
    def tagged(self) -> str:
        """Name the card of the network's VLAN; empty: it has none."""
        return f"{self.trunk}.{self.vlan}" if self.trunk else ""

    @property
    def plain(self) -> bool:
        """Whether its tunnels show on the wire what instances send."""
        return not (self.sealed or self.trunk)

    @property
    def interface(self) -> IPv4Interface:
        return IPv4Interface(self.gateway)

    @property
    def lessor(self) -> IPv4Address:
        """Return the address that leases are given from."""
        return IPv4Address(self.server) if self.server else self.interface.ip


@dataclass(frozen=True, slots=True)
class Subnet:
    """The first address is the network's, the second the gateway's, the last one means all; the rest is to give."""

    network: IPv4Network

    @classmethod
    def parse(cls, text: str) -> "Subnet":
        return cls(IPv4Network(text))

    @property
    def gateway(self) -> str:
        return f"{self.network[1]}/{self.network.prefixlen}"

    @property
    def size(self) -> int:
        """Count the addresses that instances can have."""
        return max(0, self.network.num_addresses - 3)

    def after(self, cursor: int) -> Iterator[tuple[int, str]]:
        """Yield every address to give once with its number, beginning after number `cursor` and going round."""
        for step in range(self.size):
            number = (cursor + step) % self.size + 1
            yield number, str(self.network[number + 1])


@dataclass(frozen=True, slots=True)
class Range:
    """A private range that is cut into networks of `each` addresses, one for each VLAN, counted from 2 as in 1.6.1."""

    network: IPv4Network
    each: int

    @property
    def vlans(self) -> range:
        """Return the numbers that there are to give."""
        return range(FIRST_VLAN, min(LAST_VLAN, self.network.num_addresses // self.each + 1) + 1)

    def subnet(self, vlan: int) -> Subnet:
        first = self.network[(vlan - 2) * self.each]
        return Subnet(IPv4Network((first, 33 - self.each.bit_length())))

    def vlan_of(self, address: str) -> int:
        """Tell the number of the network that an address of the range is in."""
        return 2 + (int(IPv4Address(address)) - int(self.network.network_address)) // self.each

    def around(self, address: str) -> Subnet:
        return self.subnet(self.vlan_of(address))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """What the settings say of the network. An empty `subnet`: the site gives addresses, no network is ours.

    `pairs`: the cards that there are, each with its address; the network is the site's, whose way out is `router`.

    `each`: how many addresses a group's own network has; 0: all share one. Groups' networks have bridges of their own,
    whose names begin with `bridge`.

    `public_card` is the card of the gateway's machine that public addresses are put on; empty: they are routed there.
    `tunnels`: how networks may go to other machines, TRUSTED or SEALED; empty: not at all. With a `trunk` each network
    goes there as a VLAN of this card instead.
    `hidden`: nobody outside reaches an instance by its private address, whatever rules and routes say. `open_ports`:
    addresses of the gateway's own machine with TCP ports that instances reach. `of_clusters` are the plans of clusters
    that have another one than all the others.

    `gateway` names the cluster whose gateway is another machine; empty: the server's own is.

    `joints`: other gateways whose networks are one with those of this one.

    With `names` that have a domain each gateway is the name server of its network, and `dns` is not told to instances.
    """

    bridge: str = ""
    subnet: str = ""
    each: int = 0
    dns: tuple[str, ...] = ()
    mtu: int = 0
    public_card: str = ""
    tunnels: str = ""
    trunk: str = ""
    pairs: tuple[Card, ...] = ()
    router: str = ""
    hidden: bool = False
    open_ports: tuple[tuple[str, int], ...] = ()
    gateway: str = ""
    joints: tuple[Joint, ...] = ()
    names: Names = Names()
    of_clusters: Mapping[str, "NetworkPlan"] = field(default_factory=dict)

    def of(self, cluster: str) -> "NetworkPlan":
        """Return the plan that a cluster goes by."""
        return self.of_clusters.get(cluster, self)

    @property
    def mode(self) -> str:
        """Return the word of VNET_MODE that says this."""
        if not self.leases:
            return "SYSTEM"
        return "STATIC" if self.pairs else "MANAGED" if self.each else "MANAGED-NOVLAN"

    @property
    def all(self) -> tuple["NetworkPlan", ...]:
        return (self, *self.of_clusters.values())

    @property
    def elsewhere(self) -> list[str]:
        """Name the clusters whose gateways are other machines."""
        return [one.gateway for one in self.all if one.gateway]

    def of_gateway(self, gateway: str) -> "NetworkPlan":
        """Return the plan that says what one gateway is joined with."""
        return self.of(gateway) if gateway else self

    def ranges(self, gateway: str) -> tuple[str, ...]:
        """List the private ranges behind one gateway."""
        return tuple(one.subnet for one in self.all if one.ours and one.gateway == gateway)

    @property
    def leases(self) -> bool:
        """Whether we give addresses."""
        return bool(self.subnet)

    @property
    def ours(self) -> bool:
        """Whether bridges, rules and the metadata address are ours, too."""
        return self.leases and not self.pairs

    def bridge_of(self, address: str) -> str:
        """Name the bridge that an instance with this address hangs on."""
        return f"{self.bridge}{self._range.vlan_of(address)}" if self.each and address else self.bridge

    def networks(self, members: Iterable[Member]) -> list[Network]:
        """Form the networks that these are on: the one that all share, or one for each VLAN."""
        people: dict[str, list[Member]] = {}
        for member in members:
            people.setdefault(self.bridge_of(member.address), []).append(member)
        return [self._named(self._network(bridge, tuple(found))) for bridge, found in people.items()]

    def _network(self, bridge: str, members: tuple[Member, ...]) -> Network:
        subnet = self._range.around(members[0].address) if self.each else Subnet.parse(self.subnet)
        return Network(
            name=bridge,
            bridge=bridge,
            gateway=f"{self.router}/{subnet.network.prefixlen}" if self.pairs else subnet.gateway,
            dns=self.dns,
            mtu=self.mtu,
            members=members,
            of_site=bool(self.pairs),
            sealed=self.tunnels == SEALED,
            trunk=self.trunk,
            vlan=self._range.vlan_of(members[0].address) if self.trunk else 0,
        )

    def _named(self, network: Network) -> Network:
        """Make the gateway the name server of its network, if it is ours and there are names."""
        if network.of_site or not self.names.domain:
            return network
        members = (replace(member, hostname=self.names.host(member.address)) for member in network.members)
        return replace(network, dns=(str(network.interface.ip),), domain=DOMAIN, members=tuple(members))

    @property
    def _range(self) -> Range:
        return Range(IPv4Network(self.subnet), self.each)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRequest:
    """What a guest asked the metadata address; who it is was told by its network and address, by nothing it sent."""

    instance_id: str
    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAnswer:
    """`hops`: how far the answer may travel, as an IP TTL; 0: as far as it likes."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hops: int = 0


def pairs_of(text: str) -> tuple[Card, ...]:
    """Read pairs `mac=address`, separated by spaces."""
    words = (word.lower().partition("=") for word in text.split())
    return tuple(Card(address, mac) for mac, _, address in words)


def host_name(address: str) -> str:
    """Form the name of an address: `ip-10-0-0-5`; empty for none."""
    return Names().host(address)
