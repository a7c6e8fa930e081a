"""Gateways that are other machines: who may be the one of a cluster, and what one is told of its guests.

A cluster's gateway is told apart by the public key of its certificate, and let in once by a token of which only the
digest is kept. The trap: whoever made the token's request may lose the answer, so the same key may come with it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.directory import Listed
from app.domain.fabric import Fabric
from app.domain.far import Reach, Shell
from app.domain.firewall import Firewall
from app.domain.network import Network
from app.domain.rows import key, observed, secret

TUNNEL_KEY = "network.tunnel_key"
"""The setting that holds by which public key other gateways know the server's machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What is known of the gateway of a cluster that has it elsewhere; `fingerprint` is empty until one has joined.

    `tunnel_key`: the public half of the key by which other gateways know it; empty: it has told none.
    `up`: it did what it was last told; else `error` says why not. `since_ms`: one or the other since then.
    """

    cluster: str = key()
    token_sha256: str = secret("")
    token_expires_at_ms: int = 0
    token_used_by: str = ""
    fingerprint: str = ""
    joined_at_ms: int = 0
    tunnel_key: str = ""
    up: bool = observed(False)
    error: str = observed("")
    since_ms: int = observed(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestFacts:
    """What the metadata address tells one instance: what stands at each path below the version, and to whom."""

    enabled: bool = True
    tokens_required: bool = False
    hops: int = 1
    pages: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All that a gateway has to know to go on by itself."""

    networks: tuple[Network, ...] = ()
    firewall: Firewall = Firewall()
    guests: Mapping[str, GuestFacts] = field(default_factory=dict)
    names: Listed = Listed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a host that is another machine needs; `trusted`: the wire to it may carry plain tunnels."""

    shell: Shell
    networks: tuple[Network, ...]
    trusted: bool = False


class RemoteGateway(Fabric, Reach, Protocol):
    """A gateway that is another machine: its own networks, and the way to the hosts of its cluster."""


class GatewayBook(Protocol):
    """Who is the gateway of which cluster, and what its guests are told."""

    async def join(self, cluster: str, token: str, fingerprint: str) -> None:
        """Make the holder of a key the gateway of a cluster; Unauthenticated if the token does not say so."""
        ...

    async def cluster_of(self, fingerprint: str) -> str:
        """Tell whose gateway the holder of a key is; empty: nobody's, or not any more."""
        ...

    async def guests(self, cluster: str, instance_ids: Sequence[str]) -> Mapping[str, GuestFacts]:
        """Tell what the instances of a cluster are told of themselves."""
        ...

    async def know_key(self, cluster: str, key: str) -> None:
        """Remember the public key that the gateway of a cluster has told, for those that are joined with it."""
        ...

    async def names(self, cluster: str) -> Listed:
        """Tell the names as they are behind the gateway of a cluster."""
        ...
