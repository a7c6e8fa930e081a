"""What addresses are called.

The trap: a name says its address, but that there is such a name is told by rows alone.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

DOMAIN = "eucalyptus.internal"
DNS_PORT = 53
_ADDRESS_NAME = re.compile(r"(?:euca|ip)-(\d+)-(\d+)-(\d+)-(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Names:
    """How addresses are called. With a `domain` a name server of ours answers for them, and they are 1.6.1's names."""

    domain: str = ""

    @property
    def zone(self) -> str:
        """The zone of public names."""
        return f"eucalyptus.{self.domain}"

    @property
    def buckets(self) -> str:
        """The zone of buckets."""
        return f"walrus.{self.domain}"

    def host(self, address: str) -> str:
        """Form the name of an address without its zone; empty for none."""
        return f"{'euca' if self.domain else 'ip'}-{address.replace('.', '-')}" if address else ""

    def private(self, address: str) -> str:
        """Form the full name of a private address; empty for none."""
        return f"{self.host(address)}.{DOMAIN}" if address else ""

    def public(self, address: str) -> str:
        """Form the full name of a public address, which is the address itself as long as nobody answers for names."""
        return f"{self.host(address)}.{self.zone}" if self.domain and address else address


def address_in(name: str) -> str:
    """Return the address that the first part of a name tells; empty if it tells none."""
    found = _ADDRESS_NAME.fullmatch(name.partition(".")[0])
    try:
        return str(IPv4Address(".".join(found.groups()))) if found else ""
    except ValueError:
        return ""


def address_of(listener: str, server: str) -> str:
    """Return the address of the cloud's listener, which is bound to a host; `server` is that of the name server.

    A listener on every address, or one that is told by a name, is on the machine of the name server.
    """
    try:
        return server if IPv4Address(listener).is_unspecified else listener
    except ValueError:
        return server


def address_for_instances(listener: str, server: str) -> str:
    """Return the address at which instances find the listener; empty if it is there for this machine only."""
    found = address_of(listener, server)
    return "" if _is_own(listener) or _is_own(found) else found


def _is_own(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
