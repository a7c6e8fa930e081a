"""The private network of a security group, where each has one of its own.

The trap: an instance may leave the group that it was launched in, but not the network, since it keeps its address; so
which network an instance is on is told by its address alone.
"""

from dataclasses import dataclass

from app.domain.rows import key


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNetwork:
    """A VLAN and the part of the private range that belongs to it, behind one gateway (empty: the server's machine).

    `id`: `vlan` and its number, behind the name of the gateway's cluster if it is elsewhere.
    """

    id: str = key()
    vlan: int
    account_id: str
    group_id: str
    subnet: str
    created_at_ms: int
    gateway: str = ""
