"""How EC2 shows an instance and its reservation.

A list has thousands of instances, so all but their lists is cast from a mould: one for each form that occurs, which is
how many groups there are and which texts are there at all. The trap: only numbers and truths make a form, for a text
of a user within a mould could look like a hole.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.domain import vpc
from app.domain.group import SecurityGroup
from app.domain.instance import Instance
from app.domain.states import InstanceState
from app.server.ec2.block_devices import mappings
from app.server.ec2.interface_items import network_members
from app.server.ec2.operation import Answer, tag_pairs
from app.server.ec2.scene import Shown
from app.wire.markup import boolean, timestamp
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


class _Options(NamedTuple):
    """The options of the metadata service."""

    tokens_required: bool
    hops: int
    enabled: bool
    tags: bool

    def item(self) -> Answer:
        return {
            "State": "applied",
            "HttpTokens": "required" if self.tokens_required else "optional",
            "HttpPutResponseHopLimit": self.hops,
            "HttpEndpoint": "enabled" if self.enabled else "disabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "enabled" if self.tags else "disabled",
        }


class _Form(NamedTuple):
    """What one mould serves; `there` names the texts that an instance may lack and this one has."""

    groups: int
    options: _Options
    gone: bool
    there: frozenset[str]


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


def metadata_item(instance: Instance) -> Answer:
    """Form the options of the metadata service as they hold now."""
    return _options(instance).item()


def instance_item(shown: Shown) -> Cast:
    """Form an instance."""
    instance = shown.instance
    lacking, lists = _lacking(shown), _lists(shown)
    form = _Form(
        groups=len(shown.groups),
        options=_options(instance),
        gone=instance.removed,
        there=frozenset([name for name, there in (*lacking.items(), *lists.items()) if there]),
    )
    texts = _texts(shown) | lacking
    for number, group in enumerate(shown.groups):
        texts[f"group_{number}"], texts[f"group_name_{number}"] = group.id, group.name
    return Cast(_mould(form), texts, {name: items for name, items in lists.items() if items})


def _texts(shown: Shown) -> dict[str, str]:
    """Write what every instance has."""
    instance, state = shown.instance, shown.instance.state
    return {
        "architecture": instance.architecture,
        "attached": timestamp(instance.created_at_ms),
        "checked": boolean(instance.source_dest_check),
        "cluster": instance.cluster,
        "company": instance.placement_group,
        "cores": str(instance.cores),
        "description": instance.interface_description,
        "digits": instance.id[2:],
        "image": instance.image_id,
        "index": str(instance.launch_index),
        "launched": timestamp(instance.launched_at_ms),
        "mac": instance.mac,
        "monitoring": "enabled" if instance.monitoring else "disabled",
        "name": shown.names.private(instance.private_ip),
        "owner": instance.account_id,
        "reason": instance.transition_reason,
        "state": state,
        "state_code": str(state.code),
        "subnet": vpc.subnet_id(instance.cluster),
        "token": shown.reservation.client_token,
        "type": instance.vmtype,
        "virtualization": shown.virtualization,
    }


def _lacking(shown: Shown) -> dict[str, str]:
    """Write what not every instance has."""
    instance, address = shown.instance, shown.address
    return {
        "address": instance.private_ip,
        "company_id": shown.placement_group_id,
        "ip": address.ip if address else "",
        "ip_owner": address.ip_owner if address else "",
        "kernel": instance.kernel_id,
        "key": instance.key_name,
        "partition": str(instance.partition_number or ""),
        "public_name": shown.public_name,
        "ramdisk": instance.ramdisk_id,
        "root": shown.image.root_device if shown.image else "",
        "state_reason": instance.state_reason_code,
        "state_reason_text": instance.state_reason,
    }


def _lists(shown: Shown) -> dict[str, list[Answer]]:
    return {
        "BlockDeviceMappings": mappings(shown.volumes),
        "ProductCodes": product_items(shown.product_codes),
        "Tags": tag_pairs(shown.tags),
    }


def _options(instance: Instance) -> _Options:
    return _Options(
        instance.metadata_tokens_required, instance.metadata_hops, instance.metadata_enabled, instance.metadata_tags
    )


@lru_cache(4096)
def _mould(form: _Form) -> Mould:
    holes = {name: hole(name) for name in form.there}
    groups: list[Answer] = [
        {"GroupId": hole(f"group_{number}"), "GroupName": hole(f"group_name_{number}")} for number in range(form.groups)
    ]
    return Mould(
        {
            "InstanceId": f"i-{hole('digits')}",
            "ImageId": hole("image"),
            "State": {"Code": hole("state_code"), "Name": hole("state")},
            "StateTransitionReason": hole("reason"),
            "StateReason": _state_reason(holes),
            "KeyName": holes.get("key"),
            "AmiLaunchIndex": hole("index"),
            "InstanceType": hole("type"),
            "LaunchTime": hole("launched"),
            "Placement": {
                "AvailabilityZone": hole("cluster"),
                "GroupName": hole("company"),
                "GroupId": holes.get("company_id"),
                "PartitionNumber": holes.get("partition"),
                "Tenancy": "default",
            },
            "KernelId": holes.get("kernel"),
            "RamdiskId": holes.get("ramdisk"),
            "Monitoring": {"State": hole("monitoring")},
            "Architecture": hole("architecture"),
            "VirtualizationType": hole("virtualization"),
            "ClientToken": hole("token"),
            "CpuOptions": {"CoreCount": hole("cores"), "ThreadsPerCore": 1},
            "RootDeviceName": holes.get("root"),
            "SecurityGroups": groups,
            "MetadataOptions": form.options.item(),
            **{name: [] for name in ("BlockDeviceMappings", "ProductCodes", "Tags") if name not in holes},
            **network_members(holes, groups, gone=form.gone),
            **ALIKE,
        }
    )


def _state_reason(holes: Mapping[str, object]) -> Answer | None:
    return {"Code": holes["state_reason"], "Message": hole("state_reason_text")} if "state_reason" in holes else None
