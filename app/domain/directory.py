"""What names lead to for whoever asks, from what a directory knows of this cloud's addresses.

Whoever asks from an instance is inside: to him a public name leads to the private address, as on Amazon, and private
names are there for him only. The trap: behind another gateway a private address may be somebody else's, so that a
public name leads to the private address only behind the same one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from app.domain.dns import NameAnswer, NameQuestion, Verdict
from app.domain.names import DOMAIN, Names, address_in

_REVERSE = ".in-addr.arpa"
_FOREIGN = NameAnswer(verdict=Verdict.FOREIGN)


class View(Enum):
    """Where somebody asks from: an instance, this machine, or anywhere else."""

    INSIDE = auto()
    HERE = auto()
    OUTSIDE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The addresses of what has a name beside instances: the cloud's one listener, and the name server."""

    cloud: str = ""
    server: str = ""

    def named(self, name: str) -> str:
        """Return the address behind a zone itself and behind its name server."""
        return {"": self.cloud, "ns": self.server}.get(name, "")


class Directory(Protocol):
    """Which addresses are given, as they are known behind one gateway."""

    @property
    def names(self) -> Names: ...

    @property
    def services(self) -> Services: ...

    def is_inside(self, source: str) -> bool:
        """Tell whether a real instance behind this gateway has an address."""
        ...

    def holds(self, address: str) -> bool:
        """Tell whether an instance behind this gateway has a private address."""
        ...

    def behind(self, public: str) -> str | None:
        """Return the private address that a public one stands for, empty behind another gateway; None: it is free."""
        ...

    def is_ours(self, address: str) -> bool:
        """Tell whether an address is of networks of ours, be it given or not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A directory that was written down for one gateway; without a `domain` there are no names."""

    domain: str = ""
    services: Services = Services()
    private: frozenset[str] = frozenset()
    public: Mapping[str, str] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()

    @property
    def names(self) -> Names:
        return Names(self.domain)

    def is_inside(self, source: str) -> bool:
        return source in self.private

    def holds(self, address: str) -> bool:
        return address in self.private

    def behind(self, public: str) -> str | None:
        return self.public.get(public)

    def is_ours(self, address: str) -> bool:
        return any(IPv4Address(address) in IPv4Network(subnet) for subnet in self.subnets)


def look_up(known: Directory, asked: NameQuestion) -> NameAnswer:
    """Tell what a name leads to for whoever asks."""
    here = IPv4Address(asked.source).is_loopback or asked.source == known.services.server
    view = View.HERE if here else View.INSIDE if known.is_inside(asked.source) else View.OUTSIDE
    told = (_reverse if asked.name.endswith(_REVERSE) else _forward)(known, asked.name, view)
    if view is View.OUTSIDE:
        return NameAnswer(verdict=Verdict.REFUSED) if told.verdict is Verdict.FOREIGN else told
    return replace(told, served=True)


def _forward(known: Directory, name: str, view: View) -> NameAnswer:
    names, services = known.names, known.services
    for zone in (names.zone, names.buckets, *([] if view is View.OUTSIDE else [DOMAIN])):
        if name == zone or name.endswith(f".{zone}"):
            left = name.removesuffix(zone).removesuffix(".")
            address = services.named(left)
            if not address and zone == names.buckets:
                address = services.cloud
            elif not address and "." not in left:
                address = _address(known, address_in(left), view, private=zone == DOMAIN)
            return NameAnswer(verdict=Verdict.KNOWN if address else Verdict.UNKNOWN, address=address, zone=zone)
    return _FOREIGN


def _address(known: Directory, said: str, view: View, *, private: bool) -> str:
    """Tell where the instance is whose address a name says; empty if there is none."""
    if not said:
        return ""
    if private:
        return said if known.holds(said) else ""
    behind = known.behind(said)
    if behind is None:
        return ""
    return behind or said if view is View.INSIDE else said


def _reverse(known: Directory, name: str, view: View) -> NameAnswer:
    """Tell what an address is called; of addresses that are not given only those of our own networks are ours."""
    parts = name.removesuffix(_REVERSE).split(".")
    address, zone = _parsed(".".join(reversed(parts))), f"{'.'.join(parts[1:])}{_REVERSE}"
    if address and known.behind(address) is not None:
        return NameAnswer(verdict=Verdict.KNOWN, pointer=known.names.public(address), zone=zone)
    if view is View.OUTSIDE or not address:
        return _FOREIGN
    if known.holds(address):
        return NameAnswer(verdict=Verdict.KNOWN, pointer=known.names.private(address), zone=zone)
    return NameAnswer(verdict=Verdict.UNKNOWN, zone=zone) if known.is_ours(address) else _FOREIGN


def _parsed(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        return ""
