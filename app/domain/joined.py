"""The way from one gateway to another whose networks are one with its own, as a value that a fabric makes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.joint import PORT
from app.domain.network import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Another gateway: `ranges` are its private ones, `members` who of them may send and be reached.

    `here` and `gateway` name the two ends, `card` is what this one is called, which is the fabric's to say. `key`: the
    public half of the far end's, if the way is `sealed`; empty: it is not known yet, and nothing passes. `own_port` and
    `port` are where either end hears WireGuard.
    """

    here: str
    gateway: str
    address: str
    ranges: tuple[str, ...]
    members: tuple[Member, ...]
    sealed: bool
    own_port: int = PORT
    port: int = PORT
    key: str = ""
    card: str = ""

    @property
    def number(self) -> int:
        """Number the tunnel for the wire; both ends form the same."""
        names = " ".join(sorted((self.here, self.gateway)))
        return int.from_bytes(hashlib.sha256(f"joined {names}".encode()).digest()[:3]) or 1

    @property
    def mac(self) -> str:
        """Form the MAC address of this end's tunnel."""
        return _mac(self.here, self.gateway)

    @property
    def far_mac(self) -> str:
        return _mac(self.gateway, self.here)


def own_port(joined: Sequence[Joined]) -> int:
    """Tell where this end hears WireGuard, which is one port for all."""
    return next((way.own_port for way in joined if way.sealed), PORT)


def _mac(end: str, other: str) -> str:
    return "02:" + hashlib.sha256(f"{end} to {other}".encode()).digest()[:5].hex(":")
