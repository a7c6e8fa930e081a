"""Operations on public addresses, named by address (clients of 2009) or by allocation and association (today's)."""

import msgspec

from app.domain import vpc
from app.domain.address import Address
from app.domain.errors import Absent, Combination, Invalid
from app.domain.instance import Instance
from app.server.ec2 import filters
from app.server.ec2.operation import (
    Answer,
    Ask,
    Filter,
    Operation,
    TagSpecification,
    refuse_many,
    specified_tags,
    tag_pairs,
)
from app.services import instances, public_addresses, tags
from app.services.access import scope


class AllocateAddressIn(msgspec.Struct):
    domain: str = ""
    address: str = ""
    public_ipv4_pool: str = ""
    network_border_group: str = ""
    tag_specifications: list[TagSpecification] = []


class ReleaseAddressIn(msgspec.Struct):
    allocation_id: str = ""
    public_ip: str = ""
    network_border_group: str = ""


class DescribeAddressesIn(msgspec.Struct):
    public_ips: list[str] = []
    allocation_ids: list[str] = []
    filters: list[Filter] = []


class AssociateAddressIn(msgspec.Struct):
    allocation_id: str = ""
    public_ip: str = ""
    instance_id: str = ""
    network_interface_id: str = ""
    private_ip_address: str = ""
    allow_reassociation: bool = True


class DisassociateAddressIn(msgspec.Struct):
    association_id: str = ""
    public_ip: str = ""


class Placed(msgspec.Struct, frozen=True):
    """An address, the instance that it is on, and its tags."""

    address: Address
    instance: Instance | None
    tags: dict[str, str]

    @property
    def interface_id(self) -> str | None:
        return vpc.interface_id(self.instance.id) if self.instance else None


_FACTS: filters.Facts[Placed] = {
    "allocation-id": lambda p: [p.address.id],
    "association-id": lambda p: [p.address.association_id] if p.instance else [],
    "domain": lambda p: [p.address.domain],
    "instance-id": lambda p: [p.instance.id] if p.instance else [],
    "network-interface-id": lambda p: [p.interface_id] if p.interface_id else [],
    "network-interface-owner-id": lambda p: [p.instance.account_id] if p.instance else [],
    "private-ip-address": lambda p: [p.instance.address] if p.instance and p.instance.address else [],
    "public-ip": lambda p: [p.address.ip],
}


def allocate_address(ask: Ask[AllocateAddressIn]) -> Answer:
    asked = ask.request
    _check_border(ask, asked.network_border_group)
    pool = public_addresses.pool_of(ask.unit).name
    if asked.public_ipv4_pool not in ("", "amazon", pool):
        raise Invalid("PublicIpv4Pool", asked.public_ipv4_pool, f"The pool here is {pool}.")
    made = public_addresses.allocate(
        ask.unit, ask.caller, ask.site.entropy, domain=asked.domain, ip=asked.address.strip()
    )
    named = specified_tags(asked.tag_specifications, "elastic-ip")
    if named:
        tags.set_on(ask.unit, ask.caller, (made.id,), named)
    return {
        "AllocationId": made.id,
        "PublicIp": made.ip,
        "Domain": made.domain,
        "PublicIpv4Pool": made.pool,
        "NetworkBorderGroup": ask.site.region,
    }


def release_address(ask: Ask[ReleaseAddressIn]) -> Answer:
    asked = ask.request
    _check_border(ask, asked.network_border_group)
    _one_of("AllocationId", asked.allocation_id, "PublicIp", asked.public_ip)
    address = public_addresses.find(ask.unit, ask.caller, ip=asked.public_ip, allocation_id=asked.allocation_id)
    public_addresses.release(ask.unit, address)
    return {"Return": True}


def describe_addresses(ask: Ask[DescribeAddressesIn]) -> Answer:
    asked = ask.request
    refuse_many("PublicIp", asked.public_ips)
    refuse_many("AllocationId", asked.allocation_ids)
    if asked.public_ips or asked.allocation_ids:
        by_ip = [public_addresses.find(ask.unit, ask.caller, ip=ip) for ip in asked.public_ips]
        by_id = [public_addresses.find(ask.unit, ask.caller, allocation_id=one) for one in asked.allocation_ids]
        rows = [row for row in dict.fromkeys((*by_ip, *by_id)) if _meets(row, by_ip) and _meets(row, by_id)]
    else:
        rows = ask.unit.addresses.where(**scope(ask.caller), automatic=False)
    placed = _placed(ask, rows)
    known = ask.site.filters(ask.operation)
    facts = {**_FACTS, "network-border-group": lambda _: [ask.site.region]}
    chosen = filters.select(placed, asked.filters, facts, known, tags=lambda one: one.tags)
    ordered = sorted(chosen, key=lambda one: (one.address.created_at_ms, one.address.id))
    return {"Addresses": [_item(one, ask.site.region) for one in ordered]}


def associate_address(ask: Ask[AssociateAddressIn]) -> Answer:
    asked = ask.request
    _one_of("AllocationId", asked.allocation_id, "PublicIp", asked.public_ip)
    _one_of("InstanceId", asked.instance_id, "NetworkInterfaceId", asked.network_interface_id)
    address = public_addresses.find(ask.unit, ask.caller, ip=asked.public_ip, allocation_id=asked.allocation_id)
    instance = _target(ask)
    if asked.private_ip_address not in ("", instance.address):
        raise Invalid("PrivateIpAddress", asked.private_ip_address, f"The instance {instance.id} has not this address.")
    on = public_addresses.associate(ask.unit, address, instance, ask.site.entropy, may_move=asked.allow_reassociation)
    return {"AssociationId": on.association_id}


def disassociate_address(ask: Ask[DisassociateAddressIn]) -> Answer:
    asked = ask.request
    _one_of("AssociationId", asked.association_id, "PublicIp", asked.public_ip)
    if asked.association_id:
        address = public_addresses.associated(ask.unit, ask.caller, asked.association_id)
    else:
        address = public_addresses.find(ask.unit, ask.caller, ip=asked.public_ip)
    public_addresses.disassociate(ask.unit, address)
    return {"Return": True}


def _check_border(ask: Ask[AllocateAddressIn] | Ask[ReleaseAddressIn], given: str) -> None:
    if given not in ("", ask.site.region):
        raise Invalid("NetworkBorderGroup", given, f"The one here is {ask.site.region}.")


def _one_of(name: str, value: str, other: str, other_value: str) -> None:
    if value and other_value:
        raise Combination(f"You may specify {name} or {other}, but not both in the same call")
    if not value and not other_value:
        raise Absent(f"{name} or {other}")


def _target(ask: Ask[AssociateAddressIn]) -> Instance:
    asked = ask.request
    if asked.instance_id:
        return instances.find(ask.unit, ask.caller, (asked.instance_id,))[0]
    return instances.of_interface(ask.unit, ask.caller, asked.network_interface_id)


def _meets(row: Address, named: list[Address]) -> bool:
    return not named or row in named


def _placed(ask: Ask[DescribeAddressesIn], rows: list[Address]) -> list[Placed]:
    on = {row.id: row for row in ask.unit.instances.where(id=[row.instance_id for row in rows if row.instance_id])}
    named = tags.by_resource(ask.unit, [row.id for row in rows])
    return [Placed(address=row, instance=on.get(row.instance_id), tags=named.get(row.id, {})) for row in rows]


def _item(placed: Placed, region: str) -> Answer:
    address, instance = placed.address, placed.instance
    on: Answer = {}
    if instance:
        on = {
            "InstanceId": instance.id,
            "AssociationId": address.association_id,
            "NetworkInterfaceId": placed.interface_id,
            "NetworkInterfaceOwnerId": instance.account_id,
            "PrivateIpAddress": instance.address or None,
            "SubnetId": vpc.subnet_id(instance.cluster),
        }
    return {
        "PublicIp": address.ip,
        "AllocationId": address.id,
        "Domain": address.domain,
        "PublicIpv4Pool": address.pool,
        "NetworkBorderGroup": region,
        "Tags": tag_pairs(placed.tags),
        **on,
    }


OPERATIONS = (
    Operation(name="AllocateAddress", request=AllocateAddressIn, handle=allocate_address, writes=True),
    Operation(name="ReleaseAddress", request=ReleaseAddressIn, handle=release_address, writes=True),
    Operation(name="DescribeAddresses", request=DescribeAddressesIn, handle=describe_addresses),
    Operation(name="AssociateAddress", request=AssociateAddressIn, handle=associate_address, writes=True),
    Operation(name="DisassociateAddress", request=DisassociateAddressIn, handle=disassociate_address, writes=True),
)
