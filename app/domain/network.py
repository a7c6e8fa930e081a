"""Networks of instances as values: what a fabric is to make, who is on it, and which addresses there are to give.

The trap: an address is text in rows and on the wire; only here it is a number, so that "the next one" has one meaning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv4Network

METADATA_ADDRESS = "169.254.169.254"
REHEARSAL_SUBNET = "10.128.0.0/12"
DOMAIN = "eucalyptus.internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An instance on a network: its card's MAC address, and the address and name that belong to it."""

    instance_id: str
    mac: str
    address: str
    hostname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network as it is wanted on the server's machine.

    `gateway` is our own address on the bridge with its prefix length; `mtu` 0: the guests' own choice.
    """

    name: str
    bridge: str
    gateway: str
    dns: tuple[str, ...] = ()
    mtu: int = 0
    members: tuple[Member, ...] = ()

    @property
    def interface(self) -> IPv4Interface:
        return IPv4Interface(self.gateway)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """What the settings say of the network. An empty `subnet`: the site gives addresses, no network is ours."""

    bridge: str = ""
    subnet: str = ""
    dns: tuple[str, ...] = ()
    mtu: int = 0

    @property
    def ours(self) -> bool:
        return bool(self.subnet)

    def network(self, members: tuple[Member, ...]) -> Network:
        """Form the one network that all real hosts share."""
        gateway = Subnet(IPv4Network(self.subnet)).gateway
        return Network(
            name=self.bridge, bridge=self.bridge, gateway=gateway, dns=self.dns, mtu=self.mtu, members=members
        )


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


def host_name(address: str) -> str:
    """Form the name of an address: `ip-10-0-0-5`; empty for none."""
    return "ip-" + address.replace(".", "-") if address else ""


def dns_name(address: str) -> str:
    """Form the full private name of an address; empty for none."""
    return f"{host_name(address)}.{DOMAIN}" if address else ""
