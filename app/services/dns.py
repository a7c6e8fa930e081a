"""The cloud's names, read from what is wanted: so a name is right as soon as its address is given.

The trap: an instance of a rehearsal is a record, and whoever has its address really is somebody else.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from app.domain.directory import Listed, Services
from app.domain.directory import look_up as look_up_in
from app.domain.dns import NameAnswer, NameQuestion
from app.domain.instance import Instance
from app.domain.names import Names, address_of
from app.domain.ports import Unit
from app.services import addresses

_DOMAIN, _SUBNETS = "network.dns_domain", "network.dns_subnets"


def services_at(listener: str, server: str) -> Services:
    """Form the addresses from the host that the listener is bound to and the one of the name server."""
    return Services(cloud=address_of(listener, server), server=server)


def configure(unit: Unit, domain: str, subnets: Iterable[str] = ()) -> None:
    """Set the domain of the cloud's names (empty: no name server of ours answers), and which networks are its own."""
    for name, value in ((_DOMAIN, domain), (_SUBNETS, " ".join(subnets))):
        if unit.setting(name) != value:
            unit.set_setting(name, value)


def names_of(unit: Unit) -> Names:
    """Return how this cloud calls its addresses."""
    return Names(unit.setting(_DOMAIN))


def look_up(unit: Unit, services: Services, asked: NameQuestion) -> NameAnswer:
    """Tell what a name leads to for whoever asks this machine."""
    return look_up_in(_Stored(unit, services), asked)


def listed(unit: Unit, services: Services, gateway: str) -> Listed:
    """Write the names down as they are behind a gateway that is elsewhere."""
    names = names_of(unit)
    if not names.domain:
        return Listed()
    given = [row for row in unit.instances.where(gateway=gateway, removed=False) if row.private_ip]
    private = {row.id: row.private_ip for row in given}
    public = {row.ip: private.get(row.instance_id, "") for row in unit.addresses.where() if row.instance_id}
    subnet = addresses.source_of(unit, gateway).subnet
    return Listed(
        domain=names.domain,
        services=services,
        private=frozenset(private.values()),
        public=public,
        subnets=(subnet,) if subnet else (),
    )


class _Stored:
    """The directory of this machine; private addresses behind gateways elsewhere are none of its own."""

    def __init__(self, unit: Unit, services: Services) -> None:
        self._unit, self.services, self.names = unit, services, names_of(unit)

    def is_inside(self, source: str) -> bool:
        owner = self._holder(source)
        host = self._unit.hosts.get(owner.host) if owner else None
        return host is not None and not host.rehearsal

    def holds(self, address: str) -> bool:
        return self._holder(address) is not None

    def behind(self, public: str) -> str | None:
        found = self._unit.addresses.where(ip=public)
        bearer = self._unit.instances.get(found[0].instance_id) if found and found[0].instance_id else None
        if bearer is None:
            return None
        return "" if bearer.gateway else bearer.address

    def is_ours(self, address: str) -> bool:
        subnets = (*self._unit.setting(_SUBNETS).split(), addresses.rehearsal_subnet(self._unit))
        return any(IPv4Address(address) in IPv4Network(subnet) for subnet in subnets)

    def _holder(self, address: str) -> Instance | None:
        found = self._unit.instances.where(private_ip=address, gateway="", removed=False)
        return found[0] if found else None
