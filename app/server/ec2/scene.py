"""Instances with everything an answer shows beside them, fetched in a handful of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from app.domain.address import Address
from app.domain.group import SecurityGroup
from app.domain.host import Host
from app.domain.image import Image
from app.domain.instance import Instance, Reservation
from app.domain.names import Names
from app.domain.ports import Unit
from app.domain.states import HostState
from app.domain.volume import Volume
from app.services import attachments, dns, placement_groups, public_addresses, tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One instance in its surroundings."""

    instance: Instance
    reservation: Reservation
    groups: tuple[SecurityGroup, ...]
    tags: dict[str, str]
    image: Image | None
    host: Host | None
    address: Address | None
    placement_group_id: str
    names: Names
    volumes: tuple[Volume, ...] = ()

    @property
    def impaired(self) -> bool:
        return bool(self.instance.impaired_since_ms) or (self.host is not None and self.host.state is HostState.LOST)

    @property
    def private_name(self) -> str:
        return self.names.private(self.instance.address)

    @property
    def public_name(self) -> str:
        """The public address's name; empty without such an address."""
        return self.names.public(self.address.ip) if self.address else ""

    @property
    def virtualization(self) -> str:
        return "paravirtual" if self.host is not None and self.host.is_xen else "hvm"

    @property
    def product_codes(self) -> tuple[str, ...]:
        return self.image.product_codes if self.image is not None else ()

    @classmethod
    def of(cls, unit: Unit, instances: Sequence[Instance]) -> list[Self]:
        reservation_ids = tuple({instance.reservation_id for instance in instances})
        reservations = {row.id: row for row in unit.reservations.where(id=reservation_ids)}
        group_ids = tuple({group_id for instance in instances for group_id in instance.group_ids})
        groups = {row.id: row for row in unit.groups.where(id=group_ids)}
        images = {row.id: row for row in unit.images.where(id=tuple({instance.image_id for instance in instances}))}
        hosts = {row.name: row for row in unit.hosts.where(name=tuple({instance.host for instance in instances}))}
        companies = placement_groups.ids_of(unit, instances)
        instance_ids = [instance.id for instance in instances]
        named = tags.by_resource(unit, instance_ids)
        public = public_addresses.of_instances(unit, instance_ids)
        names = dns.names_of(unit)
        hung = attachments.by_instance(unit, instance_ids)
        return [
            cls(
                instance=instance,
                reservation=reservations[instance.reservation_id],
                groups=tuple(groups[group_id] for group_id in instance.group_ids if group_id in groups),
                tags=named.get(instance.id, {}),
                image=images.get(instance.image_id),
                host=hosts.get(instance.host),
                placement_group_id=companies.get((instance.account_id, instance.placement_group), ""),
                address=public.get(instance.id),
                names=names,
                volumes=tuple(hung.get(instance.id, ())),
            )
            for instance in instances
        ]
