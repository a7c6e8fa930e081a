"""Security groups and their rules as values; what enforces them in packets comes with the network.

A rule lets one kind of traffic pass between the instances of a group and one peer; no rule forbids. The trap: of two
rules that say the same one would stay when the other is revoked, so everything has one form only: ranges without host
bits, protocols by name where EC2 has one, -1 for "any".
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from app.domain.errors import Invalid
from app.domain.rows import key

ANY = -1
ALL_PROTOCOLS = "-1"
EVERYWHERE = "0.0.0.0/0"
WITH_PORTS, WITH_TYPES = ("tcp", "udp"), ("icmp", "icmpv6")
_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_LAST_PORT, _LAST_TYPE, _LAST_PROTOCOL = 65535, 255, 255


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    id: str = key()
    account_id: str
    name: str
    description: str
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One kind of traffic with one peer: a range (`10.0.0.0/8`, `2001:db8::/32`) or a group, by its id.

    `protocol`: tcp, udp, icmp, icmpv6, a number, or -1 for all. The ports of tcp and udp are a range with both ends;
    icmp and icmpv6 have type and code there, -1 for any; the others -1 and -1.
    """

    protocol: str
    from_port: int
    to_port: int
    peer: str

    @property
    def has_ports(self) -> bool:
        return self.protocol in (*WITH_PORTS, *WITH_TYPES)

    @property
    def ipv4_range(self) -> str:
        return self.peer if "." in self.peer and ":" not in self.peer else ""

    @property
    def ipv6_range(self) -> str:
        return self.peer if ":" in self.peer else ""

    @property
    def group_id(self) -> str:
        return "" if "/" in self.peer else self.peer

    def __str__(self) -> str:
        protocol = "ALL" if self.protocol == ALL_PROTOCOLS else self.protocol.upper()
        ports = f", from port: {self.from_port}, to port: {self.to_port}" if self.has_ports else ""
        return f"peer: {self.peer}, {protocol}{ports}, ALLOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """One permission of a group, for what comes in or (`egress`) goes out. A peer that is a group is of its account."""

    id: str = key()
    group_id: str
    account_id: str
    egress: bool
    protocol: str
    from_port: int
    to_port: int
    peer: str
    description: str = ""

    @property
    def permission(self) -> Permission:
        return Permission(protocol=self.protocol, from_port=self.from_port, to_port=self.to_port, peer=self.peer)


def permission(protocol: str, from_port: int | None, to_port: int | None, peer: str) -> Permission:
    """Form a permission of what somebody wrote, but for the peer, which is canonical already; Invalid says why not."""
    known = protocol_of(protocol)
    first, last = _ports(known, from_port, to_port)
    return Permission(protocol=known, from_port=first, to_port=last, peer=peer)


def protocol_of(given: str) -> str:
    """Return the one spelling of a protocol: a name where EC2 has one, else the number; Invalid otherwise."""
    word = given.strip().lower()
    if word in (*_NAMES.values(), ALL_PROTOCOLS):
        return word
    if not (word.isascii() and word.isdigit() and len(word) <= 3 and int(word) <= _LAST_PROTOCOL):
        raise Invalid("IpProtocol", given, "It is tcp, udp, icmp, icmpv6, a protocol's number or -1 for all.")
    return _NAMES.get(str(int(word)), str(int(word)))


def ipv4_range(given: str) -> str:
    """Return an IPv4 range in CIDR notation without host bits; Invalid otherwise."""
    return _range(given, IPv4Network, "203.0.113.0/24")


def ipv6_range(given: str) -> str:
    """Return an IPv6 range in CIDR notation without host bits, shortened; Invalid otherwise."""
    return _range(given, IPv6Network, "2001:db8::/32")


def _range(given: str, network: type[IPv4Network | IPv6Network], example: str) -> str:
    address, _, bits = given.strip().partition("/")
    try:
        # Networks also take masks for bits, bare addresses and names of interfaces: EC2 takes none of them.
        if not (bits.isascii() and bits.isdigit()) or "%" in address:
            raise ValueError
        return str(network(f"{address}/{bits}", strict=False))
    except ValueError:
        raise malformed(given, f"A range is written in CIDR notation, such as {example}.") from None


def malformed(given: object, why: str) -> Invalid:
    """Form the refusal of a permission that is none."""
    return Invalid("IpPermission", given, why)


def _ports(protocol: str, first: int | None, last: int | None) -> tuple[int, int]:
    if protocol in WITH_PORTS:
        return _port_range(first, last)
    if protocol in WITH_TYPES:
        return _type_and_code(protocol, first, last)
    return ANY, ANY


def _port_range(first: int | None, last: int | None) -> tuple[int, int]:
    if first is None or last is None:
        raise malformed(f"{first}:{last}", "tcp and udp need both FromPort and ToPort.")
    if not 0 <= first <= last <= _LAST_PORT:
        raise malformed(f"{first}:{last}", f"Ports are a range within 0 and {_LAST_PORT}.")
    return first, last


def _type_and_code(protocol: str, kind: int | None, code: int | None) -> tuple[int, int]:
    if kind is None and code is None and protocol == "icmpv6":
        return ANY, ANY
    if kind is None or code is None:
        raise malformed(f"{kind}:{code}", f"{protocol} needs its type as FromPort and its code as ToPort.")
    if not (ANY <= kind <= _LAST_TYPE and ANY <= code <= _LAST_TYPE):
        raise malformed(f"{kind}:{code}", f"Types and codes are within 0 and {_LAST_TYPE}, or -1 for any.")
    if kind == ANY and code != ANY:
        raise malformed(f"{kind}:{code}", "Where every type is meant (-1), every code is.")
    return kind, code
