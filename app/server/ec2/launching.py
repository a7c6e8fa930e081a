"""What a launch says of its network: a subnet, which is a zone; its one interface; a public address or none.

Clients say it in three ways, by parameters of the instance, of its first interface, and by 1.6.1's AddressingType. Two
that do not go together are refused, as Amazon refuses them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from app.domain import ids
from app.domain.address import Addressing
from app.domain.errors import Absent, Combination, Invalid, OverLimit
from app.domain.ports import Unit
from app.services import vpc


class NetworkInterfaceIn(msgspec.Struct):
    device_index: int | None = None
    subnet_id: str = ""
    groups: list[str] = []
    associate_public_ip_address: bool | None = None
    description: str = ""


class PlacementIn(msgspec.Struct):
    availability_zone: str = ""
    availability_zone_id: str = ""
    tenancy: str = "default"
    group_name: str = ""
    group_id: str = ""
    partition_number: int = 0


class Asked(Protocol):
    """The parameters of a launch that matter here."""

    placement: PlacementIn
    security_groups: list[str]
    security_group_ids: list[str]
    subnet_id: str
    network_interfaces: list[NetworkInterfaceIn]
    addressing_type: Literal["", "public", "private"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchNetwork:
    """What is left once it is one thing; an empty cluster: any."""

    cluster: str
    group_ids: tuple[str, ...]
    addressing: Addressing
    description: str = ""


def network_of(unit: Unit, asked: Asked) -> LaunchNetwork:
    """Put together what a launch says of its network; Missing for a subnet that is not there."""
    zone = _zone(asked.placement)
    if not asked.network_interfaces:
        if asked.subnet_id and asked.security_groups:
            raise Combination("The parameter groupName cannot be used with the parameter subnet")
        return LaunchNetwork(
            cluster=_cluster(unit, zone, asked.subnet_id),
            group_ids=tuple(asked.security_group_ids),
            addressing=asked.addressing_type,
        )
    interface = _sole(asked.network_interfaces)
    for what, said in (("subnet ID", asked.subnet_id), ("security groups", _groups(asked))):
        if said:
            raise Combination(
                f"Network interfaces and an instance-level {what} may not be specified on the same request"
            )
    return LaunchNetwork(
        cluster=_cluster(unit, zone, interface.subnet_id),
        group_ids=tuple(interface.groups),
        addressing=_addressing(asked.addressing_type, interface.associate_public_ip_address),
        description=interface.description,
    )


def _zone(placement: PlacementIn) -> str:
    """Return the zone asked for, whose id is its name."""
    if placement.tenancy != "default":
        raise Invalid("Placement", placement.tenancy, "Only zones and groups can be chosen.")
    if placement.availability_zone and placement.availability_zone_id:
        raise Combination("AvailabilityZone and AvailabilityZoneId can not be given both")
    return placement.availability_zone or placement.availability_zone_id


def _sole(given: Sequence[NetworkInterfaceIn]) -> NetworkInterfaceIn:
    if len(given) > 1:
        raise OverLimit("network interfaces per instance", len(given), 1)
    if given[0].device_index is None:
        raise Absent("NetworkInterface.1.DeviceIndex")
    if given[0].device_index:
        raise Invalid("NetworkInterface.1.DeviceIndex", given[0].device_index, "The first interface has index 0.")
    return given[0]


def _groups(asked: Asked) -> Sequence[str]:
    return [*asked.security_groups, *asked.security_group_ids]


def _cluster(unit: Unit, zone: str, subnet_id: str) -> str:
    if not subnet_id:
        return zone
    cluster = vpc.cluster_of(unit, ids.parse(subnet_id, "subnet"))
    if zone not in ("", cluster):
        raise Invalid("availabilityZone", zone, f"Subnet '{subnet_id}' is in the availability zone {cluster}.")
    return cluster


def _addressing(kind: Addressing, associate: bool | None) -> Addressing:
    if associate is None:
        return kind
    said: Addressing = "public" if associate else "private"
    if kind not in ("", said):
        raise Combination(f"AddressingType {kind} and NetworkInterface.1.AssociatePublicIpAddress say different things")
    return said
