"""Instances with everything an answer shows beside them, fetched in a handful of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from app.domain.address import Address
from app.domain.group import SecurityGroup
from app.domain.host import Host
from app.domain.image import Image
from app.domain.instance import Instance, Reservation
from app.domain.ports import Unit
from app.domain.states import HostState, InstanceState
from app.domain.volume import Volume
from app.server.ec2.block_devices import mappings
from app.server.ec2.interface_items import network_members
from app.server.ec2.operation import Answer, tag_pairs
from app.services import attachments, placement_groups, public_addresses, tags
from app.wire.markup import timestamp
from app.wire.moulds import Cast, Mould, hole

PLATFORM = "Linux/UNIX"
USAGE = "RunInstances"
PRODUCT = "devpay"
MAINTENANCE: Answer = {"AutoRecovery": "default", "RebootMigration": "default"}
NAMES: Answer = {
    "HostnameType": "ip-name",
    "EnableResourceNameDnsARecord": False,
    "EnableResourceNameDnsAAAARecord": False,
}
ALIKE: Answer = {
    "RootDeviceType": "instance-store",
    "Hypervisor": "xen",
    "EbsOptimized": False,
    "EnaSupport": False,
    "HibernationOptions": {"Configured": False},
    "EnclaveOptions": {"Enabled": False},
    "MaintenanceOptions": MAINTENANCE,
    "PrivateDnsNameOptions": NAMES,
    "PlatformDetails": PLATFORM,
    "UsageOperation": USAGE,
}
_INSTANCE = Mould(
    {
        "InstanceId": hole("id"),
        "ImageId": hole("image"),
        "State": {"Code": hole("state_code"), "Name": hole("state")},
        "StateTransitionReason": hole("reason"),
        "AmiLaunchIndex": hole("index"),
        "InstanceType": hole("type"),
        "LaunchTime": hole("launched"),
        "Monitoring": {"State": hole("monitoring")},
        "Architecture": hole("architecture"),
        "VirtualizationType": hole("virtualization"),
        "ClientToken": hole("token"),
        "CpuOptions": {"CoreCount": hole("cores"), "ThreadsPerCore": 1},
        **ALIKE,
    }
)


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
    volumes: tuple[Volume, ...] = ()

    @property
    def impaired(self) -> bool:
        return bool(self.instance.impaired_since_ms) or (self.host is not None and self.host.state is HostState.LOST)

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
                volumes=tuple(hung.get(instance.id, ())),
            )
            for instance in instances
        ]


def reservation_set(shown: Sequence[Shown]) -> list[Answer]:
    """Group instances by reservation, in the order they come."""
    by_reservation: dict[str, list[Shown]] = {}
    for one in shown:
        by_reservation.setdefault(one.reservation.id, []).append(one)
    return [reservation(members) for members in by_reservation.values()]


def reservation(members: Sequence[Shown]) -> Answer:
    """Form a reservation as RunInstances and DescribeInstances show it."""
    first = members[0]
    return {
        "ReservationId": first.reservation.id,
        "OwnerId": first.reservation.account_id,
        "Groups": group_set(first.groups),
        "Instances": [instance_item(one) for one in members],
    }


def group_set(groups: Sequence[SecurityGroup]) -> list[Answer]:
    return [{"GroupId": group.id, "GroupName": group.name} for group in groups]


def state_item(state: InstanceState) -> Answer:
    return {"Code": state.code, "Name": str(state)}


def product_items(codes: Sequence[str]) -> list[Answer]:
    return [{"ProductCodeId": code, "ProductCodeType": PRODUCT} for code in codes]


def instance_item(shown: Shown) -> Cast:
    """Form an instance: what all have, each with a text of its own, from a mould."""
    instance = shown.instance
    texts = {
        "architecture": instance.architecture,
        "cores": str(instance.cores),
        "id": instance.id,
        "image": instance.image_id,
        "index": str(instance.launch_index),
        "launched": timestamp(instance.launched_at_ms),
        "monitoring": "enabled" if instance.monitoring else "disabled",
        "reason": instance.transition_reason,
        "state": instance.state,
        "state_code": str(instance.state.code),
        "token": shown.reservation.client_token,
        "type": instance.vmtype,
        "virtualization": shown.virtualization,
    }
    return Cast(_INSTANCE, texts, instance_members(shown))


def instance_members(shown: Shown) -> Answer:
    """Form the lists of an instance, and what not every one has."""
    instance, groups = shown.instance, group_set(shown.groups)
    return {
        "StateReason": _state_reason(instance),
        "KeyName": instance.key_name or None,
        "ProductCodes": product_items(shown.product_codes),
        "Placement": {
            "AvailabilityZone": instance.cluster,
            "GroupName": instance.placement_group,
            "GroupId": shown.placement_group_id or None,
            "PartitionNumber": instance.partition_number or None,
            "Tenancy": "default",
        },
        "KernelId": instance.kernel_id or None,
        "RamdiskId": instance.ramdisk_id or None,
        "RootDeviceName": shown.image.root_device if shown.image else None,
        "BlockDeviceMappings": mappings(shown.volumes),
        "Tags": tag_pairs(shown.tags),
        "SecurityGroups": groups,
        **network_members(instance, groups, shown.address),
        "MetadataOptions": Cast(_metadata(instance), {}, {}),
    }


def _state_reason(instance: Instance) -> Answer | None:
    if not instance.state_reason_code:
        return None
    return {"Code": instance.state_reason_code, "Message": instance.state_reason}


def metadata_item(instance: Instance) -> Answer:
    """Form the options of the metadata service as they hold now."""
    return {**_metadata(instance).sample}


def _metadata(instance: Instance) -> Mould:
    return _metadata_mould(
        instance.metadata_tokens_required, instance.metadata_hops, instance.metadata_enabled, instance.metadata_tags
    )


@lru_cache(1024)
def _metadata_mould(tokens_required: bool, hops: int, enabled: bool, tags: bool) -> Mould:
    """Return the mould of these options; most instances have the same."""
    return Mould(
        {
            "State": "applied",
            "HttpTokens": "required" if tokens_required else "optional",
            "HttpPutResponseHopLimit": hops,
            "HttpEndpoint": "enabled" if enabled else "disabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "enabled" if tags else "disabled",
        }
    )
