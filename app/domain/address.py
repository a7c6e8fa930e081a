"""Public addresses: which there are to give, and who has which.

A row is an address that is given: to an account until it releases it, or to one instance at its launch, with which it
goes. What is in the pool and has no row is free.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.domain.rows import key

Addressing = Literal["", "public", "private"]
"""What a launch asks for: an address for each instance, none, or what the cloud does unasked."""

POOL = "eucalyptus"
REHEARSAL_POOL = "rehearsal"
REHEARSAL_ADDRESSES = "198.51.100.0/24"  # TEST-NET-2 of RFC 5737: nobody can mistake them for addresses that work
MOST_IN_POOL = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address that is given. `id` is its allocation's; an automatic one came with a launch, and nobody is shown its
    id. `domain` is EC2's word, vpc or standard; it changes nothing here."""

    id: str = key()
    ip: str
    account_id: str
    automatic: bool = False
    pool: str
    domain: str = "vpc"
    instance_id: str = ""
    association_id: str = ""
    created_at_ms: int

    @property
    def ip_owner(self) -> str:
        """Whose the address is, in EC2's words: an account's, or the cloud's own."""
        return "amazon" if self.automatic else self.account_id


@lru_cache(4)  # a launch asks again and again for the one pool that there is
def addresses_of(text: str) -> tuple[str, ...]:
    """List the addresses of a pool in order: single ones, `a-b`, `a/length` (hosts only), `!` before what is left out.

    ValueError says what could stand there.
    """
    taken: set[ipaddress.IPv4Address] = set()
    left_out: set[ipaddress.IPv4Address] = set()
    for word in re.split(r"[\s,]+", text.strip()):
        (left_out if word.startswith("!") else taken).update(_of_word(word.removeprefix("!")))
        if len(taken) > MOST_IN_POOL:
            raise ValueError(f"'{text}' is not possible; at most {MOST_IN_POOL} addresses are")
    return tuple(str(address) for address in sorted(taken - left_out))


def _of_word(word: str) -> Iterator[ipaddress.IPv4Address]:
    first, dash, last = word.partition("-")
    try:
        network = ipaddress.IPv4Network(first, strict=False)
        end = ipaddress.IPv4Address(last) if dash else network[0]
    except ValueError:
        raise ValueError(f"'{word}' is no address, range (a-b) or network (a/24)") from None
    count = int(end) - int(network[0]) + 1 if dash else network.num_addresses
    if not 0 < count <= MOST_IN_POOL or (dash and "/" in first):
        raise ValueError(f"'{word}' is not possible; a range goes up and has at most {MOST_IN_POOL} addresses")
    yield from (network[0] + step for step in range(count)) if dash else network.hosts()
