"""What an operator says of two gateways whose networks are one: `lab=wireguard:192.0.2.2`, and the other side likewise.

The trap: a way that is plain must never come of something left out, so its kind is always said.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

SERVER = "server"
"""What the server's own machine is called among gateways."""
PORT = 51881
"""Where gateways hear each other's WireGuard; hosts are heard at another one."""
SEALED, TRUSTED = "wireguard", "trusted"
_JOINT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,62})=(wireguard|trusted):([0-9.]+)(?::([0-9]{1,5}))?")
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Another gateway, by the name of its cluster, where it is reached, and whether what goes there is encrypted."""

    gateway: str
    sealed: bool
    address: str
    port: int = PORT

    @property
    def cluster(self) -> str:
        """Name the cluster whose gateway it is; empty: the server's machine is."""
        return "" if self.gateway == SERVER else self.gateway


def joints_of(text: str) -> tuple[Joint, ...]:
    """Read what stands in VNET_JOINED; ValueError says what could."""
    found = tuple(_joint(word) for word in text.split())
    for what in ("gateway", "address"):
        said = [getattr(joint, what) for joint in found]
        if twice := next((one for one in said if said.count(one) > 1), ""):
            raise ValueError(f"{twice} stands there twice; say each gateway once, with an address of its own")
    return found


def _joint(word: str) -> Joint:
    parts = _JOINT.fullmatch(word)
    try:
        if parts is None or not 0 < int(parts[4] or PORT) <= _LAST_PORT:
            raise ValueError
        return Joint(
            gateway=parts[1], sealed=parts[2] == SEALED, address=str(IPv4Address(parts[3])), port=int(parts[4] or PORT)
        )
    except ValueError:
        why = f"{SEALED} encrypts what goes there, {TRUSTED} says that the path is trusted"
        raise ValueError(
            f"'{word}' is not possible; lab={SEALED}:192.0.2.2 could stand there, or lab={TRUSTED}:192.0.2.2; {why}"
        ) from None
