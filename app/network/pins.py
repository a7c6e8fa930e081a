"""With which MAC address a guest may speak: its port of a bridge is locked, and its card's own address is pinned to it.

Else the bridge learned whatever a guest claims, and who takes a neighbour's MAC and IP address together passed for it.
Frames for cards that the bridge has not heard for long go to no guest's port, where others would hear them. Nothing is
done here. Kernels before 5.18 have no locks: there a port learns nothing, but lets any address in. The trap:
a card may be on a bridge before its guest has moved there, and must not draw what is meant for it until then.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.network import Member


class Verb(StrEnum):
    UNPIN = "unpin"
    PIN = "pin"
    LOCK = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A guest's card, by the address of the host's end; `locked` None: it is not told. `pins` are addresses."""

    card: str
    number: int
    end: str
    on_bridge: bool
    learning: bool = True
    flooded: bool = True
    locked: bool | None = None
    pins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be done to a port; `wrong` tells what somebody else has broken, if that is what it repairs."""

    verb: Verb
    card: str
    mac: str = ""
    wrong: str = ""


def end_of(mac: str) -> str:
    """Form the address of the host's end of a guest's card, as libvirt does."""
    return "fe" + mac[2:].lower()


def changes(ports: Sequence[Port], members: Iterable[Member], known: Collection[int] = ()) -> list[Change]:
    """List what ports lack; `known` are the numbers of those that were right before. Whose nobody knows are left.

    Of two cards with the same address the newer one counts. What is pinned elsewhere is freed first.
    """
    owners = {end_of(member.mac): member for member in members}
    newest = {port.end: port.number for port in sorted(ports, key=lambda port: port.number)}
    found: list[Change] = []
    for port in ports:
        if owner := owners.get(port.end):
            own = {owner.mac.lower()} if newest[port.end] == port.number else set[str]()
            told = _lacking(port, own, moving=owner.moving)
            right = port.on_bridge and port.number in known
            found += (one if right else replace(one, wrong="") for one in told)
    return sorted(found, key=lambda change: change.verb is not Verb.UNPIN)


def _lacking(port: Port, own: set[str], *, moving: bool) -> Iterator[Change]:
    card = port.card
    for mac in sorted(port.pins - own):
        yield Change(verb=Verb.UNPIN, card=card, mac=mac, wrong=f"{mac} was pinned to {card}")
    if moving:
        return
    for mac in sorted(own - port.pins):
        yield Change(verb=Verb.PIN, card=card, mac=mac, wrong=f"{mac} was not pinned to {card} any more")
    if port.learning or port.locked is False:
        yield Change(verb=Verb.LOCK, card=card, wrong=f"{card} was let speak with any MAC address")
    elif port.flooded:
        yield Change(verb=Verb.LOCK, card=card, wrong=f"{card} was let hear what is meant for others")
